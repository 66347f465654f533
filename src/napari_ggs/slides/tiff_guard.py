"""What a TIFF claims of its tiles, checked before OpenSlide allocates for it."""

from contextlib import suppress
from itertools import islice
from pathlib import Path

from tifffile import TiffFile, TiffPage

from napari_ggs.slides.backend import MAX_TILE_BYTES
from napari_ggs.slides.errors import SlideError

MAX_PAGES = 1024
"""Pages that are looked at; a slide of many focal planes has hundreds."""


def check_claims(path: Path) -> None:
    """Refuse a TIFF whose pages claim tiles that are larger than the file, or than any tile is.

    OpenSlide ends the whole process where it cannot have the memory that a header asks for.

    Raises
    ------
    SlideError
        If a page does. What cannot be understood at all is left to OpenSlide.
    """
    claims, size = [], path.stat().st_size
    with (
        suppress(Exception),
        TiffFile(path) as tiff,
    ):  # damaged headers make tifffile raise anything
        pages = islice(tiff.pages, MAX_PAGES)
        claims = [_claim(page) for page in pages if isinstance(page, TiffPage)]
    if any(tile > MAX_TILE_BYTES or stored > size for tile, stored in claims):
        raise SlideError(
            f"{path.name} claims tiles larger than the file ({size} bytes) or than any tile is: "
            f"its header is damaged. Copy or export it again."
        )


def _claim(page: TiffPage) -> tuple[int, int]:
    """Bytes of a tile of a page when decoded (0 without tiles), and of its largest in the file."""
    tile = page.tilewidth * page.tilelength * page.samplesperpixel if page.is_tiled else 0
    return int(tile), int(max(page.databytecounts, default=0))
