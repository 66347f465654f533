"""Reading ImageScope XML: our own, the predecessor's, and what people draw in ImageScope."""

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.exchange import shapes
from napari_ggs.exchange.circle_table import COLUMNS
from napari_ggs.exchange.classes import is_class, known
from napari_ggs.exchange.imagescope import CUT, ELLIPSE, PREDECESSOR, Points
from napari_ggs.exchange.shapes import Circle
from napari_ggs.glomeruli import GEOMETRY

NAMED_BY_COLOUR = {colour: name for name, colour in PREDECESSOR.items()}
FREEHAND, RECTANGLE = "0", "1"
Turn = Callable[[Points], Points]


def read_imagescope(path: Path, leica_height: int | None = None) -> pd.DataFrame:
    """Read ellipses, rectangles and freehand outlines as circles, class names as they stand there.

    The name of a region's class is its text, where that is a class or the layer names none (a
    number is a score of the predecessor's, not a name); else the name of its layer. Layers
    without names are told apart by the predecessor's colours if at least two of those and
    no other are used (a single colour says nothing: green is what ImageScope starts with), else
    their glomeruli have no class. Ellipses and outlines become circles of equal area at their
    centroid. Arrows, rulers and negative regions are passed over.

    Raises
    ------
    UserError
        If the file is no ImageScope XML, or a vertex lacks a coordinate.
    """

    def turn(points: Points) -> Points:
        return points if leica_height is None else _from_leica(points, leica_height)

    try:
        root = ElementTree.parse(path).getroot()
        if root.tag != "Annotations":
            raise ValueError(f"it begins with <{root.tag}>")
        layers = root.findall("Annotation")
        rows = [row for layer in layers for row in _rows(layer, _by_colour(layers), turn)]
    except (ElementTree.ParseError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} is no ImageScope annotation ({error}): expected "
            "<Annotations><Annotation><Regions><Region><Vertices>. Save it again from ImageScope."
        ) from error
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=COLUMNS)


def _by_colour(layers: Sequence[Element]) -> bool:
    """Whether the colours of the layers without names say their classes."""
    nameless = {int(layer.get("LineColor", 0)) for layer in layers if not layer.get("Name")}
    return len(nameless) > 1 and nameless <= set(NAMED_BY_COLOUR)


def _rows(layer: Element, by_colour: bool, turn: Turn) -> list[dict[str, object]]:
    title = layer.get("Name", "")
    if not title and by_colour:
        title = NAMED_BY_COLOUR[int(layer.get("LineColor", 0))]
    rows = []
    for number, region in enumerate(layer.iterfind("Regions/Region"), start=1):
        try:
            circle = _circle(region, turn)
        except ValueError as error:
            told = region.get("Id", number)
            raise ValueError(f"region {told} of the layer {title!r}: {error}") from error
        if circle is not None:
            text = region.get("Text", "").strip()
            named = {"label": _name(text, title), "cut": text == CUT}
            rows.append(dict(zip(GEOMETRY, circle, strict=True)) | named)
    return rows


def _name(text: str, title: str) -> str:
    """A text may be a class, a score or a remark: a remark where the layer says the class."""
    if is_class(text):
        return text
    says_nothing = text in ("", CUT) or _is_number(text)
    layer_says_nothing = known(title) and not is_class(title)
    return text if layer_says_nothing and not says_nothing else title


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _circle(region: Element, turn: Turn) -> Circle | None:
    corners = region.findall("Vertices/Vertex")
    if region.get("NegativeROA") == "1" or len(corners) < 2:
        return None
    points = turn(np.array([[float(v.get(axis, "nan")) for axis in "XY"] for v in corners]))
    kind = region.get("Type")
    if kind == ELLIPSE:
        return shapes.ellipse(points)
    if kind == RECTANGLE and len(points) == 2:
        return shapes.box(*points[0], *(points[1] - points[0]))
    return shapes.polygon([points]) if kind in (FREEHAND, RECTANGLE) else None


def _from_leica(points: Points, height: int) -> Points:
    return np.column_stack([points[:, 1], height - points[:, 0]])
