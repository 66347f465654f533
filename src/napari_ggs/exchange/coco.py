"""COCO JSON: instances of one image as boxes, polygons or run lengths; and CircleNet's variant.

Coordinates are pixels of the image. CircleNet's training reads ``circle_center`` and
``circle_radius`` beside the usual fields, so they are written. Reading takes the segmentation
first and theirs only where there is none, since its converter makes them smallest enclosing
circles; last the box, whose own area it takes (REFERENCE.md section 5: boxes likewise), 13 %
more radius than the circle that was written into it.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange import shapes
from napari_ggs.exchange.circle_table import COLUMNS, told_by_people
from napari_ggs.exchange.classes import GLOMERULUS
from napari_ggs.exchange.run_lengths import decoded
from napari_ggs.exchange.shapes import Circle, Size
from napari_ggs.files import replacing
from napari_ggs.glomeruli import GEOMETRY


def write_coco(table: pd.DataFrame, path: Path, image: str, size: Size) -> None:
    """Write the circles of one image that people vouch for, one category for each label.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table; see `told_by_people` for what is left out.
    path : Path
    image : str
        File name of the image.
    size : tuple of float
        Its width and height in px.
    """
    known = told_by_people(table)
    names = [name or GLOMERULUS for name in known["label"]]
    categories = {name: number for number, name in enumerate(sorted(set(names)), start=1)}
    circles = glomeruli.circles_of(known).tolist()
    content = {
        "images": [{"id": 1, "file_name": image, "width": size[0], "height": size[1]}],
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": categories[name], **_annotation(*circle)}
            for i, (circle, name) in enumerate(zip(circles, names, strict=True), start=1)
        ],
    }
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(content), encoding="utf-8")


def _annotation(x: float, y: float, radius: float) -> dict[str, Any]:
    return {
        "bbox": [x - radius, y - radius, 2 * radius, 2 * radius],
        "area": math.pi * radius**2,
        "iscrowd": 0,
        "segmentation": [shapes.ring(x, y, radius).ravel().tolist()],
        "circle_center": [x, y],
        "circle_radius": radius,
    }


def read_coco(
    path: Path, content: Mapping[str, Any], image: str | None
) -> tuple[pd.DataFrame, Size | None]:
    """Read the instances of one image as circles, class names as they stand there.

    Parameters
    ----------
    path : Path
        For messages.
    content : mapping
        The file's JSON.
    image : str or None
        Name of the image without its ending; needed where the file has several.

    Returns
    -------
    table : DataFrame
        In px of the image.
    size : tuple of float or None
        The image's width and height, where the file says them.

    Raises
    ------
    UserError
        If the file has not that image, or an annotation is damaged.
    """
    try:
        chosen = _image(path, content["images"], image)
        rows = list(_rows(content, chosen))
        width, height = chosen.get("width"), chosen.get("height")
        size = (float(width), float(height)) if width and height else None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(
            f"{path} is no COCO file with a segmentation or a bbox for each annotation "
            f"({type(error).__name__}: {error}). Export it again."
        ) from error
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=COLUMNS), size


def _image(path: Path, images: list[Mapping[str, Any]], name: str | None) -> Mapping[str, Any]:
    if not images or not all(isinstance(one, Mapping) for one in images):
        raise UserError(
            f"{path} describes no image: expected images with id and file_name. Export it again."
        )
    if len(images) == 1:
        return images[0]
    files = {Path(str(one.get("file_name", ""))).stem: one for one in images}
    if name in files:
        return files[name]
    some = ", ".join(list(files)[:5])
    raise UserError(
        f"{path} is of {len(images)} images ({some}, ...), none of them named {name!r}: name the "
        "slide after its image, or export each image by itself."
    )


def _rows(content: Mapping[str, Any], image: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = {one["id"]: str(one["name"]) for one in content.get("categories", [])}
    for annotation in content["annotations"]:
        if annotation["image_id"] == image["id"]:
            circle = _circle(annotation)
            if circle is not None:
                name = names.get(annotation.get("category_id"), "")
                yield dict(zip(GEOMETRY, circle, strict=True)) | {"label": name}


def _circle(annotation: Mapping[str, Any]) -> Circle | None:
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, Mapping):
        return shapes.mask(decoded(segmentation))
    if segmentation:
        return shapes.polygon(np.reshape(part, (-1, 2)) for part in segmentation)
    if "circle_radius" in annotation:
        x, y = annotation["circle_center"]
        return float(x), float(y), float(annotation["circle_radius"])
    return shapes.box(*annotation["bbox"])
