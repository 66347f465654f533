"""Writing circles in the formats of other programs, and converting between them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.exchange.circle_table import as_glomeruli, told_by_people
from napari_ggs.exchange.coco import write_coco
from napari_ggs.exchange.imagescope import write_imagescope
from napari_ggs.exchange.labelme import write_labelme
from napari_ggs.exchange.qupath import write_geojson
from napari_ggs.exchange.reading import leica_height, read_circles
from napari_ggs.exchange.table import write_csv
from napari_ggs.files import make_folder
from napari_ggs.slides import Slide

Format = Literal["csv", "geojson", "imagescope", "labelme", "coco"]

WITH_PREDICTIONS: tuple[Format, ...] = ("csv", "geojson")
"""Formats that tell a detection from what a person says; the others hold the latter alone."""

BY_ENDING: dict[str, Format] = {".csv": "csv", ".geojson": "geojson", ".xml": "imagescope"}


def format_of(path: Path, wanted: str | None = None) -> Format:
    """The format to write, by name or by the file's ending.

    Raises
    ------
    UserError
        If neither tells.
    """
    named: dict[str | None, Format] = {name: name for name in get_args(Format)}
    found = named.get(wanted) if wanted else BY_ENDING.get(path.suffix.lower())
    if found:
        return found
    raise UserError(
        f"How {path} is to be written is not clear: end it in {', '.join(BY_ENDING)}, or give "
        f"--format: {', '.join(get_args(Format))}."
    )


def write_circles(
    table: pd.DataFrame,
    path: Path,
    slide: Slide | None = None,
    *,
    written: Format = "csv",
    leica: bool = False,
) -> pd.DataFrame:
    """Write a table of circles (level-0 px) in one of the formats; return the rows written.

    Detections that nobody confirmed are left out of files that could not say so: those of
    formats other than `WITH_PREDICTIONS`.

    Parameters
    ----------
    table : DataFrame
        See `napari_ggs.exchange.circle_table`.
    path : Path
    slide : Slide, optional
        Its image's name and size go into labelme and COCO files, which need them, its um/px
        into ImageScope XML, its fingerprint into the ids of GeoJSON objects.
    written : {"csv", "geojson", "imagescope", "labelme", "coco"}
        The format.
    leica : bool
        Turn the circles as ImageScope shows a Leica SCN slide; needs the slide.

    Raises
    ------
    UserError
        If the slide is missing where it is needed, or the file cannot be written.
    """
    rows = table if written in WITH_PREDICTIONS else told_by_people(table)
    full, scheme = as_glomeruli(rows)
    if written == "csv":
        write_csv(full, scheme, path)
    elif written == "geojson":
        write_geojson(full, scheme, path, path.stem if slide is None else slide.fingerprint)
    elif written == "imagescope":
        mpp = None if slide is None else slide.mpp
        write_imagescope(full, path, mpp, leica_height(path, slide, leica))
    elif slide is None:
        raise UserError(f"A {written} file names its image and its size: give --slide.")
    else:
        writer: Callable[..., None] = write_labelme if written == "labelme" else write_coco
        writer(full, path, slide.path.name, (slide.width, slide.height))
    return rows


def convert(
    paths: Sequence[Path],
    out: Path,
    slide: Slide | None = None,
    *,
    wanted: str | None = None,
    classes: Mapping[str, str] | None = None,
    downsample: float | None = None,
    image_mpp: float | None = None,
    leica: bool = False,
) -> tuple[pd.DataFrame, int]:
    """Write the circles of one or several files of a slide into one.

    Parameters
    ----------
    paths : sequence of Path
    out : Path
    slide : Slide, optional
    wanted : str, optional
        The format; by default the ending of `out` says.
    classes, downsample, image_mpp, leica
        See `napari_ggs.exchange.reading.read_circles`.

    Returns
    -------
    table : DataFrame
        What was written.
    left_out : int
        Number of detections that were not: see `write_circles`.

    Raises
    ------
    UserError
        If a file cannot be read or written; nothing is written then.
    """
    written = format_of(out, wanted)
    tables = [
        read_circles(
            path, slide, classes=classes, downsample=downsample, image_mpp=image_mpp, leica=leica
        )
        for path in paths
    ]
    table = tables[0] if len(tables) == 1 else _joined(tables)
    make_folder(out.parent)
    rows = write_circles(table, out, slide, written=written, leica=leica)
    return rows, len(table) - len(rows)


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)] or [tables[0]]
    table = pd.concat(filled, ignore_index=True)
    return table.assign(id=range(1, len(table) + 1))
