"""A Zarr store that lets through only what a chunk can be."""

import asyncio
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numcodecs
import numpy as np
import zarr
from zarr.abc.store import ByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.codecs import BloscCodec, ShardingCodec
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import WrapperStore

from napari_ggs.slides.chunk_claims import check_blosc, check_others

DOCUMENTS = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")
CHECKSUM = 4
NO_CHUNK = 2**64 - 1


@dataclass(frozen=True)
class Encoding:
    """How the values of an array hold its chunks.

    Attributes
    ----------
    blosc : bool
        Whether chunks are compressed by Blosc.
    per_shard : int
        Chunks in a shard; 0 if each is a value of its own.
    index_first : bool
        Whether the index of a shard is before its chunks.
    """

    blosc: bool
    per_shard: int = 0
    index_first: bool = False

    @classmethod
    def of(cls, array: zarr.Array) -> "Encoding":
        """Read from the description of an array."""
        metadata = array.metadata
        if metadata.zarr_format == 2:
            return cls(isinstance(metadata.compressor, numcodecs.Blosc))
        shards = [codec for codec in metadata.codecs if isinstance(codec, ShardingCodec)]
        if not shards:
            return cls(any(isinstance(codec, BloscCodec) for codec in metadata.codecs))
        chunks = math.prod(
            whole // part
            for whole, part in zip(array.shards or (), shards[0].chunk_shape, strict=True)
        )
        blosc = any(isinstance(codec, BloscCodec) for codec in shards[0].codecs)
        return cls(blosc, chunks, shards[0].index_location.value == "start")

    @property
    def index_bytes(self) -> int:
        """Length of the index of a shard: offset and length of each chunk, and a checksum."""
        return 16 * self.per_shard + CHECKSUM

    def chunks(self, data: bytes, asked: ByteRequest | None) -> Iterator[bytes]:
        """Yield the encoded chunks in an answer to a request for a value or a part of it."""
        if self.per_shard and asked is None:
            yield from self._all(data)
        elif not (self.per_shard and self._is_index(asked)):
            yield data

    def _is_index(self, asked: ByteRequest | None) -> bool:
        match asked:
            case SuffixByteRequest():
                return True
            case RangeByteRequest(start, end):
                return self.index_first and (start, end) == (0, self.index_bytes)
            case _:
                return False

    def _all(self, shard: bytes) -> Iterator[bytes]:
        """Yield every chunk of a whole shard."""
        first = 0 if self.index_first else len(shard) - self.index_bytes
        if first < 0 or len(shard) < self.index_bytes:
            raise ValueError(f"a shard has {len(shard)} bytes")
        index = np.frombuffer(shard, "<u8", 2 * self.per_shard, first).reshape(-1, 2).tolist()
        for offset, length in index:
            if offset != NO_CHUNK:
                yield shard[offset : offset + length]


class GuardedStore(WrapperStore):
    """Refuses chunks that would decode to more than a tile may have, and too long answers.

    Attributes
    ----------
    encodings : dict of str to Encoding
        By path of the array: of those whose chunks are looked at.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.encodings: dict[str, Encoding] = {}

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Return parts of several values, each as `get` does."""
        parts = (self.get(key, prototype, byte_range) for key, byte_range in key_ranges)
        return list(await asyncio.gather(*parts))

    async def get(
        self,
        key: str,
        prototype: BufferPrototype,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return a value or a part of it.

        Raises
        ------
        ValueError
            If it is more than was asked for, or a chunk in it claims what cannot be.
        """
        value = await self._store.get(key, prototype, byte_range)
        if value is None:
            return None
        most = _most(byte_range)
        if most is not None and len(value) > most:
            raise ValueError("the server sends whole files where a part was asked for")
        encoding = self._encoding(key)
        if encoding is not None:
            check = check_blosc if encoding.blosc else check_others
            for chunk in encoding.chunks(value.to_bytes(), byte_range):
                check(chunk)
        return value

    def _encoding(self, key: str) -> Encoding | None:
        """That of the array to which a key belongs; None for descriptions."""
        if key.endswith(DOCUMENTS):
            return None
        inside = (path for path in self.encodings if key.startswith(f"{path}/"))
        return next((self.encodings[path] for path in inside), None)


def _most(byte_range: ByteRequest | None) -> int | None:
    """Most bytes that an answer may have; None for no limit."""
    match byte_range:
        case RangeByteRequest(start, end):
            return end - start
        case SuffixByteRequest(suffix):
            return suffix
        case _:
            return None
