"""Everything that OpenSlide reads and our TIFF path does not: DICOM, NDPI, MRXS, SCN and others."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

import numpy as np
import openslide

from napari_ggs.slides.backend import Pixels, check_size
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.grid import Grid, scale_between
from napari_ggs.slides.metadata import content_fingerprint
from napari_ggs.slides.resolution import mpp_from_properties

SMALLEST_TILE = 256
DEFAULT_TILE = 512
SEVERAL_FILES = {"dicom", "mirax"}
"""Slides of several files, any of which opens them, or whose own file holds a picture only."""


class OpenSlideBackend:
    """A slide behind OpenSlide: see `Backend` for what it promises.

    Raises
    ------
    openslide.OpenSlideError
        If OpenSlide cannot open the file.
    SlideError
        If the header cannot be true.
    """

    name = "openslide"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._handle = openslide.OpenSlide(path)
        self._downsamples = self._handle.level_downsamples
        self.grids = _grids(self._handle, path.name)
        self.mpp = mpp_from_properties(self._handle.properties)
        self.properties: Mapping[str, str] = _properties(self._handle)

    def decode(self, level: int, row: int, column: int) -> Pixels | None:
        """Return a tile; transparent pixels, which were never scanned, are white."""
        handle = self._handle
        try:
            return self._read(handle, level, row, column)
        except openslide.OpenSlideError:
            return self._read_afresh(level, row, column)

    def _read_afresh(self, level: int, row: int, column: int) -> Pixels:
        """Read on a new handle: one failed read fails every later one of its handle.

        So a failure may be another thread's; only a failure of a new handle is the tile's own.
        The old handle closes when its last reader lets go of it.
        """
        with self._lock:
            try:
                fresh = openslide.OpenSlide(self._path)
                pixels = self._read(fresh, level, row, column)
            except (openslide.OpenSlideError, OSError) as error:
                self._reopen()
                raise TileError(f"level {level}, row {row}, column {column}: {error}") from error
            self._handle = fresh
            return pixels

    def _reopen(self) -> None:
        try:
            self._handle = openslide.OpenSlide(self._path)
        except (openslide.OpenSlideError, OSError):
            return  # the file is gone: the failed handle goes on failing, tile by tile

    def _read(self, handle: openslide.OpenSlide, level: int, row: int, column: int) -> Pixels:
        x, y, width, height = self.grids[level].tile_box(row, column)
        downsample = self._downsamples[level]
        place = round(x * downsample), round(y * downsample)
        return over_white(np.asarray(handle.read_region(place, level, (width, height))))

    def fingerprint(self) -> str:
        """Identity of the content: OpenSlide's own for slides of several files."""
        properties = self._handle.properties
        quick = properties.get("openslide.quickhash-1")
        if quick and properties.get("openslide.vendor") in SEVERAL_FILES:
            return quick[:32]
        return content_fingerprint(self._path)

    def close(self) -> None:
        """Close the slide."""
        self._handle.close()


def over_white(rgba: Pixels) -> Pixels:
    """Lay RGBA pixels, shape (h, w, 4), over white."""
    alpha = rgba[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    share = alpha.astype(np.float32) / 255
    return np.rint(rgba[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


def _grids(handle: openslide.OpenSlide, name: str) -> tuple[Grid, ...]:
    grids = []
    for level, (width, height) in enumerate(handle.level_dimensions):
        tile = _tile(handle.properties, level, "width"), _tile(handle.properties, level, "height")
        scale = scale_between(handle.dimensions, (width, height))
        grids.append(Grid(width, height, *tile, scale))
        check_size(name, grids[-1])
    return tuple(grids)


def _tile(properties: Mapping[str, str], level: int, side: str) -> int:
    """Side of the file's own tile, small ones taken several at a time."""
    own = int(properties.get(f"openslide.level[{level}].tile-{side}", DEFAULT_TILE))
    if not 0 < own <= 4 * DEFAULT_TILE:
        return DEFAULT_TILE
    return own * -(-SMALLEST_TILE // own)


def _properties(handle: openslide.OpenSlide) -> dict[str, str]:
    names = {
        "openslide.vendor": "format",
        "openslide.objective-power": "magnification",
    }
    found = handle.properties
    return {name: found[key] for key, name in names.items() if key in found}
