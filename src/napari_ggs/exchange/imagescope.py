"""Aperio ImageScope XML: one layer of ellipse regions for each class (REFERENCE.md section 6).

A region's ellipse is given by two opposite corners of its bounding box, in level-0 px. Leica SCN
slides are turned in ImageScope: X = height - y, Y = x. Predictions, scores and probabilities do
not travel: only what people vouch for is written, and comes back as their label. See
`napari_ggs.exchange.imagescope_reading` for the way back.
"""

import math
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.exchange.circle_table import told_by_people
from napari_ggs.exchange.classes import GLOMERULUS, LESIONS
from napari_ggs.files import replacing

PREDECESSOR = {"normal": 255, "obsolescent": 65535, "solidified": 16744448, "disappearing": 65280}
"""LineColor of Glo-In-One's layers: blue x 65536 + green x 256 + red."""

CUT = "cut"
"""Text of a region that an edge cuts."""

ELLIPSE = "2"
"""Type of a region."""

ATTRIBUTES = {"ReadOnly": "0", "LineColorReadOnly": "0", "Incremental": "0", "Type": "4"}
REGION = {"Zoom": "1", "Selected": "0", "ImageLocation": "", "ImageFocus": "-1"}
REGION |= {"NegativeROA": "0", "InputRegionId": "0", "Analyze": "1"}
Points = NDArray[np.float64]


def write_imagescope(
    table: pd.DataFrame, path: Path, mpp: float | None = None, leica_height: int | None = None
) -> None:
    """Write one layer for each label, one ellipse for each circle that people vouch for.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table; see `told_by_people` for what is left out. Where it has a column
        ``cut``, regions that are say so in their text.
    path : Path
    mpp : float, optional
        Microns per level-0 pixel of the slide.
    leica_height : int, optional
        Height of a Leica SCN slide in level-0 px: turns the circles as ImageScope shows it.
    """
    root = Element("Annotations", MicronsPerPixel="" if mpp is None else repr(mpp))
    known = told_by_people(table)
    for number, name in enumerate(sorted(known["label"].unique()), start=1):
        layer = _layer(root, number, name)
        rows = known[known["label"] == name].to_dict("records")
        for place, row in enumerate(rows, start=1):
            corners = _corners(float(row["x"]), float(row["y"]), float(row["radius"]))
            turned = corners if leica_height is None else _to_leica(corners, leica_height)
            _region(layer, place, turned, CUT if row.get("cut", False) else "", mpp)
    ElementTree.indent(root)
    with replacing(path) as scratch:
        ElementTree.ElementTree(root).write(scratch, encoding="utf-8", xml_declaration=True)


def _layer(root: Element, number: int, name: str) -> Element:
    title = name or GLOMERULUS
    colour = str(_colour(name))
    layer = SubElement(
        root,
        "Annotation",
        {"Id": str(number), "Name": title, "LineColor": colour, "Visible": "1", **ATTRIBUTES},
    )
    described = SubElement(layer, "Attributes")
    SubElement(described, "Attribute", Name="Description", Id="0", Value=title)
    regions = SubElement(layer, "Regions")
    SubElement(regions, "RegionAttributeHeaders")
    SubElement(layer, "Plots")
    return regions


def _colour(name: str) -> int:
    """LineColor of a class: the predecessor's, else that of the scheme."""
    if name in PREDECESSOR or not name:
        return PREDECESSOR.get(name, 0xFFFFFF)
    red, green, blue = (int(LESIONS[name].colour[i : i + 2], 16) for i in (1, 3, 5))
    return blue << 16 | green << 8 | red


def _corners(x: float, y: float, radius: float) -> Points:
    return np.array([[x - radius, y - radius], [x + radius, y + radius]])


def _region(regions: Element, number: int, corners: Points, text: str, mpp: float | None) -> None:
    radius = float(np.ptp(corners[:, 0])) / 2
    sizes = {"Length": 2 * math.pi * radius, "Area": math.pi * radius**2}
    if mpp is not None:
        sizes |= {"LengthMicrons": sizes["Length"] * mpp, "AreaMicrons": sizes["Area"] * mpp**2}
    told = {name: f"{value:.1f}" for name, value in sizes.items()}
    named = {"Id": str(number), "DisplayId": str(number), "Type": ELLIPSE, "Text": text}
    region = SubElement(regions, "Region", named | told | REGION)
    SubElement(region, "Attributes")
    vertices = SubElement(region, "Vertices")
    for x, y in corners.tolist():
        SubElement(vertices, "Vertex", X=repr(x), Y=repr(y), Z="0")


def _to_leica(points: Points, height: int) -> Points:
    return np.column_stack([height - points[:, 1], points[:, 0]])
