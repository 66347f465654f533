"""The fields of a sweep: squares laid over the tissue, in an order that spares the eye."""

from collections.abc import Iterator, Sequence
from math import ceil, isnan

import numpy as np
from scipy import ndimage

from napari_ggs.review.sections import GAP_UM
from napari_ggs.slides.tissue import MASK_MPP, Mask, Tissue
from napari_ggs.store import Field

FIELD_UM = 1000.0
"""Side of a field: on a screen of 800 px, a glomerulus is some 150 px across."""
OVERLAP_UM = 250.0
"""The largest glomeruli are 250 um across (REFERENCE.md): each is whole in some field."""
SPARSE = 0.05
"""A field with less of its area on tissue is left out if others show that tissue."""

Window = tuple[slice, slice]
"""Rows and columns of the tissue mask."""
Corner = tuple[int, int]
"""Row and column of a field's first pixel, in px of a piece of tissue; it may lie outside."""


def lay_fields(tissue: Tissue) -> tuple[Field, ...]:
    """Lay squares over all tissue.

    They are laid over each piece of tissue on its own (pieces less than `sections.GAP_UM` apart
    count as one), from top to bottom, in bands across its longer side that are read forth and back
    by turns. Neighbours overlap by `OVERLAP_UM` or more. Every pixel of the tissue lies in some
    field.

    Parameters
    ----------
    tissue : Tissue
        Where its um/px is unknown, a mask pixel is taken for 8 um, as in `slides.tissue`.

    Returns
    -------
    tuple of Field
        In the order of going, in level-0 px; they may reach beyond the slide.
    """
    mpp = MASK_MPP if isnan(tissue.mpp) else tissue.mpp
    side = max(2, round(FIELD_UM / mpp))
    overlap = min(round(OVERLAP_UM / mpp), side - 1)
    corners = [
        (piece[1].start + left, piece[0].start + top)
        for piece, mask in _pieces(tissue.mask, GAP_UM / mpp)
        for top, left in _along(mask, side, overlap)
    ]
    step = tissue.downsample
    fields = [Field(x * step, y * step, side * step, side * step) for x, y in corners]
    return _needed(fields, tissue)


def window_of(field: Field, tissue: Tissue) -> Window:
    """Where a field is in the mask of the tissue."""
    left, top, right, bottom = (
        max(0, round(edge / tissue.downsample))
        for edge in (field.x, field.y, field.x + field.width, field.y + field.height)
    )
    return slice(top, bottom), slice(left, right)


def _pieces(mask: Mask, gap: float) -> Iterator[tuple[Window, Mask]]:
    """Bounding box and pixels of each piece; what is less than `gap` px apart is one."""
    wide = ndimage.distance_transform_edt(~mask) < gap / 2 if mask.any() else mask
    groups, _ = ndimage.label(wide | mask, structure=np.ones((3, 3)))
    groups[~mask] = 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(groups), start=1):
        yield (rows, columns), groups[rows, columns] == number


def _along(mask: Mask, side: int, overlap: int) -> Iterator[Corner]:
    """Fields over one piece: in bands across its longer side, read forth and back by turns."""
    height, width = mask.shape
    if width > height:
        yield from (corner[::-1] for corner in _bands(mask.T, side, overlap))
    else:
        yield from _bands(mask, side, overlap)


def _bands(mask: Mask, side: int, overlap: int) -> Iterator[Corner]:
    """Fields in bands from top to bottom, the first from left to right, the next one back."""
    for row, top in enumerate(_starts(0, len(mask), side, overlap)):
        columns = np.flatnonzero(mask[max(0, top) : top + side].any(axis=0))
        if len(columns):
            lefts = _starts(int(columns[0]), int(columns[-1]) + 1, side, overlap)
            yield from ((top, left) for left in lefts[:: -1 if row % 2 else 1])


def _starts(low: int, high: int, side: int, overlap: int) -> list[int]:
    """Where lengths of `side` begin that cover low to high evenly; one alone is centred on it."""
    if high - low <= side:
        return [low + (high - low - side) // 2]
    number = ceil((high - low - overlap) / (side - overlap))
    return [round(start) for start in np.linspace(low, high - side, number)]


def _needed(fields: Sequence[Field], tissue: Tissue) -> tuple[Field, ...]:
    """Leave out fields with next to no tissue that others do not show, the emptiest first."""
    mask, windows = tissue.mask, [window_of(field, tissue) for field in fields]
    shown_by = np.zeros(mask.shape, dtype=np.int16)
    for window in windows:
        shown_by[window] += 1
    amounts = np.array([mask[window].sum() for window in windows])
    areas = np.array([field.width * field.height for field in fields]) / tissue.downsample**2
    needed = set(range(len(fields)))
    for i in np.argsort(amounts, kind="stable")[: np.sum(amounts < SPARSE * areas)]:
        if (shown_by[windows[i]][mask[windows[i]]] > 1).all():
            shown_by[windows[i]] -= 1
            needed.remove(int(i))
    return tuple(fields[i] for i in sorted(needed))
