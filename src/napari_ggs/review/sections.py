"""The sections of a slide: the separate cuts of a core that lie on it, found from its tissue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_ggs.errors import UserError
from napari_ggs.review.outlines import Polygon, hull, signed_distance
from napari_ggs.slides.tissue import MASK_MPP, Mask, Tissue

GAP_UM = 300.0
"""Pieces nearer than this are of one section: cores break, and lie further apart than that."""

SMALLEST_MM2 = 0.2
"""Less tissue (about five glomeruli in cross-section) is debris."""

SAME_ROW = 0.5
"""Sections stand in one row if they share this part of the height of the lower one."""


@dataclass(frozen=True)
class Section:
    """One section; people may rename it and redraw its outline.

    Attributes
    ----------
    name : str
        "1", "2", ... as found: by rows from top to bottom, in a row from left to right.
    outline : tuple of (x, y)
        Corners of a polygon in level-0 px, in order around it. As found: the convex hull.
    area_mm2 : float
        Of the tissue, not of the outline; NaN if the slide's um/px is unknown.
    """

    name: str
    outline: Polygon
    area_mm2: float = nan

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; an unknown area is None."""
        area = None if isnan(self.area_mm2) else self.area_mm2
        return {"name": self.name, "outline": [list(xy) for xy in self.outline], "area_mm2": area}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` returns.

        Raises
        ------
        UserError
            If the values are no section.
        """
        try:
            outline = tuple((float(x), float(y)) for x, y in values["outline"])
            area = values["area_mm2"]
            section = cls(str(values["name"]), outline, nan if area is None else float(area))
        except (KeyError, TypeError, ValueError) as fault:
            raise UserError(
                f"{values!r} is no section: it has a name, an outline of [x, y] corners in "
                "level-0 pixels and an area_mm2 (or null). Find the sections again."
            ) from fault
        if len(outline) < 3:
            raise UserError(
                f"The outline of section {section.name!r} has {len(outline)} corners; it needs "
                "three or more. Draw it again."
            )
        return section


def find_sections(
    tissue: Tissue, gap_um: float = GAP_UM, smallest_mm2: float = SMALLEST_MM2
) -> list[Section]:
    """Find the sections of a slide.

    Pieces of tissue nearer to each other than `gap_um` make one section; what remains smaller
    than `smallest_mm2` is debris and belongs to none. Where the slide's um/px is unknown, a mask
    pixel is taken for 8 um, as in `slides.tissue`.

    Parameters
    ----------
    tissue : Tissue
    gap_um, smallest_mm2 : float
    """
    mpp = MASK_MPP if isnan(tissue.mpp) else tissue.mpp
    groups = _grouped(tissue.mask, gap_um / mpp)
    least = smallest_mm2 * (1000 / mpp) ** 2
    boxes = enumerate(ndimage.find_objects(groups), start=1)
    pieces = [_Piece((rows, cols), groups[rows, cols] == i) for i, (rows, cols) in boxes]
    big = [piece for piece in pieces if piece.pixels >= least]
    return [
        Section(
            str(i),
            hull(piece.mask, piece.corner, tissue.downsample),
            piece.pixels * (tissue.mpp / 1000) ** 2,
        )
        for i, piece in enumerate(_in_order(big), start=1)
    ]


def section_of(
    x: ArrayLike, y: ArrayLike, sections: Sequence[Section], tolerance: float = 200.0
) -> NDArray[np.object_]:
    """The section of each point.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Level-0 px.
    sections : sequence of Section
    tolerance : float
        How far outside an outline a point may lie, in level-0 px.

    Returns
    -------
    ndarray of str, shape (n,)
        The name of the section whose outline is nearest; where outlines overlap, the one that the
        point is deepest in. "" if none is within the tolerance.
    """
    points = np.column_stack([np.ravel(x), np.ravel(y)]).astype(float)
    if not sections:
        return np.full(len(points), "", dtype=object)
    outside = np.stack([signed_distance(points, one.outline) for one in sections])
    nearest = outside.argmin(axis=0)
    names = np.array([one.name for one in sections], dtype=object)[nearest]
    return np.where(outside.min(axis=0) <= tolerance, names, "")


@dataclass(frozen=True, eq=False)
class _Piece:
    """The pixels of a section within their bounding box, (rows, columns) of the tissue mask."""

    box: tuple[slice, slice]
    mask: Mask

    @property
    def pixels(self) -> int:
        return int(self.mask.sum())

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the top-left pixel."""
        return self.box[0].start, self.box[1].start

    def beside(self, other: "_Piece") -> bool:
        """Whether the two stand in one row."""
        mine, others = self.box[0], other.box[0]
        shared = min(mine.stop, others.stop) - max(mine.start, others.start)
        return shared >= SAME_ROW * min(mine.stop - mine.start, others.stop - others.start)


def _grouped(mask: Mask, gap: float) -> NDArray[np.int32]:
    """Number the pixels of the mask by group: pieces less than `gap` pixels apart share one."""
    wide = ndimage.distance_transform_edt(~mask) < gap / 2 if mask.any() else mask
    groups, _ = ndimage.label(wide, structure=np.ones((3, 3)))
    return np.where(mask, groups, 0).astype(np.int32)


def _in_order(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Rows from top to bottom, each from left to right."""
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda one: one.corner):
        row = next((row for row in rows if piece.beside(row[0])), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return [one for row in rows for one in sorted(row, key=lambda one: one.corner[::-1])]
