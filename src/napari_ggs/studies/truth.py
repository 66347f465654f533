"""The truth of a slide: which file holds it, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.errors import UserError
from napari_ggs.exchange import read_circles
from napari_ggs.exchange.circle_table import truth as vouched_for
from napari_ggs.exchange.circle_table import whole
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import NON_GLOMERULUS, Scheme, translated
from napari_ggs.slides import Slide, result_name

ENDINGS = (".truth.csv", ".csv", ".geojson", ".xml", ".json")
"""What a truth file in a folder is called, after the slide's name; the first that is there."""


@dataclass(frozen=True)
class Truth:
    """The glomeruli of a slide, in level-0 px.

    Attributes
    ----------
    circles : ndarray, shape (n, 3)
        Those that must be found.
    labels : ndarray of str, shape (n,)
        Their classes in the classifier's scheme; "" where nobody gave one.
    ignored : ndarray, shape (k, 3)
        Those that an edge cuts.
    """

    circles: Array
    labels: NDArray[np.str_]
    ignored: Array


def truth_files(slides: Sequence[Path], given: Sequence[Path]) -> list[Path]:
    """The truth file of each slide.

    Parameters
    ----------
    slides : sequence of Path
    given : sequence of Path
        One file for each slide, in the same order; or one folder of files named as the slides.

    Raises
    ------
    UserError
        If there is none for a slide, or two slides share a name and so a file in the folder.
    """
    if len(given) == 1 and given[0].is_dir():
        files = [_in_folder(given[0], result_name(slide)) for slide in slides]
        if twice := [file for file in files if files.count(file) > 1]:
            raise UserError(
                f"{twice[0]} would be the truth of two slides of one name: give the truth files "
                "one by one, with --truth for each slide."
            )
        return files
    if len(given) != len(slides):
        raise UserError(
            f"There are {len(slides)} slides and {len(given)} truth files: give --truth once for "
            "each slide, in the same order, or a folder of files named as the slides."
        )
    for file in given:
        if not file.is_file():
            raise UserError(f"There is no truth file {file}. Check its name and folder.")
    return list(given)


def _in_folder(folder: Path, name: str) -> Path:
    for ending in ENDINGS:
        if (folder / f"{name}{ending}").is_file():
            return folder / f"{name}{ending}"
    raise UserError(
        f"There is no truth for the slide {name} in {folder}: expected {name}.csv (columns x, y, "
        f"radius and, where known, label and cut) or {', '.join(ENDINGS[2:])}."
    )


def read_truth(
    path: Path, slide: Slide, scheme: Scheme, classes: Mapping[str, str] | None = None
) -> Truth:
    """Read the true circles of a slide from a file of any format that `exchange` reads.

    Detections that nobody confirmed are no truth, nor is what is labelled non-glomerulus. A file
    without circles says that there is no glomerulus. `classes` renames the file's class names
    (see `read_circles`).

    Raises
    ------
    UserError
        If the file is no list of circles on the slide, holds detections alone, or a class has no
        counterpart in the scheme.
    """
    table = read_circles(path, slide, classes=classes)
    known = vouched_for(table)
    if len(table) and not known.any():
        raise UserError(
            f"{path} holds {len(table)} detections on {slide.name} and nothing that a person drew "
            "or labelled: that is no truth. Outline the glomeruli, or label the circles, first."
        )
    rows = table[known & (table["label"] != NON_GLOMERULUS)]
    uncut = whole(rows, slide)
    found = rows[uncut]
    return Truth(circles_of(found), _labels(found, scheme, path), circles_of(rows[~uncut]))


def _labels(rows: pd.DataFrame, scheme: Scheme, path: Path) -> NDArray[np.str_]:
    try:
        meant = {name: translated(name, scheme) if name else "" for name in set(rows["label"])}
    except ValueError as fault:
        raise UserError(
            f"{path}: the class {fault}. Name one of these, or leave the label empty."
        ) from fault
    return np.array([meant[name] for name in rows["label"]], dtype=np.str_)
