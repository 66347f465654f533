"""labelme JSON: circles (centre and a point on the rim), polygons and rectangles of one image.

Coordinates are pixels of the annotated image. Of the shapes that labelme knows, points and lines
have no area and are passed over.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.exchange import shapes
from napari_ggs.exchange.circle_table import COLUMNS, told_by_people
from napari_ggs.exchange.classes import GLOMERULUS
from napari_ggs.exchange.shapes import Circle, Size
from napari_ggs.files import replacing
from napari_ggs.glomeruli import GEOMETRY

VERSION = "5.5.0"
WITHOUT_AREA = {"point", "points", "line", "linestrip"}


def write_labelme(table: pd.DataFrame, path: Path, image: str, size: Size) -> None:
    """Write one circle shape for each circle that people vouch for, with its label.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table, perhaps with a column ``cut`` (a flag of the shape); see
        `told_by_people` for what is left out.
    path : Path
    image : str
        File name of the image.
    size : tuple of float
        Its width and height in px.
    """
    content: dict[str, Any] = {
        "version": VERSION,
        "flags": {},
        "shapes": [_shape(row) for row in told_by_people(table).to_dict("records")],
        "imagePath": image,
        "imageData": None,
        "imageHeight": size[1],
        "imageWidth": size[0],
    }
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _shape(row: Mapping[Any, Any]) -> dict[str, Any]:
    x, y, radius = (float(row[column]) for column in GEOMETRY)
    return {
        "label": row["label"] or GLOMERULUS,
        "points": [[x, y], [x + radius, y]],
        "group_id": None,
        "description": "",
        "shape_type": "circle",
        "flags": {"cut": True} if row.get("cut", False) else {},
    }


def read_labelme(path: Path, content: Mapping[str, Any]) -> tuple[pd.DataFrame, Size | None]:
    """Read shapes as circles, class names as they stand there.

    Parameters
    ----------
    path : Path
        For messages.
    content : mapping
        The file's JSON.

    Returns
    -------
    table : DataFrame
        In px of the annotated image.
    size : tuple of float or None
        The image's width and height, where the file says them.

    Raises
    ------
    UserError
        If a shape is of a kind that is not known here, or damaged.
    """
    try:
        rows = [row for shape in content["shapes"] if (row := _row(shape)) is not None]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(
            f"{path} is no labelme file of circles, polygons and rectangles "
            f"({type(error).__name__}: {error}). Save it again from labelme."
        ) from error
    width, height = content.get("imageWidth"), content.get("imageHeight")
    size = (float(width), float(height)) if width and height else None
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=COLUMNS), size


def _row(shape: Mapping[str, Any]) -> dict[str, Any] | None:
    circle = _circle(shape.get("shape_type") or "polygon", shape["points"])
    if circle is None:
        return None
    cut = bool((shape.get("flags") or {}).get("cut", False))
    return dict(zip(GEOMETRY, circle, strict=True)) | {"label": str(shape["label"]), "cut": cut}


def _circle(kind: str, points: list[list[float]]) -> Circle | None:
    if kind == "circle":
        (x, y), rim = points
        return float(x), float(y), math.dist((x, y), rim)
    if kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        return shapes.box(left, top, right - left, bottom - top)
    if kind in ("polygon", "rectangle"):
        return shapes.polygon([points])
    if kind in WITHOUT_AREA:
        return None
    raise ValueError(f"a shape is a {kind!r}")
