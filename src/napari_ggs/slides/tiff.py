"""Tiled TIFF and SVS: every tile is read and decoded here, by any number of threads at once."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from tifffile import TiffFile, TiffPage

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.metadata import aperio_fields, content_fingerprint, without_phi
from napari_ggs.slides.ome_tiff import OmeImage, ome_image, ome_levels
from napari_ggs.slides.resolution import mpp_from_tags, number, plausible
from napari_ggs.slides.tiff_pages import (
    COMPRESSIONS,
    grid_of,
    is_aperio,
    is_readable,
    level_pages,
)
from napari_ggs.slides.tiff_tiles import Level

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
            image = ome_image(tiff, path.name)
            levels = level_pages(tiff) if image is None else ome_levels(tiff, image, path.name)
            first = levels[0][0]
            if image is None and not is_readable(first):
                raise UnreadableTiff(f"{path.name}: {_kind(first)}")
            self.grids = tuple(grid_of(pages, levels[0], path.name) for pages in levels)
            self._levels = [Level.of(p, g) for p, g in zip(levels, self.grids, strict=True)]
            self._empty_is_lost = is_aperio(first)
            self.mpp = _mpp(first, image)
            self.properties: Mapping[str, str] = _properties(first, image)
        self._file = PositionalFile(path)

    def decode(self, level: int, row: int, column: int) -> Pixels | None:
        """Return a tile, or None where nothing was scanned (a tile without bytes).

        Aperio's encoder leaves out tiles that it failed to write, so there it is an error.
        """
        tiles = self._levels[level]
        if tiles.is_empty(row, column) and not self._empty_is_lost:
            return None
        try:
            return tiles.tile(self._file, row, column)
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


def _mpp(page: TiffPage, image: OmeImage | None) -> float | None:
    if image is not None and image.mpp is not None:
        return image.mpp
    if is_aperio(page):
        return plausible(number(aperio_fields(page.description).get("MPP")))
    unit = page.tags.valueof(_RESOLUTION_UNIT, 2)
    x, y = page.tags.valueof(_X_RESOLUTION), page.tags.valueof(_Y_RESOLUTION)
    return mpp_from_tags(int(unit), x, y)


def _properties(page: TiffPage, image: OmeImage | None) -> dict[str, str]:
    fields = without_phi(aperio_fields(page.description)) if is_aperio(page) else {}
    other = "TIFF" if image is None else "OME-TIFF"
    return {
        "format": "Aperio SVS" if is_aperio(page) else other,
        "compression": COMPRESSIONS[int(page.compression)],
        **fields,
    }


def _kind(page: TiffPage) -> str:
    bits = f"{page.bitspersample}-bit" if page.bitspersample else "unknown depth"
    return f"{bits}, {page.samplesperpixel} samples, compression {int(page.compression)}"
