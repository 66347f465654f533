"""Sections as people draw and name them: checked, and measured anew."""

from collections.abc import Iterable, Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.draw import polygon2mask

from napari_ggs.circles import Array
from napari_ggs.errors import UserError
from napari_ggs.review.outlines import Polygon
from napari_ggs.review.sections import Section
from napari_ggs.slides.tissue import Tissue

TOLERANCE = 0.1
"""Level-0 px: corners that differ by less are the same (napari keeps single precision)."""


def edited(
    drawn: Sequence[tuple[str, Polygon]], before: Sequence[Section], tissue: Tissue
) -> list[Section]:
    """The sections that a person has drawn.

    Parameters
    ----------
    drawn : sequence of (name, outline)
        A section without a name, or with one that another has, gets the next free number.
    before : sequence of Section
        Those that were there; an outline that is still the same keeps its corners and area.
    tissue : Tissue
        Of the slide: it gives the area of what was drawn.

    Raises
    ------
    UserError
        If an outline has fewer than three corners, crosses itself or encloses nothing.
    """
    names = distinct(name for name, _ in drawn)
    return [
        _section(name, outline, before, tissue)
        for name, (_, outline) in zip(names, drawn, strict=True)
    ]


def renamed(sections: Sequence[Section], old: str, new: str) -> list[Section]:
    """The sections, one of them under another name.

    Raises
    ------
    UserError
        If the name is empty or another section has it.
    """
    name = new.strip()
    if not name or (name != old and any(one.name == name for one in sections)):
        raise UserError(
            f"There is a section {name!r} already: give this one another name."
            if name
            else "A section needs a name."
        )
    return [
        Section(name, one.outline, one.area_mm2) if one.name == old else one for one in sections
    ]


def distinct(names: Iterable[str]) -> list[str]:
    """The names; what is empty or was there before becomes the next free number."""
    given = [name.strip() for name in names]
    found: list[str] = []
    for name in given:
        free = (str(i) for i in range(1, len(given) + 2) if str(i) not in {*given, *found})
        found.append(name if name and name not in found else next(free))
    return found


def alike(one: ArrayLike, other: ArrayLike) -> bool:
    """Whether two outlines (corners x, y in level-0 px) are the same, by `TOLERANCE`."""
    first, second = np.asarray(one), np.asarray(other)
    return first.shape == second.shape and np.allclose(first, second, rtol=0, atol=TOLERANCE)


def _section(name: str, outline: Polygon, before: Sequence[Section], tissue: Tissue) -> Section:
    for one in before:
        if alike(one.outline, outline):
            return Section(name, one.outline, one.area_mm2)
    _refuse_flaws(name, outline)
    return Section(name, outline, _area(outline, tissue))


def _area(outline: Polygon, tissue: Tissue) -> float:
    """Area of the tissue within an outline, mm^2; NaN if the slide's um/px is unknown."""
    if np.isnan(tissue.mpp):
        return nan
    rows_columns = np.array(outline)[:, ::-1] / tissue.downsample - 0.5
    inside: NDArray[np.bool_] = polygon2mask(tissue.mask.shape, rows_columns)
    return float((inside & tissue.mask).sum()) * (tissue.mpp / 1000) ** 2


def _refuse_flaws(name: str, outline: Polygon) -> None:
    corners = np.array(outline, dtype=float).reshape(-1, 2)
    if len(corners) < 3:
        raise UserError(
            f"The outline of section {name!r} has {len(corners)} corners; it needs three or more."
        )
    if _crosses_itself(corners):
        raise UserError(
            f"The outline of section {name!r} crosses itself, so that it is not clear what lies "
            "in it. It is as it was before."
        )
    x, y = corners.T
    if abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) < 1:
        raise UserError(f"The outline of section {name!r} encloses nothing.")


def _crosses_itself(corners: Array) -> bool:
    """Whether two sides of a closed polygon, shape (n, 2), cross."""
    n = len(corners)
    i, j = np.triu_indices(n, 2)
    apart = (j - i) % n != n - 1  # the first and the last side share a corner
    a, b = corners, np.roll(corners, -1, axis=0)
    i, j = i[apart], j[apart]
    first = _turn(a[i], b[i], a[j]) * _turn(a[i], b[i], b[j])
    second = _turn(a[j], b[j], a[i]) * _turn(a[j], b[j], b[i])
    return bool(((first < 0) & (second < 0)).any())


def _turn(start: Array, end: Array, point: Array) -> Array:
    """1 where points lie to one side of lines, -1 to the other, 0 on them."""
    along, off = end - start, point - start
    return np.asarray(np.sign(along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]))
