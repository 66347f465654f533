"""Reading circles in whatever format a file has, as told by its name and content."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.exchange import circle_table
from napari_ggs.exchange.coco import read_coco
from napari_ggs.exchange.imagescope_reading import read_imagescope
from napari_ggs.exchange.labelme import read_labelme
from napari_ggs.exchange.masks import read_mask
from napari_ggs.exchange.qupath_reading import read_features
from napari_ggs.exchange.shapes import Size
from napari_ggs.exchange.table import read_circles_csv
from napari_ggs.slides import Slide

MASKS = (".png", ".tif", ".tiff")
EXPECTED = (
    ".csv, .geojson (QuPath), .xml (ImageScope), .json (labelme, COCO or GeoJSON) or a label mask "
    "(.png, .tif)"
)


def read_circles(
    path: Path,
    slide: Slide | None = None,
    *,
    classes: Mapping[str, str] | None = None,
    downsample: float | None = None,
    image_mpp: float | None = None,
    leica: bool = False,
) -> pd.DataFrame:
    """Read the circles of a file of any format.

    Parameters
    ----------
    path : Path
        CSV, QuPath GeoJSON, ImageScope XML, labelme JSON, COCO JSON, or a label mask.
    slide : Slide, optional
        The slide that they are of: then none may lie outside it, and the size of a mask or of
        an annotated image says how much smaller than the slide it is.
    classes : mapping of str to str, optional
        The file's class names to ours, to "glomerulus" (no class given) or to "" (left out).
    downsample : float, optional
        Level-0 px per px of the image that was annotated.
    image_mpp : float, optional
        Its microns per pixel, instead of `downsample`; needs the slide.
    leica : bool
        ImageScope showed a Leica SCN slide, turned; needs the slide.

    Returns
    -------
    DataFrame
        In level-0 px: see `napari_ggs.exchange.circle_table`. The circles of outlines, boxes and
        masks have their area and centroid.

    Raises
    ------
    UserError
        Names the file, what was found and what was expected.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path} to read circles from. Check its name and folder.")
    try:
        rows, size = _read(path, slide, leica)
    except OSError as fault:
        raise UserError(f"{path} cannot be read ({fault.strerror or fault}).") from fault
    table = circle_table.with_classes(circle_table.complete(rows, path), classes or {}, path)
    table = circle_table.scaled(table, _factor(path, size, slide, downsample, image_mpp))
    if slide is not None:
        circle_table.refuse_outside(table, slide, path)
    return table


def _read(path: Path, slide: Slide | None, leica: bool) -> tuple[pd.DataFrame, Size | None]:
    """The rows as they stand in the file; the size of the image if they are in its pixels."""
    match path.suffix.lower():
        case ".csv":
            return read_circles_csv(path), None
        case ".xml":
            return read_imagescope(path, leica_height(path, slide, leica)), None
        case ".geojson":
            return read_features(path), None
        case ".json":
            return _read_json(path, slide)
        case suffix if suffix in MASKS:
            return read_mask(path)
    raise UserError(f"{path} is of no format that is known here; expected {EXPECTED}.")


def _read_json(path: Path, slide: Slide | None) -> tuple[pd.DataFrame, Size | None]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise UserError(f"{path} is no JSON file ({fault}). Save or copy it again.") from fault
    keys = set(content) if isinstance(content, dict) else set()
    if "shapes" in keys:
        return read_labelme(path, content)
    if {"images", "annotations"} <= keys:
        return read_coco(path, content, None if slide is None else slide.name)
    if isinstance(content, list) or keys & {"features", "geometry"}:
        return read_features(path), None
    raise UserError(
        f"{path} is neither a labelme file (shapes), nor COCO (images, annotations), nor GeoJSON "
        f"(features); it has {', '.join(sorted(keys)[:5]) or 'nothing of these'}."
    )


def leica_height(path: Path, slide: Slide | None, leica: bool) -> int | None:
    """The height about which ImageScope turns the slide, if it does."""
    if leica and slide is None:
        raise UserError(f"To turn the Leica circles of {path}, name their slide with --slide.")
    return slide.height if leica and slide is not None else None


def _factor(
    path: Path,
    size: Size | None,
    slide: Slide | None,
    downsample: float | None,
    image_mpp: float | None,
) -> float:
    """Level-0 px per px of the file."""
    if downsample is not None:
        return downsample
    if image_mpp is not None:
        if slide is None:
            raise UserError(f"To place what was drawn at {image_mpp:g} um/px, name the slide.")
        return image_mpp / slide.require_mpp()
    if size is None or slide is None:
        return 1.0
    across, down = slide.width / size[0], slide.height / size[1]
    if abs(across / down - 1) > 1 / size[0] + 1 / size[1]:  # a pixel more or less each way
        raise UserError(
            f"{path} is of {size[0]:g} x {size[1]:g} px, which is not the shape of the slide "
            f"{slide.path.name} ({slide.width} x {slide.height} px). If it is of the slide all the "
            "same, give its downsample or um/px."
        )
    return max(slide.width, slide.height) / max(size)
