"""The levels of a slide with halved ones between, for who looks at it at any zoom."""

from collections.abc import Iterator
from typing import NamedTuple

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.pyramid import Pyramid, half, halve

WIDE = 3.0
"""Levels that are so many times apart or more get one between them. Scanners write every fourth:
at a third of full resolution a viewer would slice nine pixels for each that it shows."""


class Step(NamedTuple):
    """One level: the pyramid's own, or half the one before it.

    Attributes
    ----------
    grid : Grid
    level : int or None
        In the pyramid; None: halved.
    """

    grid: Grid
    level: int | None


class Stairs:
    """Levels of RGB tiles, each at most `WIDE` times coarser than the one before. Thread-safe.

    Only for looking: an analysis reads the pyramid, whose pixels are averaged once.

    Attributes
    ----------
    grids : tuple of Grid
        Finest first.
    """

    def __init__(self, pyramid: Pyramid, cache: TileCache) -> None:
        self._pyramid, self._cache = pyramid, cache
        self._steps = tuple(_steps(pyramid.grids))
        self.grids = tuple(step.grid for step in self._steps)

    def region(self, index: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Return a window of a level, shape (height, width, 3); outside the level it is white."""
        level = self._steps[index].level
        if level is not None:
            return self._pyramid.region(level, x, y, width, height)
        return self.grids[index].window(x, y, width, height, lambda *at: self._tile(index, *at))

    def _tile(self, index: int, row: int, column: int) -> Pixels:
        return self._cache.get(("half", index, row, column), lambda: self._half(index, row, column))

    def _half(self, index: int, row: int, column: int) -> Pixels:
        box = self.grids[index].doubled(row, column, self.grids[index - 1])
        return halve(self.region(index - 1, *box))


def _steps(grids: tuple[Grid, ...]) -> Iterator[Step]:
    last = grids[0]
    for level, grid in enumerate(grids):
        while grid.scale.mean >= WIDE * last.scale.mean:
            last = half(last)
            yield Step(last, None)
        yield Step(grid, level)
        last = grid
