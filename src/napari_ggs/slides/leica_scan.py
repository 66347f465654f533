"""What a Leica SCN says of its scanned areas: where each is on the glass, and its pages."""

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element


class UnknownScan(Exception):
    """A description that is left to OpenSlide."""


@dataclass(frozen=True)
class ScannedArea:
    """One scanned area; lengths in nanometres, from the top-left corner of the glass.

    Attributes
    ----------
    pages : tuple of int
        Index of the page of each level, finest first.
    columns : int
        Pixels of the finest level from left to right.
    """

    left: int
    top: int
    across: int
    columns: int
    pages: tuple[int, ...]


@dataclass(frozen=True)
class Scan:
    """A glass and what was scanned of it in bright field; lengths in nanometres."""

    width: int
    height: int
    areas: tuple[ScannedArea, ...]

    @property
    def step(self) -> float:
        """Nanometres per pixel of level 0: those of the finest area."""
        return min(area.across / area.columns for area in self.areas)


def read_scan(description: str) -> Scan:
    """Read the XML of the first page's description.

    Raises
    ------
    UnknownScan
        If there is no area in bright field, or they have different numbers of levels.
    """
    try:
        glass = ElementTree.fromstring(description).find("{*}collection")
        if glass is None:
            raise UnknownScan("no collection")
        size = _number(glass, "sizeX"), _number(glass, "sizeY")
        views = [(image, _view(image)) for image in glass.findall("{*}image")]
        areas = [_area(image, view) for image, view in views if _is_area(image, view, size)]
    except (ElementTree.ParseError, ValueError, KeyError) as error:
        raise UnknownScan(str(error)) from error
    if not areas or len({len(area.pages) for area in areas}) > 1:
        raise UnknownScan("areas in bright field with as many levels each")
    return Scan(*size, tuple(areas))


def _number(element: Element, key: str) -> int:
    return int(element.attrib[key])


def _view(image: Element) -> Element:
    view = image.find("{*}view")
    if view is None:
        raise UnknownScan("an image without a view")
    return view


def _is_area(image: Element, view: Element, glass: tuple[int, int]) -> bool:
    """Whether an image is in bright field and not the overview, which shows all of the glass."""
    place = _number(view, "offsetX"), _number(view, "offsetY")
    size = _number(view, "sizeX"), _number(view, "sizeY")
    light = image.findtext("{*}scanSettings/{*}illuminationSettings/{*}illuminationSource")
    return light == "brightfield" and (place, size) != ((0, 0), glass)


def _area(image: Element, view: Element) -> ScannedArea:
    flat = [d for d in image.findall("{*}pixels/{*}dimension") if d.get("z", "0") == "0"]
    levels = sorted(flat, key=lambda level: -_number(level, "sizeX"))
    left, top, across = (_number(view, key) for key in ("offsetX", "offsetY", "sizeX"))
    columns = _number(levels[0], "sizeX") if levels else 0
    if min(columns, across) < 1:
        raise UnknownScan("an area without pixels")
    return ScannedArea(left, top, across, columns, tuple(_number(d, "ifd") for d in levels))
