"""The pixels of a detector's fields: in memory, or read from a slide when they are asked for."""

from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.slides import Slide
from napari_ggs.slides.cache import TileCache
from napari_ggs.training.augment import Images

Mask = NDArray[np.bool_]

FINE = 2
"""Pixels of a field per pixel of what a network sees, each way: windows are averaged down from
them, as slides are, so that turning and scaling does not blur."""

WHITE = 255
TILE = 256
TISSUE_BLOCK = 16
"""Pixels of a field per pixel of its map of tissue."""


class Pixels(Protocol):
    """Where a field's pixels come from."""

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""

    def tissue(self) -> Mask:
        """Which blocks of `TISSUE_BLOCK` px each way hold tissue."""

    def unread(self, circles: Array, x: int, y: int, side: int) -> Mask:
        """Circles with pixels that could not be read in a window that was read; shape (n,)."""


@dataclass(frozen=True)
class InMemory:
    """Pixels of a small field, (h, w, 3)."""

    image: Images

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""
        return self.image.shape[1], self.image.shape[0]

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""
        window = np.full((side, side, 3), WHITE, dtype=np.uint8)
        width, height = self.size
        left, right = np.clip([x, x + side], 0, width)
        top, bottom = np.clip([y, y + side], 0, height)
        window[top - y : bottom - y, left - x : right - x] = self.image[top:bottom, left:right]
        return window

    def tissue(self) -> Mask:
        """Blocks whose first pixel is coloured."""
        rows, columns = _blocks(self.size)
        image = self.image[::TISSUE_BLOCK, ::TISSUE_BLOCK][:rows, :columns].astype(int)
        return np.asarray(image.max(axis=2) - image.min(axis=2) > 12)

    def unread(self, circles: Array, x: int, y: int, side: int) -> Mask:
        """None."""
        del x, y, side
        return np.zeros(len(circles), dtype=bool)


@dataclass(frozen=True)
class OnSlide:
    """Pixels of a slide at `mpp`, read when they are asked for and kept while there is room.

    Parameters
    ----------
    slide : Slide
    mpp : float
    tiles : TileCache
        Where tiles of `TILE` px at `mpp` are kept; the slides of a training share one.
    """

    slide: Slide
    mpp: float
    tiles: TileCache

    @property
    def scale(self) -> float:
        """Level-0 px per px."""
        return self.mpp / self.slide.require_mpp()

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px at `mpp`."""
        return int(self.slide.width / self.scale), int(self.slide.height / self.scale)

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""
        window = np.full((side, side, 3), WHITE, dtype=np.uint8)
        across, down = (
            range(max(start, 0) // TILE, -(-min(start + side, length) // TILE))
            for start, length in zip((x, y), self.size, strict=True)
        )
        for row, column in product(down, across):
            top, left = row * TILE - y, column * TILE - x
            here = np.s_[max(top, 0) : top + TILE, max(left, 0) : left + TILE]
            height, width, _ = window[here].shape
            first = max(-top, 0), max(-left, 0)
            tile = self._tile(row, column)
            window[here] = tile[first[0] : first[0] + height, first[1] : first[1] + width]
        return window

    def _tile(self, row: int, column: int) -> Images:
        def read() -> Images:
            x, y = column * TILE * self.scale, row * TILE * self.scale
            return self.slide.read(x, y, TILE, TILE, mpp=self.mpp)

        return self.tiles.get((self.slide, self.mpp, row, column), read)

    def tissue(self) -> Mask:
        """The slide's own map of tissue."""
        rows, columns = _blocks(self.size)
        mask = self.slide.tissue().mask
        down = np.arange(rows) * mask.shape[0] // rows
        across = np.arange(columns) * mask.shape[1] // columns
        return np.asarray(mask[np.ix_(down, across)])

    def unread(self, circles: Array, x: int, y: int, side: int) -> Mask:
        """Circles that in a window that was read touch a tile that could not be decoded.

        Whatever lies further out is not asked about: whether it has been read hangs on chance.
        """
        if not self.slide.unread_tiles:
            return np.zeros(len(circles), dtype=bool)
        centres, radius = circles[:, :2], circles[:, 2:]
        low = np.maximum(centres - radius, (max(x, 0), max(y, 0)))
        high = np.minimum(centres + radius, np.minimum((x + side, y + side), self.size))
        boxes = np.column_stack([low, high - low]) * self.scale
        return np.array([self.slide.touches_unread(*box) for box in boxes], dtype=bool)


def _blocks(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the map of tissue."""
    width, height = size
    return max(1, height // TISSUE_BLOCK), max(1, width // TISSUE_BLOCK)


def shrink(image: Images, factor: float) -> Images:
    """Average an image (h, w, 3) over blocks of a whole number of pixels.

    Raises
    ------
    ValueError
        If the factor is no whole number.
    """
    block = round(factor)
    if abs(block - factor) > 1e-6 or block < 1:
        raise ValueError(f"An image is averaged over whole pixels. Found a factor of {factor}.")
    height, width = image.shape[0] // block, image.shape[1] // block
    cut = image[: height * block, : width * block].astype(np.float32)
    blocks = cut.reshape(height, block, width, block, 3)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
