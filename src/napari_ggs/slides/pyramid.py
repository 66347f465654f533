"""All levels of a slide, those in its file and coarser ones made from them, over one tile cache."""

import math
from dataclasses import replace
from functools import cached_property

import numpy as np

from napari_ggs.slides.backend import Backend, Pixels
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.faults import UNREAD, Faults
from napari_ggs.slides.grid import WHITE, Grid, Part, Scale
from napari_ggs.slides.kept_tiles import KeptTiles
from napari_ggs.slides.resample import resample

COARSEST = 1_500
"""napari loads the coarsest level whole, so it has at most this many pixels a side."""

SYNTHESISED_TILE = 512
ROUNDING = 1e-6


class Pyramid:
    """Levels of RGB tiles. Thread-safe.

    A level that the file lacks is the 2 x 2 area average of the level before it. A tile of a
    coarse level that is missing or damaged is made from the finer level, so that only damage at
    level 0 leaves a hole.

    Attributes
    ----------
    grids : tuple of Grid
        Finest first; the coarsest has at most `COARSEST` pixels a side.
    faults : Faults
        Level-0 tiles that could not be read so far.
    """

    def __init__(self, backend: Backend, cache: TileCache, name: str) -> None:
        self.backend = backend
        self.faults = Faults(name)
        self._name = name
        self._closed = False
        self._cache = cache
        self._in_file = len(backend.grids)
        self._made: set[tuple[int, int, int]] = set()
        self.grids = with_synthesised(backend.grids)

    @cached_property
    def _kept(self) -> KeptTiles:
        return KeptTiles(f"{self.backend.fingerprint()}-{self.backend.name}-{self._in_file}")

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of level 0."""
        return self.grids[0].width, self.grids[0].height

    def close(self) -> None:
        """Release the file and the cached tiles."""
        if not self._closed:
            self._closed = True
            self.backend.close()
            self._cache.clear()

    def unread_boxes(self) -> list[tuple[int, int, int, int]]:
        """Left, top, width and height of the tiles of level 0 that failed to decode so far."""
        return [self.grids[0].tile_box(*tile) for tile in self.faults.tiles()]

    def is_whole(self, level: int, x: int, y: int, width: int, height: int) -> bool:
        """Whether no pixel of a window that `region` has read stands in for an unreadable one.

        What the file holds of a coarse level is as good where level 0 is damaged; what was made
        from a finer level is asked of that one.
        """
        if not self.faults:
            return True
        parts = self.grids[level].parts(x, y, width, height)
        return all(self._is_whole(level, part, x, y) for part in parts)

    def _is_whole(self, level: int, part: Part, x: int, y: int) -> bool:
        if level == 0:
            return (part.row, part.column) not in self.faults
        if level < self._in_file and (level, part.row, part.column) not in self._made:
            return True
        rows, columns = part.in_window
        fine, coarse = self.grids[level - 1].scale, self.grids[level].scale
        left, right = _finer(x + columns.start, x + columns.stop, coarse.x / fine.x)
        top, bottom = _finer(y + rows.start, y + rows.stop, coarse.y / fine.y)
        return self.is_whole(level - 1, left, top, right - left, bottom - top)

    def region(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Return a window of a level, shape (height, width, 3); outside the level it is white."""
        return self.grids[level].window(
            x, y, width, height, lambda row, column: self.tile(level, row, column)
        )

    def tile(self, level: int, row: int, column: int) -> Pixels:
        """Return one tile, cropped to the level; read-only."""
        return self._cache.get((level, row, column), lambda: self._make(level, row, column))

    def _make(self, level: int, row: int, column: int) -> Pixels:
        if self._closed:  # else every tile would count as damaged
            raise ValueError(f"{self._name} is closed.")
        if level > self._in_file:
            return self._kept_or_halved(level, row, column)
        if level == self._in_file:
            return self._halved(level, row, column)
        if level > 0:
            return self._coarse(level, row, column)
        return self._finest(row, column)

    def _finest(self, row: int, column: int) -> Pixels:
        _, _, width, height = self.grids[0].tile_box(row, column)
        fill = WHITE
        if (row, column) in self.faults:
            fill = UNREAD
        else:
            try:
                pixels = self.backend.decode(0, row, column)
                if pixels is not None:
                    return pixels
            except TileError as error:
                self.faults.add(row, column, error)
                fill = UNREAD
        return np.full((height, width, 3), fill, dtype=np.uint8)

    def _coarse(self, level: int, row: int, column: int) -> Pixels:
        try:
            pixels = self.backend.decode(level, row, column)
        except TileError:
            pixels = None
        if pixels is not None:
            return pixels
        self._made.add((level, row, column))
        return self._from_finer(level, row, column)

    def _from_finer(self, level: int, row: int, column: int) -> Pixels:
        grid = self.grids[level]
        x, y, width, height = grid.tile_box(row, column)
        corner = x * grid.scale.x, y * grid.scale.y
        return resample(self, level - 1, corner, grid.scale, (width, height))

    def _kept_or_halved(self, level: int, row: int, column: int) -> Pixels:
        """From the disk, else made and kept there unless pixels that it is made of are unread.

        A tile of the first level that the file lacks takes four tiles, which is as fast to do
        again; one of the next levels takes 16, 64 and so on.
        """
        x, y, width, height = self.grids[level].tile_box(row, column)
        pixels = self._kept.get((level, row, column), width, height)
        if pixels is None:
            pixels = self._halved(level, row, column)
            if self.is_whole(level, x, y, width, height):
                self._kept.put((level, row, column), pixels)
        return pixels

    def _halved(self, level: int, row: int, column: int) -> Pixels:
        above = self.grids[level - 1]
        return halve(self.region(level - 1, *self.grids[level].doubled(row, column, above)))


class Watched:
    """A pyramid that is read through here, which notes whether what was read is whole."""

    def __init__(self, pyramid: Pyramid) -> None:
        self.grids, self.canvas = pyramid.grids, pyramid.canvas
        self.whole = True
        self._pyramid = pyramid

    def region(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Return a window of a level."""
        pixels = self._pyramid.region(level, x, y, width, height)
        self.whole = self.whole and self._pyramid.is_whole(level, x, y, width, height)
        return pixels


def _finer(first: int, last: int, factor: float) -> tuple[int, int]:
    """The pixels [first, last) of a level in those of the finer level that they are made of."""
    return math.floor(first * factor + ROUNDING), math.ceil(last * factor - ROUNDING)


def with_synthesised(grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
    """Append halved levels until the coarsest is small enough."""
    levels = list(grids)
    while max(levels[-1].width, levels[-1].height) > COARSEST:
        levels.append(half(levels[-1]))
    return tuple(levels)


def half(grid: Grid) -> Grid:
    """The grid of a level of half the size."""
    return replace(
        grid,
        width=-(-grid.width // 2),
        height=-(-grid.height // 2),
        tile_width=SYNTHESISED_TILE,
        tile_height=SYNTHESISED_TILE,
        scale=Scale(2 * grid.scale.x, 2 * grid.scale.y),
    )


def halve(pixels: Pixels) -> Pixels:
    """Average blocks of 2 x 2 pixels, (h, w, 3) to (ceil(h/2), ceil(w/2), 3), halves upwards.

    A last odd row or column is averaged with itself.
    """
    height, width, channels = pixels.shape
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows = pixels[0::2].astype(np.uint16) + pixels[1::2]
    pairs = rows.reshape(len(rows), -1, 2, channels)
    return ((pairs[:, :, 0] + pairs[:, :, 1] + 2) >> 2).astype(np.uint8)
