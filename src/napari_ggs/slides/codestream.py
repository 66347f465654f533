"""What a compressed tile says of itself, read before a decoder allocates for it."""

import struct

_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG2000 = b"\xff\x4f\xff\x51"
_BOXES = 4096
_COMPONENTS = 38


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the header of a JPEG, JPEG 2000 or WebP stream; None for other data."""
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    start = data.find(_JPEG2000, 0, _BOXES)
    if start < 0 or len(data) < start + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    return right - left, bottom - top


def components(data: bytes) -> int | None:
    """Number of components of a JPEG 2000 stream (its SIZ); None for other data."""
    start = data.find(_JPEG2000, 0, _BOXES)
    if start < 0 or len(data) < start + _COMPONENTS + 4:
        return None
    return int(struct.unpack_from(">H", data, start + _COMPONENTS + 2)[0])


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Size in the first chunk (RFC 9649): VP8X and VP8L in bits less one, VP8 after its key."""
    if len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            return width + 1, height + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack_from("<2H", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the marker segments up to the frame header (ISO/IEC 10918-1, B.2)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">2H", data, at + 5)
            return width, height
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def chroma_is_subsampled(data: bytes) -> bool:
    """Whether the second component of a JPEG 2000 stream is coarser than the first (its SIZ)."""
    start = data.find(_JPEG2000, 0, _BOXES)
    return start >= 0 and data[start + 46 : start + 48] not in (b"", b"\x01\x01")
