"""What a backend promises: the levels that the file holds, and their tiles."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Grid

Pixels = NDArray[np.uint8]

MAX_SIDE = 500_000
"""Longest side of a slide in pixels; the largest scanners reach about 250,000."""

MAX_PIXELS = 100_000_000_000
"""Most pixels of a slide: 2,500 cm^2 at 0.5 um/px."""

MAX_TILE_BYTES = 128 * 2**20
"""Most bytes of one decoded tile or strip."""


class Backend(Protocol):
    """A file that is open. Thread-safe.

    Attributes
    ----------
    name : str
        "tiff", "zarr", "picture" or "openslide".
    grids : tuple of Grid
        The levels in the file, finest first.
    mpp : float or None
        Microns per level-0 pixel, if the file says so credibly.
    properties : mapping of str to str
        What is known of the scan, without anything that could name a patient.
    """

    name: str
    grids: tuple[Grid, ...]
    mpp: float | None
    properties: Mapping[str, str]

    def decode(self, level: int, row: int, column: int) -> Pixels | None:
        """Return a tile, shape (h, w, 3), cropped to the level; None where nothing was scanned.

        Raises
        ------
        TileError
            If the tile cannot be decoded.
        """

    def fingerprint(self) -> str:
        """Return the identity of the content as hexadecimal digits."""

    def close(self) -> None:
        """Release the file."""


def check_size(name: str, grid: Grid) -> None:
    """Refuse sizes that no slide has, before anything is allocated for them."""
    sides = grid.width, grid.height
    if min(sides) < 1 or max(sides) > MAX_SIDE or grid.width * grid.height > MAX_PIXELS:
        raise SlideError(
            f"{name} claims to be {grid.width} x {grid.height} px, which no slide is: its header "
            f"is damaged. Copy or export it again."
        )
    if grid.tile_width < 1 or grid.tile_height < 1:
        raise SlideError(f"{name} has tiles without pixels: its header is damaged.")
    if grid.tile_width * grid.tile_height * 3 > MAX_TILE_BYTES:
        raise SlideError(
            f"{name} is stored in pieces of {grid.tile_width} x {grid.tile_height} px, too large "
            f"to read one by one: convert it to a tiled, pyramidal TIFF."
        )
