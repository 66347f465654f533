"""Leica SCN: scanned areas on a glass, each a pyramid of its own, read tile by tile here.

OpenSlide cuts the place of an area down to whole pixels level by level, so that a coarse level may
lie a whole pixel of its own beside level 0. Here level 0 is as OpenSlide's, and coarser levels
follow it to half a pixel.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tifffile import TiffFile, TiffPage

from napari_ggs.slides.backend import Pixels, check_size
from napari_ggs.slides.cache import TileCache
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.grid import Grid, scale_between
from napari_ggs.slides.leica_scan import Scan, UnknownScan, read_scan
from napari_ggs.slides.metadata import content_fingerprint
from napari_ggs.slides.resolution import plausible
from napari_ggs.slides.tiff import PositionalFile
from napari_ggs.slides.tiff_pages import COMPRESSIONS, MAX_PAGES, grid_of, is_readable
from napari_ggs.slides.tiff_tiles import Level

TILE = 512
WHITE = 255
CACHE_BYTES = 32 * 2**20
"""Tiles of areas, whose borders are not those of the canvas, so that each is used several times."""


@dataclass(frozen=True)
class Placed:
    """A level of an area, and where its first pixel is on the canvas of that level."""

    left: int
    top: int
    tiles: Level


class LeicaBackend:
    """A Leica SCN in bright field: see `Backend` for what it promises.

    Raises
    ------
    UnknownScan
        If it is of a kind that is left to OpenSlide.
    SlideError
        If the header cannot be true or the file is cut short.
    """

    name = "tiff"

    def __init__(self, path: Path) -> None:
        self._path = path
        with TiffFile(path) as tiff:
            scan = read_scan(tiff.pages.first.description)
            areas = [_levels(tiff, area.pages, path.name) for area in scan.areas]
            compression = tiff.pages.get(scan.areas[0].pages[0]).compression
        self.grids = _canvases(scan, areas[0], path.name)
        self._levels = _placed(scan, areas, self.grids)
        self._cache = TileCache(CACHE_BYTES)
        self.mpp = plausible(scan.step / 1000)
        names = {"format": "Leica SCN", "compression": COMPRESSIONS[int(compression)]}
        self.properties: Mapping[str, str] = names
        self._file = PositionalFile(path)

    def decode(self, level: int, row: int, column: int) -> Pixels | None:
        """Return a tile of the canvas, white beside the areas; None where none touches it."""
        x, y, width, height = self.grids[level].tile_box(row, column)
        tile = None
        for index, area in enumerate(self._levels[level]):
            for part in area.tiles.grid.parts(x - area.left, y - area.top, width, height):
                if area.tiles.is_empty(part.row, part.column):
                    continue
                if tile is None:
                    tile = np.full((height, width, 3), WHITE, dtype=np.uint8)
                pixels = self._tile(level, index, part.row, part.column)
                tile[part.in_window] = pixels[part.in_tile]
        return tile

    def _tile(self, level: int, index: int, row: int, column: int) -> Pixels:
        tiles = self._levels[level][index].tiles
        try:
            return self._cache.get(
                (level, index, row, column), lambda: tiles.tile(self._file, row, column)
            )
        except Exception as error:  # decoders of damaged data raise anything
            place = f"level {level}, area {index}, row {row}, column {column}"
            raise TileError(f"{place}: {error}") from error

    def fingerprint(self) -> str:
        """Identity of the file's content."""
        return content_fingerprint(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._cache.clear()


def _levels(tiff: TiffFile, indices: tuple[int, ...], name: str) -> list[Level]:
    """Open the pages of one area, finest first."""
    pages = [_page(tiff, index) for index in indices[:MAX_PAGES]]
    return [Level.of((page,), grid_of((page,), (pages[0],), name)) for page in pages]


def _page(tiff: TiffFile, index: int) -> TiffPage:
    try:
        page = tiff.pages.get(index)
    except IndexError as error:
        raise UnknownScan(f"no page {index}") from error
    if not isinstance(page, TiffPage) or not is_readable(page):
        raise UnknownScan(f"page {index} is not 8-bit RGB")
    return page


def _canvases(scan: Scan, area: list[Level], name: str) -> tuple[Grid, ...]:
    """The whole glass at each level; downsampled as the levels of the first area are."""
    width, height = (math.ceil(length / scan.step) for length in (scan.width, scan.height))
    base, grids = area[0].grid, []
    for level in area:
        size = level.grid.width, level.grid.height
        scale = scale_between((base.width, base.height), size)
        canvas = math.ceil(width / scale.x), math.ceil(height / scale.y)
        grids.append(Grid(*canvas, TILE, TILE, scale))
        check_size(name, grids[-1])
    return tuple(grids)


def _placed(
    scan: Scan, areas: list[list[Level]], grids: tuple[Grid, ...]
) -> list[tuple[Placed, ...]]:
    """Every level's areas, placed to the nearest pixel of where level 0 has them."""
    corners = [(int(area.left / scan.step), int(area.top / scan.step)) for area in scan.areas]
    return [
        tuple(
            Placed(round(x / grid.scale.x), round(y / grid.scale.y), levels[index])
            for (x, y), levels in zip(corners, areas, strict=True)
        )
        for index, grid in enumerate(grids)
    ]
