"""OME-TIFF: which pages the first image of its OME-XML has, and how large its pixels are."""

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tifffile import TiffFile, TiffPage

from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.resolution import mean_mpp, microns, number
from napari_ggs.slides.tiff_pages import MAX_PAGES, has_colour, is_readable, reduced

OME_END = "OME>"
MAX_XML = 16 * 2**20
COLOURS = ("-16776961", "16711935", "65535")
"""Red, green and blue as OME-XML writes them: signed RGBA."""


@dataclass(frozen=True)
class OmeImage:
    """The slide in an OME-TIFF; further images are labels and overviews.

    Attributes
    ----------
    pages : tuple of int
        Index of its page, or of the three pages of red, green and blue.
    mpp : float or None
        Microns per pixel.
    """

    pages: tuple[int, ...]
    mpp: float | None


def ome_image(tiff: TiffFile, name: str) -> OmeImage | None:
    """Read what the OME-XML says of the first image; None if the file is no OME-TIFF.

    Raises
    ------
    SlideError
        If the image is not one plane of red, green and blue in 8 bits.
    """
    text = tiff.pages.first.description
    if not text[-10:].strip().endswith(OME_END):
        return None
    pixels = _pixels(text, name)
    channels = pixels.findall("{*}Channel")
    _check(pixels, channels, name)
    sizes = (
        microns(
            number(pixels.get(f"PhysicalSize{axis}")), pixels.get(f"PhysicalSize{axis}Unit", "um")
        )
        for axis in "XY"
    )
    return OmeImage(_pages(pixels, len(channels)), mean_mpp(*sizes))


def _pixels(text: str, name: str) -> Element:
    try:
        if len(text) > MAX_XML:
            raise ValueError(f"{len(text)} characters")
        pixels = ElementTree.fromstring(text).find("{*}Image/{*}Pixels")
    except (ElementTree.ParseError, ValueError) as error:
        raise SlideError(
            f"{name} has OME-XML that cannot be read ({error}): export it again."
        ) from error
    if pixels is None:
        raise SlideError(f"{name} is part of an OME-TIFF of several files: open the first of them.")
    return pixels


def _check(pixels: Element, channels: list[Element], name: str) -> None:
    kind, planes = pixels.get("Type"), [pixels.get(f"Size{axis}", "1") for axis in "ZT"]
    if planes != ["1", "1"]:
        raise SlideError(
            f"{name} has {planes[0]} focal planes and {planes[1]} times, and a slide has one of "
            f"each: export one of them."
        )
    if kind != "uint8" or pixels.get("SizeC") != "3" or not _is_rgb(channels):
        raise SlideError(
            f"{name} has {pixels.get('SizeC')} channels of {kind}, and a stained slide has red, "
            f"green and blue in 8 bits (uint8): export it as RGB."
        )


def _is_rgb(channels: list[Element]) -> bool:
    """Whether channels are one of RGB, or three that have no other colours."""
    colours = tuple(channel.get("Color") for channel in channels)
    return len(colours) < 2 or colours == COLOURS or colours == (None,) * 3


def _pages(pixels: Element, channels: int) -> tuple[int, ...]:
    """Page of each channel: those named by a ``TiffData``, else from the first one on."""
    start, found = 0, {}
    for data in pixels.findall("{*}TiffData"):
        page, channel = (int(number(data.get(key)) or 0) for key in ("IFD", "FirstC"))
        found[channel] = page
    start = found.get(0, 0)
    return tuple(found.get(channel, start + channel) for channel in range(max(1, channels)))


def ome_levels(tiff: TiffFile, image: OmeImage, name: str) -> list[tuple[TiffPage, ...]]:
    """Pages of the pyramid, finest first; coarser ones are sub-images of the first.

    Raises
    ------
    SlideError
        If a page is missing or is stored in a way that cannot be read here.
    """
    base = tuple(_page(tiff, index, name) for index in image.pages)
    readable = is_readable if len(base) == 1 else has_colour
    if not all(readable(page) for page in base):
        raise SlideError(
            f"{name} stores its pixels in a way that cannot be read here (compression "
            f"{int(base[0].compression)}): export it as RGB with JPEG or no compression."
        )
    nested = [islice(page.pages or (), MAX_PAGES) for page in base]
    return reduced(base, zip(*nested, strict=False), readable)


def _page(tiff: TiffFile, index: int, name: str) -> TiffPage:
    with suppress(IndexError):
        page = tiff.pages.get(index, cache=False)
        if isinstance(page, TiffPage):
            return page
    raise SlideError(f"{name} lacks a page that its OME-XML names ({index}): export it again.")
