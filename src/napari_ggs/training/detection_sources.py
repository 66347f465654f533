"""Where a detector's fields come from: phantoms, real tissue, labelled slides."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from napari_ggs.circles import Array, as_circles
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.models import DataSource
from napari_ggs.slides import open_slide
from napari_ggs.training.aidpath import LABELS, field_image
from napari_ggs.training.circles_data import Field, OnSlide, field_of
from napari_ggs.training.detection_phantoms import phantom_fields
from napari_ggs.training.detection_recipe import (
    AidpathFields,
    LabelledSlide,
    PhantomFields,
    Slides,
    Source,
)
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import AIDPATH

Progress = Callable[[int, int], None]


class Fields(NamedTuple):
    """Fields of one source: to learn from, to choose the model by, and to test it on."""

    training: list[Field]
    selection: list[Field]
    test: list[Field]


def fields_of(source: Source, mpp: float, progress: Progress) -> Fields:
    """Collect the fields of a source in px of `mpp`.

    Raises
    ------
    UserError
        If its files are not there or say something else than they should.
    """
    match source:
        case PhantomFields():
            return _split(phantom_fields(source, mpp, progress), source.validation)
        case AidpathFields():
            return _aidpath(source, mpp)
        case Slides():
            return _split([_slide_field(slide, mpp) for slide in source.slides], source.validation)


def described(source: Source) -> DataSource:
    """The source as a model card names it."""
    match source:
        case PhantomFields():
            drawn = f"{source.slides} phantom slides of napari-ggs from seed {source.seed}"
            return DataSource(name=drawn, licence="BSD-3-Clause")
        case AidpathFields():
            return AIDPATH
        case Slides():
            return DataSource(name=source.name, licence=source.licence, doi=source.doi)


def _split(fields: list[Field], share: float) -> Fields:
    aside = max(1, round(share * len(fields))) if share else 0
    learnt = len(fields) - aside
    return Fields(fields[:learnt], fields[learnt:], [])


# Real tissue


def _aidpath(source: AidpathFields, mpp: float) -> Fields:
    if not source.folder.is_dir():
        raise RecipeError(
            f"The recipe's data are not at {source.folder.absolute()}: start the training from the "
            "folder that its paths are relative to, or correct the recipe."
        )
    labels = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    fields = [_aidpath_field(source, entry, labels["mpp"], mpp) for entry in labels["field"]]
    known = [field.name for field in fields]
    unknown = sorted(set(source.held_out) - set(known))
    if unknown:
        raise RecipeError(
            f"The recipe holds out {', '.join(unknown)}, which are no fields of AIDPATH: "
            f"there are {', '.join(known)}."
        )
    held_out = [field for field in fields if field.name in source.held_out]
    rest = [field for field in fields if field.name not in source.held_out]
    return _split(rest, source.validation)._replace(test=held_out)


def _aidpath_field(
    source: AidpathFields, entry: dict[str, Any], mpp: float, to_mpp: float
) -> Field:
    image = field_image(source.folder, entry)
    circles, unsure = (
        as_circles([[c["x"], c["y"], c["radius"]] for c in entry[key]])
        for key in ("glomeruli", "unsure")
    )
    return field_of(entry["name"], image, mpp, circles, unsure, to_mpp)


def _slide_field(labelled: LabelledSlide, mpp: float) -> Field:
    slide = open_slide(labelled.path, mpp=labelled.mpp)
    scale = mpp / slide.require_mpp()
    circles, ignored = _read_circles(labelled.circles)
    return Field(slide.name, OnSlide(slide, mpp), circles / scale, ignored / scale)


def _read_circles(path: Path | None) -> tuple[Array, Array]:
    """Whole glomeruli and cut ones, in level-0 px."""
    if path is None:
        return as_circles([]), as_circles([])
    try:
        table = pd.read_csv(path)
        rows = table[["x", "y", "radius"]].astype(float)
    except (OSError, KeyError, ValueError) as fault:
        raise RecipeError(
            f"{path} is no list of circles ({fault}): it must be a CSV file with the columns "
            "x, y, radius in level-0 pixels."
        ) from fault
    label = table.get("label", pd.Series("", index=table.index))
    cut = table.get("cut", pd.Series(False, index=table.index)).astype(bool)
    glomerulus = label != NON_GLOMERULUS
    return as_circles(rows[glomerulus & ~cut]), as_circles(rows[glomerulus & cut])
