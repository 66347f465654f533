"""Tiles of levels that a file lacks, kept on disk: made once, found by the next that opens it."""

import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import imagecodecs
import numpy as np
from platformdirs import user_cache_path

from napari_ggs.slides.backend import Pixels

CAPACITY = 2 * 2**30
"""Bytes on disk for all slides together."""

SLACK = 0.8
"""Share of the capacity that is left when old tiles are removed."""

EVERY = 64
"""Tiles that are written between two looks at the size of the folder."""

Place = tuple[int, int, int]


def cache_folder() -> Path:
    """Where tiles of all slides are kept; may be deleted at any time."""
    return user_cache_path("napari-ggs") / "levels"


class KeptTiles:
    """Tiles of one slide in a folder that several processes may use, and anybody may delete.

    A file is a checksum and compressed pixels, written under a temporary name and moved into
    place. What is missing, damaged or cannot be written is as if it had not been kept.

    Parameters
    ----------
    slide : str
        Identity of the slide's content and of how it is read.
    capacity : int
        Bytes for all slides together; the tiles used longest ago go first.
    """

    def __init__(self, slide: str, capacity: int = CAPACITY) -> None:
        self._root = cache_folder()
        self._folder = self._root / slide
        self._capacity = capacity
        self._written = count()

    def get(self, place: Place, width: int, height: int) -> Pixels | None:
        """Return a tile (level, row, column) of shape (height, width, 3), or None."""
        path = self._path(place)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return _unpacked(content, (height, width, 3))

    def put(self, place: Place, pixels: Pixels) -> None:
        """Keep a tile; where that cannot be done, nothing happens."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(self._path(place), _packed(pixels))
            if next(self._written) % EVERY == 0:
                trim(self._root, self._capacity)

    def _path(self, place: Place) -> Path:
        level, row, column = place
        return self._folder / f"{level}-{row}-{column}"


def trim(root: Path, capacity: int) -> None:
    """Remove the files used longest ago if there are more than `capacity` bytes of them."""
    files = sorted(_files(root))
    total = sum(size for _, size, _ in files)
    if total <= capacity:
        return
    for _, size, path in files:
        if total <= capacity * SLACK:
            return
        path.unlink(missing_ok=True)
        with suppress(OSError):  # it still holds others
            path.parent.rmdir()
        total -= size


def _files(root: Path) -> Iterator[tuple[float, int, Path]]:
    """Time of use, bytes and path of every file; what others remove meanwhile is passed over."""
    for path in root.glob("*/*"):
        with suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path


def _write(path: Path, content: bytes) -> None:
    """Write in one step: whoever reads finds all of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


def _packed(pixels: Pixels) -> bytes:
    raw = pixels.tobytes()
    return zlib.crc32(raw).to_bytes(4, "little") + bytes(imagecodecs.zstd_encode(raw, level=1))


def _unpacked(content: bytes, shape: tuple[int, int, int]) -> Pixels | None:
    """Pixels of a file, or None if it is not what was written."""
    size = int(np.prod(shape))
    try:
        raw = imagecodecs.zstd_decode(content[4:], out=size)
    except (imagecodecs.ZstdError, ValueError, RuntimeError):
        return None
    if len(raw) != size or zlib.crc32(raw).to_bytes(4, "little") != content[:4]:
        return None
    return np.frombuffer(bytearray(raw), dtype=np.uint8).reshape(shape)
