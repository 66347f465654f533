"""OME-Zarr, local or on the network: every tile is a chunk, or a few small ones."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import zarr
from zarr.core.sync import sync

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.errors import SlideError, TileError
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.guarded_store import Encoding, GuardedStore
from napari_ggs.slides.locations import zarr_store
from napari_ggs.slides.ome_zarr import levels_of, mpp_of, read_metadata

SAMPLES = 16
"""Tiles of a level that its fingerprint looks at."""


class ZarrBackend:
    """An OME-Zarr of red, green and blue: see `Backend` for what it promises.

    Raises
    ------
    SlideError
        If it is not what can be read here, or cannot be reached.
    """

    name = "zarr"

    def __init__(self, path: Path) -> None:
        self._store = GuardedStore(zarr_store(path))
        try:
            root = zarr.open_group(self._store, mode="r")
            group, image = read_metadata(root, path.name)
            self._levels = levels_of(group, image, path.name)
            arrays = (level.array for level in self._levels)
            self._store.encodings |= {array.path: Encoding.of(array) for array in arrays}
        except SlideError:
            raise
        except Exception as error:  # metadata, servers and credentials fail in their own ways
            raise SlideError(
                f"{path.name} cannot be opened as OME-Zarr ({_reason(error)}). Check the address "
                f"or path; on S3 also the credentials."
            ) from error
        self.grids = tuple(level.grid for level in self._levels)
        self.mpp = mpp_of(image)
        version = getattr(image, "version", None) or "0.4"
        self.properties: Mapping[str, str] = {"format": f"OME-Zarr {version}"}

    def decode(self, level: int, row: int, column: int) -> Pixels:
        """Return a tile; chunks that were never written have the fill value of the array."""
        source = self._levels[level]
        x, y, width, height = source.grid.tile_box(row, column)
        try:
            pixels = source.read(slice(y, y + height), slice(x, x + width))
            if (pixels == pixels[0, 0]).all():
                self._check_presence(source.array)
        except Exception as error:  # decoders of damaged data and networks raise anything
            place = f"level {level}, row {row}, column {column}"
            raise TileError(f"{place}: {_reason(error)}") from error
        return pixels

    def _check_presence(self, array: zarr.Array) -> None:
        """Tell a slide that has gone from one with chunks that were never written.

        Raises
        ------
        FileNotFoundError
            If the array's own description has gone.
        """
        document = "zarr.json" if array.metadata.zarr_format == 3 else ".zarray"
        if not sync(self._store.exists(f"{array.path}/{document}")):
            raise FileNotFoundError(f"{array.path}/{document} is no longer there")

    def fingerprint(self) -> str:
        """Identity of the pixels, wherever the slide is: 32 hexadecimal digits.

        Hashes the sizes of the levels, and tiles of the finest and of the coarsest level.
        """
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr([(grid.width, grid.height) for grid in self.grids]).encode())
        for level in {0, len(self.grids) - 1}:
            for row, column in _spread(self.grids[level]):
                digest.update(self._sample(level, row, column))
        return digest.hexdigest()

    def _sample(self, level: int, row: int, column: int) -> bytes:
        try:
            return self.decode(level, row, column).tobytes()
        except TileError:
            return b""

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def _spread(grid: Grid) -> Iterator[tuple[int, int]]:
    """Tiles evenly spread over a level."""
    total = grid.rows * grid.columns
    for index in np.unique(np.linspace(0, total - 1, SAMPLES).astype(int)).tolist():
        yield divmod(index, grid.columns)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
