"""The levels of a slide as zarr arrays: a read-only store whose chunks come from the tile cache."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import zarr
from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.core.buffer.core import default_buffer_prototype

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.grid import Grid

if TYPE_CHECKING:
    from napari_ggs.slides.pyramid import Pyramid
    from napari_ggs.slides.slide import Slide
    from napari_ggs.slides.stairs import Stairs

WORKERS = min(32, (os.cpu_count() or 1) + 4)
"""Threads that decode chunks."""

AIM, LARGEST = 512, 1024
"""Side of a chunk: as near to 512 px as whole tiles allow, and at most 1,024."""


@lru_cache(maxsize=1)
def _workers(process: int) -> ThreadPoolExecutor:  # noqa: ARG001
    """Threads that are not the loop's own, for each process.

    A slide that is itself a Zarr needs the loop's to decode, and would wait for ever once all of
    them were busy with chunks of this store.
    """
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="slide")


def chunk_side(grid: Grid) -> int:
    """Side of the square chunks of a level: whole tiles where that is possible."""
    tile = grid.tile_width
    if tile != grid.tile_height or tile > LARGEST:
        return AIM
    return tile * max(1, round(AIM / tile))


class SlideStore(Store):
    """Group of arrays "0", "1", ..., one for each level, uncompressed.

    Parameters
    ----------
    slide : Slide
        Kept, and pickled by its path.
    stairs : bool
        With halved levels between those that are far apart (`Slide.stairs`).
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, slide: "Slide", stairs: bool = False) -> None:
        super().__init__(read_only=True)
        self._slide, self._stairs = slide, stairs
        self._levels: Pyramid | Stairs = slide.stairs if stairs else slide.pyramid
        self._is_open = True
        self._documents = {"zarr.json": _group()}
        for level, grid in enumerate(self._levels.grids):
            self._documents[f"{level}/zarr.json"] = _array(grid)

    def __reduce__(self) -> tuple[type["SlideStore"], tuple["Slide", bool]]:
        return type(self), (self._slide, self._stairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SlideStore):
            return False
        return (self._slide, self._stairs) == (other._slide, other._stairs)

    def __str__(self) -> str:
        return f"slide://{self._slide.path}"

    def with_read_only(self, read_only: bool = False) -> "SlideStore":
        """Return a store of the same slide, which is never writable."""
        if not read_only:
            raise ValueError("A slide cannot be written to.")
        return type(self)(self._slide, self._stairs)

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return a metadata document or a chunk, decoded in a worker thread; else None."""
        make = (prototype or default_buffer_prototype()).buffer
        document = self._documents.get(key)
        if document is not None:
            return make.from_bytes(document[_span(byte_range, len(document))])
        place = self._place(key)
        if place is None:
            return None
        loop = asyncio.get_running_loop()
        chunk = await loop.run_in_executor(_workers(os.getpid()), self._chunk, *place)
        chunk = chunk.reshape(-1)
        return make.from_array_like(chunk[_span(byte_range, len(chunk))])

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of several values."""
        parts = (self.get(key, prototype, byte_range) for key, byte_range in key_ranges)
        return list(await asyncio.gather(*parts))

    async def exists(self, key: str) -> bool:
        """Whether there is a document or chunk of this name; nothing is decoded for it."""
        return key in self._documents or self._place(key) is not None

    async def getsize(self, key: str) -> int:
        """Bytes of a value; nothing is decoded for it."""
        if key in self._documents:
            return len(self._documents[key])
        place = self._place(key)
        if place is None:
            raise FileNotFoundError(key)
        return int(3 * chunk_side(self._levels.grids[place[0]]) ** 2)

    async def set(self, key: str, value: Buffer) -> None:  # noqa: ARG002
        """Refuse: slides are read-only."""
        self._check_writable()

    async def delete(self, key: str) -> None:  # noqa: ARG002
        """Refuse: slides are read-only."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Yield every key."""
        for key in self._documents:
            yield key
        for level, grid in enumerate(self._levels.grids):
            rows, columns = _chunks(grid)
            for row in range(rows):
                for column in range(columns):
                    yield f"{level}/c/{row}/{column}/0"

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield every key that starts with `prefix`."""
        async for key in self.list():
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield the names directly below `prefix`."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        seen = set()
        async for key in self.list_prefix(folder):
            name = key[len(folder) :].partition("/")[0]
            if name not in seen:
                seen.add(name)
                yield name

    def _place(self, key: str) -> tuple[int, int, int] | None:
        """Level, row and column of a chunk key ``level/c/row/column/0``; None for others."""
        match key.split("/"):
            case [level, "c", row, column, "0"] if (level + row + column).isdecimal():
                place = int(level), int(row), int(column)
            case _:
                return None
        if place[0] >= len(self._levels.grids):
            return None
        rows, columns = _chunks(self._levels.grids[place[0]])
        return place if place[1] < rows and place[2] < columns else None

    def _chunk(self, level: int, row: int, column: int) -> Pixels:
        side = chunk_side(self._levels.grids[level])
        return self._levels.region(level, column * side, row * side, side, side)


def open_levels(slide: "Slide", *, stairs: bool = False) -> tuple[zarr.Array, ...]:
    """Return one read-only array of RGB uint8, shape (h, w, 3), for each level of a slide."""
    levels = slide.stairs if stairs else slide.pyramid
    store = SlideStore(slide, stairs)
    return tuple(
        zarr.open_array(store, path=str(level), mode="r", zarr_format=3)
        for level in range(len(levels.grids))
    )


def _chunks(grid: Grid) -> tuple[int, int]:
    side = chunk_side(grid)
    return -(-grid.height // side), -(-grid.width // side)


def _span(byte_range: ByteRequest | None, size: int) -> slice:
    match byte_range:
        case RangeByteRequest(start, end):
            return slice(start, end)
        case OffsetByteRequest(offset):
            return slice(offset, size)
        case SuffixByteRequest(suffix):
            return slice(max(0, size - suffix), size)
        case _:
            return slice(0, size)


def _group() -> bytes:
    return json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}).encode()


def _array(grid: Grid) -> bytes:
    """Metadata of a level as the zarr 3 specification writes it."""
    side = chunk_side(grid)
    document = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [grid.height, grid.width, 3],
        "data_type": "uint8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [side, side, 3]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 255,
        "codecs": [{"name": "bytes"}],
        "attributes": {},
        "dimension_names": ["y", "x", "c"],
    }
    return json.dumps(document).encode()
