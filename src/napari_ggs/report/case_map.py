"""The map of a slide: its circles and sections where they are on the picture."""

from dataclasses import dataclass

import numpy as np

from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import NON_GLOMERULUS, Lesion
from napari_ggs.report.case_counts import SlideCounts
from napari_ggs.report.case_gallery import APART, standing
from napari_ggs.report.case_pictures import Map
from napari_ggs.report.overlay import round_length

LETTERED = 400
"""On a map of more circles letters would hide the tissue."""
GREY = "#4d4d4d"
BAR = 0.25
"""A scale bar takes at most this share of the width."""


@dataclass(frozen=True)
class Mark:
    """A circle on a map, in its pixels.

    Attributes
    ----------
    x, y, r : float
    colour, letter, title : str
    faint : bool
        Whether it counts for nothing: thin and dashed.
    """

    x: float
    y: float
    r: float
    colour: str
    letter: str
    title: str
    faint: bool


@dataclass(frozen=True)
class Outline:
    """A section on a map: the corners as SVG wants them, and where its name stands."""

    name: str
    points: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """A map with all that is on it.

    Attributes
    ----------
    width, height : float
        Pixels.
    uri : str
    marks : list of Mark
    outlines : list of Outline
    bar : float
        Length of the scale bar in pixels; 0 for none.
    bar_words : str
    """

    width: float
    height: float
    uri: str
    marks: list[Mark]
    outlines: list[Outline]
    bar: float
    bar_words: str


def drawing(counts: SlideCounts, seen: Map) -> Drawing:
    """Draw a slide's circles and sections on its map."""
    x, y, width, height = seen.box
    bar, words = _scale_bar(width, seen.step, counts.reading.slide.mpp)
    outlines = []
    for section in counts.sections:
        corners = (np.array(section.outline) - (x, y)) / seen.step
        points = " ".join(f"{a:.0f},{b:.0f}" for a, b in corners)
        left, top = corners[corners[:, 1].argmin()]
        outlines.append(Outline(section.name, points, float(left), float(top)))
    size = width / seen.step, height / seen.step
    return Drawing(*size, seen.uri, _marks(counts, seen), outlines, bar, words)


def _marks(counts: SlideCounts, seen: Map) -> list[Mark]:
    one = counts.reading
    headings = standing(one)
    rows = one.table[headings != ""]
    places = (circles_of(rows) - (seen.box[0], seen.box[1], 0)) / seen.step
    lettered = len(rows) <= LETTERED
    lesions: dict[str, Lesion] = {each.name: each for each in one.run.scheme.lesions}
    marks = []
    for (x, y, r), number, name in zip(places, rows["id"], headings[headings != ""], strict=True):
        lesion = lesions.get(name)
        letter = ("?" if lesion is None else lesion.letter) if lettered else ""
        title = f"{int(number)}: {'set apart' if lesion is None else lesion.title}"
        faint = name in (APART, NON_GLOMERULUS)
        colour = GREY if lesion is None else lesion.colour
        marks.append(Mark(x, y, r, colour, letter, title, faint))
    return marks


def _scale_bar(width: float, step: float, mpp: float | None) -> tuple[float, str]:
    """Length in pixels, and in words."""
    if mpp is None:
        return 0.0, ""
    um = round_length(BAR * width * mpp)
    return um / mpp / step, f"{um / 1000:g} mm" if um >= 1000 else f"{um:g} µm"
