"""Tiled TIFF and SVS: every tile is read and decoded here, by any number of threads at once."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from tifffile import TiffFile, TiffPage

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.codestream import chroma_is_subsampled, claimed_size
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.metadata import aperio_fields, content_fingerprint, without_phi
from napari_ggs.slides.resolution import mpp_from_tags, number, plausible
from napari_ggs.slides.tiff_pages import (
    APERIO_YCBCR,
    COMPRESSIONS,
    grid_of,
    is_aperio,
    is_readable,
    level_pages,
)

# tifffile reports every odd tag; what matters is raised as SlideError here.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_RESOLUTION_UNIT, _X_RESOLUTION, _Y_RESOLUTION = 296, 282, 283


class PositionalFile:
    """Reads bytes at a position, from many threads: ``os.pread``, or seek under a lock."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._lock = Lock()

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer only at the end of the file."""
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), count, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True)
class Segments:
    """Where the tiles of a level are in the file, and what turns them into pixels."""

    grid: Grid
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    decode: Callable[..., tuple[Any, Any, Any]]
    tables: dict[str, bytes]
    convert_ycbcr: bool

    @classmethod
    def of(cls, page: TiffPage, grid: Grid) -> "Segments":
        """Take from a page all that is needed once its file is closed."""
        named = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
        tables = {key: value for key, value in named.items() if value}
        ycbcr = page.compression == APERIO_YCBCR
        return cls(grid, page.dataoffsets, page.databytecounts, page.decode, tables, ycbcr)


class TiffBackend:
    """A TIFF of RGB tiles (or strips): see `Backend` for what it promises.

    Raises
    ------
    SlideError
        If the header cannot be true or the file is cut short.
    UnreadableTiff
        If the file is sound but of a kind that this backend leaves to OpenSlide.
    """

    name = "tiff"

    def __init__(self, path: Path) -> None:
        self._path = path
        with TiffFile(path) as tiff:
            first = tiff.pages.first
            if not is_readable(first):
                raise UnreadableTiff(f"{path.name}: {_kind(first)}")
            pages = level_pages(tiff)
            self.grids = tuple(grid_of(page, first, path.name) for page in pages)
            self._levels = [Segments.of(p, g) for p, g in zip(pages, self.grids, strict=True)]
            self._empty_is_lost = is_aperio(first)
            self.mpp = _mpp(first)
            self.properties: Mapping[str, str] = _properties(first)
        self._file = PositionalFile(path)

    def decode(self, level: int, row: int, column: int) -> Pixels | None:
        """Return a tile, or None where nothing was scanned (a tile without bytes).

        Aperio's encoder leaves out tiles that it failed to write, so there it is an error.
        """
        segments = self._levels[level]
        index = row * segments.grid.columns + column
        count = segments.counts[index]
        if count == 0 and not self._empty_is_lost:
            return None
        try:
            data = self._file.read(segments.offsets[index], count)
            return _pixels(segments, index, row, column, data)
        except Exception as error:  # decoders of damaged data raise anything
            raise TileError(f"level {level}, row {row}, column {column}: {error}") from error

    def fingerprint(self) -> str:
        """Identity of the file's content."""
        return content_fingerprint(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class UnreadableTiff(Exception):
    """A TIFF that another backend may read."""


def _pixels(segments: Segments, index: int, row: int, column: int, data: bytes) -> Pixels:
    grid = segments.grid
    size = claimed_size(data)
    if size and (size[0] > grid.tile_width or size[1] > grid.tile_height):
        raise ValueError(f"claims {size} px in a tile of {grid.tile_width} x {grid.tile_height}")
    array, _, _ = segments.decode(data, index, **segments.tables)
    if segments.convert_ycbcr and not chroma_is_subsampled(data):
        array = rgb_from_ycbcr(array)
    _, _, width, height = grid.tile_box(row, column)
    tile: Pixels = array[0, :height, :width]
    if tile.shape != (height, width, 3):
        raise ValueError(f"holds {tile.shape} where {(height, width, 3)} is due")
    return np.ascontiguousarray(tile)


def rgb_from_ycbcr(pixels: Pixels) -> Pixels:
    """Full-range YCbCr to RGB (JFIF 1.02), shape (..., 3).

    For Aperio's compression 33003, whose codestreams do not name their colour space.
    """
    y, cb, cr = np.moveaxis(pixels.astype(np.float32), -1, 0)
    cb, cr = cb - 128, cr - 128
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _mpp(page: TiffPage) -> float | None:
    if is_aperio(page):
        return plausible(number(aperio_fields(page.description).get("MPP")))
    unit = page.tags.valueof(_RESOLUTION_UNIT, 2)
    x, y = page.tags.valueof(_X_RESOLUTION), page.tags.valueof(_Y_RESOLUTION)
    return mpp_from_tags(int(unit), x, y)


def _properties(page: TiffPage) -> dict[str, str]:
    fields = without_phi(aperio_fields(page.description)) if is_aperio(page) else {}
    return {
        "format": "Aperio SVS" if is_aperio(page) else "TIFF",
        "compression": COMPRESSIONS[int(page.compression)],
        **fields,
    }


def _kind(page: TiffPage) -> str:
    bits = f"{page.bitspersample}-bit" if page.bitspersample else "unknown depth"
    return f"{bits}, {page.samplesperpixel} samples, compression {int(page.compression)}"
