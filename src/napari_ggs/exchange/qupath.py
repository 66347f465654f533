"""QuPath GeoJSON: circles as polygons that QuPath shows, exact circles in the measurements.

QuPath has no circle, so an ellipse becomes a polygon; centre and radius also travel as
measurements, and reading back prefers them (REFERENCE.md section 6).
"""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.files import replacing
from napari_ggs.lesions import Scheme

VERTICES = 64
_EXACT = {"x": "Centre X px", "y": "Centre Y px", "radius": "Radius px"}
_SCORE = "Detection score"


def write_geojson(table: pd.DataFrame, scheme: Scheme, path: Path, fingerprint: str) -> None:
    """Write one annotation per circle, classified by the class in force.

    Parameters
    ----------
    table : DataFrame
        The rows to write.
    fingerprint : str
        The slide's; with the circle's id it makes the object ids, so that runs compare.
    """
    classes = glomeruli.classes_in_force(table)
    features = [
        _feature(row, str(name), scheme, fingerprint)
        for row, name in zip(table.to_dict("records"), classes, strict=True)
    ]
    with replacing(path) as scratch:
        scratch.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _feature(row: Mapping[Any, Any], name: str, scheme: Scheme, fingerprint: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{fingerprint}/{row['id']}")),
        "geometry": {"type": "Polygon", "coordinates": [_ring(row)]},
        "properties": {
            "objectType": "annotation",
            "name": str(row["id"]),
            "classification": {"name": name, "color": _rgb(scheme[name].colour)},
            "metadata": {"predicted": row["predicted"], "label": row["label"]},
            "measurements": _measurements(row, scheme),
        },
    }


def _ring(row: Mapping[Any, Any]) -> list[list[float]]:
    """A closed ring whose polygon has the circle's area."""
    step = 2 * np.pi / VERTICES
    radius = row["radius"] * np.sqrt(step / np.sin(step))
    turn = np.append(np.arange(VERTICES) * step, 0.0)
    points = np.column_stack([row["x"] + radius * np.cos(turn), row["y"] + radius * np.sin(turn)])
    return [[float(x), float(y)] for x, y in points]


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _measurements(row: Mapping[Any, Any], scheme: Scheme) -> dict[str, float]:
    named = {title: row[column] for column, title in _EXACT.items()}
    named[_SCORE] = row["detection_score"]
    named |= {column: row[column] for column in scheme.columns}
    return {name: float(value) for name, value in named.items() if not np.isnan(value)}


def read_geojson(path: Path, scheme: Scheme) -> pd.DataFrame:
    """Read circles back as a Glomeruli table.

    Raises
    ------
    UserError
        If the file is no GeoJSON feature collection, a feature is no circle that was written
        here, or a class is not of the scheme.
    """
    try:
        features = json.loads(path.read_text())["features"]
        rows = [_row(feature, scheme) for feature in features]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no GeoJSON of circles with centre and radius among the measurements "
            f"({error}). Export it with napari-ggs, or from QuPath with its measurements."
        ) from error
    return pd.DataFrame(rows, columns=glomeruli.columns(scheme)).astype(
        {"predicted": str, "label": str}
    )


def _row(feature: Mapping[str, Any], scheme: Scheme) -> dict[str, Any]:
    properties = feature["properties"]
    measured = properties["measurements"]
    if isinstance(measured, list):  # QuPath 0.3 and older
        measured = {item["name"]: item["value"] for item in measured}
    name = properties["classification"]["name"]
    if name not in scheme:
        raise ValueError(f"the class {name!r} is none of {', '.join(scheme.classes)}")
    origin = properties.get("metadata", {"predicted": "", "label": name})
    exact = {column: float(measured[title]) for column, title in _EXACT.items()}
    p = {column: float(measured.get(column, np.nan)) for column in scheme.columns}
    score = float(measured.get(_SCORE, np.nan))
    return {"id": int(properties["name"]), **exact, "detection_score": score, **origin, **p}
