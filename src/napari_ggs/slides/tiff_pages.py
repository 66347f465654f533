"""Which pages of a TIFF are levels of the slide, and whether their headers can be true."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from tifffile import TiffFile, TiffPage

from napari_ggs.slides.backend import check_size
from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Grid, scale_between
from napari_ggs.slides.metadata import APERIO

COMPRESSIONS = {
    1: "none",
    5: "LZW",
    7: "JPEG",
    8: "deflate",
    32773: "PackBits",
    32946: "deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    50000: "Zstandard",
    50001: "WebP",
}
"""TIFF's compression numbers that this backend decodes; 33003 and 33005 are Aperio's."""

JPEG, APERIO_YCBCR = 7, 33003
GREY, RGB, YCBCR = 1, 2, 6
TOGETHER, SEPARATE = 1, 2
"""TIFF's PlanarConfiguration: colours pixel by pixel, or one plane of tiles for each."""
MAX_PAGES = 64
_REDUCED, _MASK_OR_MACRO = 1, 0xFFFFFFFE


def is_readable(page: TiffPage) -> bool:
    """Whether the page holds 8-bit RGB in a way that is decoded tile by tile here."""
    colour = page.photometric == RGB or (page.photometric == YCBCR and page.compression == JPEG)
    return colour and page.samplesperpixel == 3 and _is_decoded(page)


def has_colour(page: TiffPage) -> bool:
    """Whether the page holds one colour, in 8 bits, in a way that is decoded here."""
    return page.photometric == GREY and page.samplesperpixel == 1 and _is_decoded(page)


def _is_decoded(page: TiffPage) -> bool:
    return (
        page.compression in COMPRESSIONS
        and page.planarconfig in (TOGETHER, SEPARATE)
        and (page.bitspersample, page.imagedepth) == (8, 1)
        and page.dtype == "uint8"
    )


def level_pages(tiff: TiffFile) -> list[tuple[TiffPage, ...]]:
    """Pages of the pyramid, finest first, each a tuple of one.

    The first page is level 0. A later page, or a sub-image of the first, is a level if it is
    laid out alike (so that Aperio's striped thumbnail, label and macro are none), has the same
    aspect and is smaller than the level before.
    """
    base, *others = ((page,) for page in islice(_pages(tiff), MAX_PAGES))
    return reduced(base, others, is_readable)


def reduced(
    base: tuple[TiffPage, ...],
    others: Iterable[tuple[TiffPage, ...]],
    readable: Callable[[TiffPage], bool],
) -> list[tuple[TiffPage, ...]]:
    """Level 0 and those of the other pages that are coarser levels of it, finest first."""
    levels = [base]
    for pages in sorted(others, key=lambda pages: -pages[0].imagewidth):
        if all(readable(page) for page in pages) and _is_reduced(pages[0], levels[-1][0], base[0]):
            levels.append(pages)
    return levels


def _pages(tiff: TiffFile) -> Iterator[TiffPage]:
    first = tiff.pages.first
    yield first
    if first.pages is not None:
        yield from (page for page in first.pages if isinstance(page, TiffPage))
    for index in range(1, MAX_PAGES):
        try:
            page = tiff.pages.get(index)
        except IndexError:
            return
        if isinstance(page, TiffPage):
            yield page


def _is_reduced(page: TiffPage, above: TiffPage, base: TiffPage) -> bool:
    if page.is_tiled != base.is_tiled or page.subfiletype & _MASK_OR_MACRO:
        return False
    if not _smaller(page, above):
        return False
    return _same_aspect((base.imagewidth, base.imagelength), (page.imagewidth, page.imagelength))


def _smaller(page: TiffPage, above: TiffPage) -> bool:
    return page.imagewidth < above.imagewidth and page.imagelength < above.imagelength


def _same_aspect(base: tuple[int, int], level: tuple[int, int]) -> bool:
    """Whether one factor explains both sizes, give or take a pixel at each edge."""
    low = max(b / (n + 1) for b, n in zip(base, level, strict=True))
    high = min(b / max(n - 1, 0.5) for b, n in zip(base, level, strict=True))
    return low < high


def grid_of(pages: tuple[TiffPage, ...], base: tuple[TiffPage, ...], name: str) -> Grid:
    """Size and tiling of a level, from its own tags (never from Aperio's OriginalWidth)."""
    first, *others = (_grid(page, base[0], name) for page in pages)
    if any(other != first for other in others):
        raise SlideError(f"{name} has colours of different sizes: its header is damaged.")
    return first


def _grid(page: TiffPage, base: TiffPage, name: str) -> Grid:
    width, height = page.imagewidth, page.imagelength
    tile = (
        (page.tilewidth, page.tilelength)
        if page.is_tiled
        else (width, min(page.rowsperstrip, height))
    )
    scale = scale_between((base.imagewidth, base.imagelength), (width, height))
    grid = Grid(width, height, *tile, scale)
    check_size(name, grid)
    _check_tiles(page, grid, name)
    return grid


def _check_tiles(page: TiffPage, grid: Grid, name: str) -> None:
    """Refuse a page whose table of tiles does not fit its size or the file."""
    planes = page.samplesperpixel if page.planarconfig == SEPARATE else 1
    expected, listed = planes * grid.rows * grid.columns, len(page.dataoffsets)
    if listed < expected or len(page.databytecounts) < expected:
        raise SlideError(
            f"{name} should have {expected} tiles and lists {listed}: its header is damaged. "
            f"Copy or export it again."
        )
    size = page.parent.filehandle.size
    tiles = zip(page.dataoffsets, page.databytecounts, strict=False)
    lost = sum(offset + count > size for offset, count in tiles)
    if lost:
        raise SlideError(
            f"{name} is cut short: {lost} of its {listed} tiles lie beyond the end of the file "
            f"({size} bytes). Copy or download it again."
        )


def is_aperio(page: TiffPage) -> bool:
    """Whether an Aperio scanner or its library wrote the page."""
    return page.description.startswith(APERIO)
