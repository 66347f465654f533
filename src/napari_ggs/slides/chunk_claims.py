"""What an encoded Zarr chunk says of itself, read before a decoder allocates and reads for it."""

import struct
import zlib

from napari_ggs.slides.backend import MAX_TILE_BYTES

ZSTD = b"\x28\xb5\x2f\xfd"
DEFLATED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
MOST_DEFLATED = 1032
"""Times that deflate shrinks at most."""

BLOSC_HEADER, ZSTD_HEADER = 16, 18
_CONTENT_SIZES = {1: ("<H", 256), 2: ("<I", 0), 3: ("<Q", 0)}


def check_blosc(data: bytes) -> None:
    """Refuse Blosc data that claim more than a tile, or more bytes than there are.

    The decoder believes its header: it reads beyond the end of a chunk that was cut short.

    Raises
    ------
    ValueError
        If the header cannot be true.
    """
    if len(data) < BLOSC_HEADER:
        raise ValueError(f"a Blosc chunk has {len(data)} bytes")
    decoded, _, encoded = struct.unpack_from("<3I", data, 4)
    if encoded != len(data):
        raise ValueError(f"a Blosc chunk of {len(data)} bytes claims to have {encoded}")
    if decoded > MAX_TILE_BYTES:
        raise ValueError(f"a chunk decodes to {decoded} bytes")


def check_others(data: bytes) -> None:
    """Refuse Zstandard and deflated data that hold more than a tile.

    Raises
    ------
    ValueError
        If they do.
    """
    size = zstd_bytes(data[:ZSTD_HEADER])
    if (size is not None and size > MAX_TILE_BYTES) or inflates_beyond(data, MAX_TILE_BYTES):
        raise ValueError(f"a chunk decodes to more than {MAX_TILE_BYTES} bytes")


def zstd_bytes(start: bytes) -> int | None:
    """Content size of a Zstandard frame (RFC 8878, 3.1.1.1), if its first 18 bytes have one."""
    if start[:4] != ZSTD:
        return None
    start = start.ljust(ZSTD_HEADER, b"\0")
    flags = start[4]
    kind, single = flags >> 6, flags >> 5 & 1
    at = 5 + (not single) + (0, 1, 2, 4)[flags & 3]
    if kind == 0:
        return start[at] if single else None
    code, extra = _CONTENT_SIZES[kind]
    return int(struct.unpack_from(code, start, at)[0]) + extra


def inflates_beyond(data: bytes, most: int) -> bool:
    """Whether deflated data (gzip, zlib), whose headers claim nothing, hold more than `most` bytes.

    Usual chunks are too short for that, and are not tried.
    """
    if data[:2] not in DEFLATED or len(data) * MOST_DEFLATED <= most:
        return False
    try:
        return len(zlib.decompressobj(wbits=47).decompress(data, most + 1)) > most
    except zlib.error:
        return False
