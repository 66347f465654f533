"""Reading QuPath GeoJSON: our own annotations, and what people draw in QuPath."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.exchange import shapes
from napari_ggs.exchange.circle_table import COLUMNS
from napari_ggs.exchange.shapes import Circle
from napari_ggs.glomeruli import GEOMETRY

EXACT = {"x": "Centre X px", "y": "Centre Y px", "radius": "Radius px"}
SCORE = "Detection score"

SAME = 0.01
"""An outline has been moved or reshaped if its circle is off by more than this share of the
radius; QuPath itself rounds coordinates to .01 px."""

Feature = Mapping[str, Any]


def read_features(path: Path) -> pd.DataFrame:
    """Read the outlines of a GeoJSON file as circles, class names as they stand there.

    The circle is the one among the measurements, exact, as long as the outline still is that
    circle; else (moved or reshaped in QuPath, or drawn there) it is the circle of the outline's
    area at its centroid. REFERENCE.md section 6 names the smallest enclosing circle for this, but
    truth circles are of equal area (section 5), and the two must not be mixed. An annotation
    that was given another class in QuPath has that one as ``label``. Points and lines, and whole
    files or lists of features, with or without names, are fine; points and lines are no circles.

    Returns
    -------
    DataFrame
        See `napari_ggs.exchange.circle_table`; ``p_`` columns where the file has them.

    Raises
    ------
    UserError
        If the file is no GeoJSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for feature in _features(content) if (row := _row(feature)) is not None]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(
            f"{path} is no GeoJSON of outlined glomeruli ({type(error).__name__}: {error}). "
            "Export it with napari-ggs, or from QuPath as a FeatureCollection."
        ) from error
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=COLUMNS)


def _features(content: Any) -> Sequence[Feature]:
    if isinstance(content, list):  # QuPath without "export as FeatureCollection"
        return content
    features = [content] if content.get("type") == "Feature" else content["features"]
    if not isinstance(features, list):
        raise ValueError("its features are no list")
    return features


def _row(feature: Feature) -> dict[str, Any] | None:
    drawn = _outlined(feature["geometry"])
    if drawn is None:
        return None
    properties = feature.get("properties") or {}
    measured = _measurements(properties)
    exact = _exact(measured, drawn)
    return {
        "id": _number(properties.get("name")),
        **dict(zip(GEOMETRY, exact, strict=True)),
        "detection_score": float(measured.get(SCORE, np.nan)),
        **_classes(properties),
        **{name: float(value) for name, value in measured.items() if name.startswith("p_")},
    }


def _outlined(geometry: Mapping[str, Any]) -> Circle | None:
    """The circle of a geometry, if it has an area."""
    kind, parts = geometry["type"], geometry.get("coordinates", [])
    if geometry.get("isEllipse"):
        return shapes.ellipse(parts[0])
    if kind == "GeometryCollection":
        found = [part for part in geometry["geometries"] if part["type"].endswith("Polygon")]
        return _outlined(found[0]) if found else None
    polygons = {"Polygon": [parts], "MultiPolygon": parts}.get(kind, [])
    outer = [rings[0] for rings in polygons if rings]
    return shapes.polygon(outer, [hole for rings in polygons for hole in rings[1:]])


def _measurements(properties: Mapping[str, Any]) -> dict[str, float]:
    measured = properties.get("measurements") or {}
    if isinstance(measured, list):  # QuPath 0.3 and older
        return {item["name"]: item["value"] for item in measured}
    return dict(measured)


def _exact(measured: Mapping[str, float], drawn: Circle) -> Circle:
    if not all(title in measured for title in EXACT.values()):
        return drawn
    x, y, radius = (float(measured[title]) for title in EXACT.values())
    off = max(abs(a - b) for a, b in zip((x, y, radius), drawn, strict=True))
    return (x, y, radius) if off <= SAME * radius + 0.01 else drawn


def _classes(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Label and predicted class; what was said in QuPath since is the label."""
    name, metadata = _name(properties.get("classification")), properties.get("metadata") or {}
    label, predicted = metadata.get("label", ""), metadata.get("predicted", "")
    if name != (label or predicted):
        label = name
    return {"predicted": predicted, "label": label, "cut": metadata.get("cut") == "true"}


def _name(classification: Any) -> str:
    """The class name: QuPath writes a string, one name, or the names of a derived class."""
    if not classification:
        return ""
    if isinstance(classification, str):
        return classification
    return str(classification.get("name") or ": ".join(classification.get("names", [])))


def _number(name: Any) -> float:
    return float(name) if isinstance(name, str) and name.isdecimal() else np.nan
