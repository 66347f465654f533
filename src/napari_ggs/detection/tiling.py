"""How a slide is cut into tiles: which pixels are read, and whose centres each tile emits."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from napari_ggs.errors import UserError
from napari_ggs.slides import Slide
from napari_ggs.tile_size import OVERLAP_UM, too_small

SLACK_UM = 20.0
"""How far neighbouring cores overlap. Two tiles do not place a centre at quite the same spot: one
on the border could otherwise fall into neither core. Suppression settles those found twice."""

EDGE_UM = 50.0
"""A glomerulus at the tissue's edge may have its centre this far out in the white."""


class Region(NamedTuple):
    """A rectangle in level-0 px."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies within; the left and upper edges belong to it, the others do not."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Tile(NamedTuple):
    """One input of the network.

    Attributes
    ----------
    x, y : float
        Top-left corner in level-0 px.
    core : Region
        Only centres in here are emitted. The cores of a plan cover the region without gaps.
    """

    x: float
    y: float
    core: Region


class _Span(NamedTuple):
    """One tile along one axis, in level-0 px: where it starts, and its core."""

    start: float
    low: float
    high: float


def plan(slide: Slide, region: Region | None, mpp: float, input_px: int) -> list[Tile]:
    """Tiles of `input_px` px at `mpp` whose core holds tissue, row by row.

    Parameters
    ----------
    slide : Slide
    region : Region or None
        Where to look; None is the whole slide. What lies outside the slide is left out.
    mpp : float
        Microns per pixel of the tiles.
    input_px : int
        Their side.

    Raises
    ------
    SlideError
        If the slide has no microns per pixel.
    UserError
        If tiles of this size are too small.
    """
    if fault := too_small(mpp, input_px):
        raise UserError(f"A slide cannot be searched: {fault}.")
    micron = 1 / slide.require_mpp()
    right, bottom = float(slide.width), float(slide.height)
    x0, y0, width, height = region or Region(0, 0, right, bottom)
    columns = _spans(max(x0, 0), min(x0 + width, right), right, mpp * micron, input_px, micron)
    rows = _spans(max(y0, 0), min(y0 + height, bottom), bottom, mpp * micron, input_px, micron)
    return list(_over_tissue(slide, rows, columns, EDGE_UM * micron))


def _over_tissue(
    slide: Slide, rows: list[_Span], columns: list[_Span], edge: float
) -> Iterator[Tile]:
    if not rows or not columns:
        return
    tissue = slide.tissue()
    for down in rows:
        for across in columns:
            core = Region(across.low, down.low, across.high - across.low, down.high - down.low)
            if tissue.covers(
                core.x - edge, core.y - edge, core.width + 2 * edge, core.height + 2 * edge
            ):
                yield Tile(across.start, down.start, core)


def _spans(
    low: float, high: float, end: float, pixel: float, input_px: int, micron: float
) -> list[_Span]:
    """Cover [low, high) of an axis that ends at `end` with tiles of `input_px` times `pixel`.

    Tiles stay on the slide where it is large enough: those at its ends move inwards, and their
    core reaches the end, since nothing lies beyond. Elsewhere a core's border runs through the
    middle of the overlap, plus the slack. Tiles start at whole multiples of `pixel`, which a
    slide reads fastest.
    """
    if high <= low:
        return []
    side, overlap, slack = input_px * pixel, OVERLAP_UM * micron, SLACK_UM * micron
    first, last = max(low - overlap / 2, 0.0), min(high + overlap / 2, end)
    step = side - overlap
    count = 1 + max(0, math.ceil((last - first - side) / step))
    starts = [_whole(min(first + i * step, end - side), pixel) for i in range(count)]
    borders = [(before + side + after) / 2 for before, after in pairwise(starts)]
    lows = [low, *(border - slack for border in borders)]
    highs = [*(border + slack for border in borders), high]
    return [_Span(*span) for span in zip(starts, lows, highs, strict=True)]


def _whole(start: float, pixel: float) -> float:
    return max(0.0, math.floor(start / pixel) * pixel)
