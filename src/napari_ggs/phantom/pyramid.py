"""Draw a phantom as JPEG tiles, and gather the smaller levels on the way."""

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.slide import PhantomSlide

Image = NDArray[np.uint8]
At = tuple[int, int]
Tiles = list[list[bytes]]

TILE = 256

_STEP = 4
"""Each level is this many times smaller, as Aperio has it."""

_UNIT = TILE * _STEP
"""Side of what one worker draws: 4 x 4 tiles, and one tile of the next level."""

_BAND = 4
"""Rows of units drawn together, column by column, so that glomeruli are drawn once."""

_WORKERS = min(4, os.cpu_count() or 1)
"""More would wait for one another, and each holds about 150 MB."""

_SMALLEST = 2000
"""No further level once one has at most so many pixels along its longer side."""


class _Unit(NamedTuple):
    """What is left of a drawn unit: its tiles, and the pixels of the next level."""

    tiles: Tiles
    next_level: Image


class Pyramid:
    """All levels of a phantom, as tiles in reading order.

    Level 1 is kept as encoded tiles, level 2 as pixels: 1/256 of the slide.

    Parameters
    ----------
    phantom : PhantomSlide
    progress : callable
        Called with the share of level 0 that is done.
    """

    def __init__(self, phantom: PhantomSlide, progress: Callable[[float], None]) -> None:
        self._phantom, self._progress = phantom, progress
        self._quality = phantom.style.quality
        self._rows, self._columns = (-(-n // _UNIT) for n in (phantom.height, phantom.width))
        self._first: dict[At, bytes] = {}
        side = TILE // _STEP
        self._second = np.zeros((self._rows * side, self._columns * side, 3), np.uint8)

    def base(self) -> Generator[bytes]:
        """Draw level 0 in several threads and yield its tiles."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            try:
                for top in range(0, self._rows, _BAND):
                    rows = range(top, min(top + _BAND, self._rows))
                    yield from self._in_order(self._band(rows, pool), rows)
            finally:
                pool.shutdown(cancel_futures=True)

    def _band(self, rows: range, pool: ThreadPoolExecutor) -> dict[At, Tiles]:
        places = [(row, column) for column in range(self._columns) for row in rows]
        ahead = 2 * _WORKERS
        waiting: list[Future[_Unit]] = []
        band: dict[At, Tiles] = {}
        for k in range(len(places) + ahead):
            if k < len(places):
                waiting.append(pool.submit(self._drawn, *places[k]))
            if k >= ahead:
                at = places[k - ahead]
                band[at] = self._gathered(at, waiting.pop(0).result())
        return band

    def _in_order(self, band: dict[At, Tiles], rows: range) -> Iterator[bytes]:
        across, down = (-(-n // TILE) for n in (self._phantom.width, self._phantom.height))
        for row in range(rows.start * _STEP, min(rows.stop * _STEP, down)):
            for column in range(across):
                unit = band[row // _STEP, column // _STEP]
                yield unit[row % _STEP][column % _STEP]

    def _drawn(self, row: int, column: int) -> _Unit:
        pixels = self._phantom.render(column * _UNIT, row * _UNIT, _UNIT, _UNIT)
        starts = range(0, _UNIT, TILE)
        tiles = [
            [encoded(pixels[i : i + TILE, j : j + TILE], self._quality) for j in starts]
            for i in starts
        ]
        return _Unit(tiles, averaged(pixels, _STEP))

    def _gathered(self, at: At, unit: _Unit) -> Tiles:
        self._first[at] = encoded(unit.next_level, self._quality)
        side = TILE // _STEP
        i, j = at[0] * side, at[1] * side
        self._second[i : i + side, j : j + side] = averaged(unit.next_level, _STEP)
        self._progress(len(self._first) / (self._rows * self._columns))
        return unit.tiles

    def size(self, level: int) -> At:
        """Width and height of a level."""
        shrink = _STEP**level
        return max(1, self._phantom.width // shrink), max(1, self._phantom.height // shrink)

    def overview(self) -> Image:
        """Return level 2 (once level 0 is drawn)."""
        width, height = self.size(2)
        return self._second[:height, :width]

    def lower_levels(self) -> Iterator[tuple[At, Iterator[bytes]]]:
        """Yield size and tiles of each level below 0 (once level 0 is drawn)."""
        image, level = self._second, 1
        while max(self.size(level - 1)) > _SMALLEST:
            if level == 1:
                yield self.size(1), self._first_tiles()
            else:
                width, height = self.size(level)
                yield (width, height), _tiles_of(image[:height, :width], self._quality)
                image = averaged(image, _STEP)
            level += 1

    def _first_tiles(self) -> Iterator[bytes]:
        across, down = (-(-n // TILE) for n in self.size(1))
        return (self._first[row, column] for row in range(down) for column in range(across))


def _tiles_of(image: Image, quality: int) -> Iterator[bytes]:
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, -height % TILE), (0, -width % TILE), (0, 0)), mode="edge")
    for i in range(0, height, TILE):
        for j in range(0, width, TILE):
            yield encoded(padded[i : i + TILE, j : j + TILE], quality)


def averaged(image: Image, factor: int) -> Image:
    """Average squares of pixels; what does not fill a square falls away."""
    rows, columns = (n // factor for n in image.shape[:2])
    cut = image[: rows * factor, : columns * factor].reshape(rows, factor, columns * factor * 3)
    total = cut[:, 0].astype(np.uint32)
    for k in range(1, factor):
        total += cut[:, k]
    total = total.reshape(rows, columns, factor, 3)
    whole = sum(total[:, :, k] for k in range(factor))
    return np.asarray((whole + factor * factor // 2) // (factor * factor), np.uint8)


def encoded(pixels: Image, quality: int) -> bytes:
    """Return a JPEG picture as slide scanners write it: YCbCr with halved colour."""
    picture = imagecodecs.jpeg8_encode(
        np.ascontiguousarray(pixels),
        level=quality,
        colorspace="rgb",
        outcolorspace="ycbcr",
        subsampling="420",
    )
    return bytes(picture)
