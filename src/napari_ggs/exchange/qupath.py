"""QuPath GeoJSON: circles as ellipses that QuPath shows, exact circles in the measurements.

GeoJSON has no circle, so each becomes a polygon with QuPath's own mark ``isEllipse``; centre and
radius also travel as measurements. See `napari_ggs.exchange.qupath_reading` for the way back.
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
from napari_ggs.exchange import shapes
from napari_ggs.exchange.circle_table import complete
from napari_ggs.exchange.qupath_reading import EXACT, SCORE, read_features
from napari_ggs.files import replacing
from napari_ggs.lesions import Scheme


def write_geojson(table: pd.DataFrame, scheme: Scheme, path: Path, fingerprint: str) -> None:
    """Write one annotation per circle, classified by the class in force.

    Parameters
    ----------
    table : DataFrame
        The rows to write. Those whose class in force is "" get no classification; a true ``cut``
        is kept in the metadata.
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
        "geometry": {"type": "Polygon", "coordinates": [_ring(row)], "isEllipse": True},
        "properties": {
            "objectType": "annotation",
            "name": str(row["id"]),
            **_classification(name, scheme),
            "metadata": _metadata(row),
            "measurements": _measurements(row, scheme),
        },
    }


def _classification(name: str, scheme: Scheme) -> dict[str, Any]:
    if not name:
        return {}
    return {"classification": {"name": name, "color": _rgb(scheme[name].colour)}}


def _metadata(row: Mapping[Any, Any]) -> dict[str, str]:
    metadata = {"predicted": row["predicted"], "label": row["label"]}
    return metadata | ({"cut": "true"} if row.get("cut", False) else {})


def _ring(row: Mapping[Any, Any]) -> list[list[float]]:
    """A closed ring whose polygon has the circle's area."""
    points: list[list[float]] = shapes.ring(row["x"], row["y"], row["radius"]).tolist()
    return [*points, points[0]]


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _measurements(row: Mapping[Any, Any], scheme: Scheme) -> dict[str, float]:
    named = {title: row[column] for column, title in EXACT.items()}
    named[SCORE] = row["detection_score"]
    named |= {column: row[column] for column in scheme.columns}
    return {name: float(value) for name, value in named.items() if not np.isnan(value)}


def read_geojson(path: Path, scheme: Scheme) -> pd.DataFrame:
    """Read circles back as a Glomeruli table; `read_features` says what else is read.

    Raises
    ------
    UserError
        If the file is no GeoJSON of outlines, or a class is not of the scheme.
    """
    table = complete(read_features(path), path)
    for name in {*table["predicted"], *table["label"]} - {"", *scheme.classes}:
        raise UserError(
            f"{path} names the class {name!r}; expected one of {', '.join(scheme.classes)}."
        )
    return table.reindex(columns=glomeruli.columns(scheme))
