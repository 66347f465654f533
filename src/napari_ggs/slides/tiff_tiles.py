"""Tiles of a TIFF: where their bytes are, and what turns them into pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from tifffile import TiffPage

from napari_ggs.slides.backend import MAX_TILE_BYTES, Pixels
from napari_ggs.slides.codestream import chroma_is_subsampled, claimed_size, components
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.tiff_pages import APERIO_YCBCR, SEPARATE

MAX_COMPONENTS = 4


class Bytes(Protocol):
    """A file that is read by position."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`."""


@dataclass(frozen=True)
class Plane:
    """The tiles of one level: of all three colours, or of one of them.

    Attributes
    ----------
    first : int
        Index of the plane's first tile in the tables of its page.
    colours : int
        Values for each pixel: 3 or 1.
    """

    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    decode: Callable[..., tuple[Any, Any, Any]]
    tables: dict[str, bytes]
    first: int
    colours: int
    convert_ycbcr: bool

    def is_empty(self, index: int) -> bool:
        """Whether a tile has no bytes."""
        return self.counts[self.first + index] == 0

    def tile(self, file: Bytes, grid: Grid, row: int, column: int) -> Pixels:
        """Decode a tile, cropped to the level: shape (h, w, colours)."""
        index = self.first + row * grid.columns + column
        if self.counts[index] > MAX_TILE_BYTES:
            raise ValueError(f"has {self.counts[index]} bytes")
        data = file.read(self.offsets[index], self.counts[index])
        _check_claims(data, grid)
        array, _, _ = self.decode(data, index, **self.tables)
        if self.convert_ycbcr and not chroma_is_subsampled(data):
            array = rgb_from_ycbcr(array)
        _, _, width, height = grid.tile_box(row, column)
        tile: Pixels = array[0, :height, :width]
        if tile.shape != (height, width, self.colours):
            raise ValueError(f"holds {tile.shape} where {(height, width, self.colours)} is due")
        return tile


@dataclass(frozen=True)
class Level:
    """The tiles of one level, of interleaved or of separate colours."""

    grid: Grid
    planes: tuple[Plane, ...]

    @classmethod
    def of(cls, pages: tuple[TiffPage, ...], grid: Grid) -> "Level":
        """Take from one page, or from those of red, green and blue, what outlives their file."""
        if len(pages) > 1:
            return cls(grid, tuple(_plane(page, 0, 1) for page in pages))
        if pages[0].planarconfig == SEPARATE:
            tiles = grid.rows * grid.columns
            return cls(grid, tuple(_plane(pages[0], colour * tiles, 1) for colour in range(3)))
        return cls(grid, (_plane(pages[0], 0, 3),))

    def is_empty(self, row: int, column: int) -> bool:
        """Whether a tile has no bytes in any colour."""
        index = row * self.grid.columns + column
        return all(plane.is_empty(index) for plane in self.planes)

    def tile(self, file: Bytes, row: int, column: int) -> Pixels:
        """Decode a tile, cropped to the level: shape (h, w, 3)."""
        parts = [plane.tile(file, self.grid, row, column) for plane in self.planes]
        return np.ascontiguousarray(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1))


def _check_claims(data: bytes, grid: Grid) -> None:
    """Refuse data whose own header claims more than a tile, before a decoder allocates for it."""
    size = claimed_size(data)
    if size and (size[0] > grid.tile_width or size[1] > grid.tile_height):
        raise ValueError(f"claims {size} px in a tile of {grid.tile_width} x {grid.tile_height}")
    number = components(data)
    if number and number > MAX_COMPONENTS:
        raise ValueError(f"claims {number} components")


def _plane(page: TiffPage, first: int, colours: int) -> Plane:
    named = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
    tables = {key: value for key, value in named.items() if value}
    ycbcr = page.compression == APERIO_YCBCR
    offsets, counts = page.dataoffsets, page.databytecounts
    return Plane(offsets, counts, page.decode, tables, first, colours, ycbcr)


def rgb_from_ycbcr(pixels: Pixels) -> Pixels:
    """Full-range YCbCr to RGB (JFIF 1.02), shape (..., 3).

    For Aperio's compression 33003, whose codestreams do not name their colour space.
    """
    y, cb, cr = np.moveaxis(pixels.astype(np.float32), -1, 0)
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
