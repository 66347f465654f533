"""The table that the circles of any file become: a Glomeruli table that no scheme binds.

Columns: ``id``, ``x``, ``y``, ``radius``, ``detection_score``, ``predicted`` and ``label`` as in
`napari_ggs.glomeruli`; ``cut`` (bool), true where an edge takes some of the glomerulus; and the
``p_`` columns of a file of our own. ``label`` is the class that the file gives, "" for a
glomerulus whose class nobody gave. Only our own files hold detections that nobody confirmed: a
score, a predicted class, no label.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.circles import inside
from napari_ggs.errors import UserError
from napari_ggs.exchange.classes import class_of
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.lesions import SCHEMES, Scheme
from napari_ggs.slides import Slide

COLUMNS = ["id", *GEOMETRY, "detection_score", "predicted", "label", "cut"]
ABSENT: dict[str, float | str | bool] = {
    "detection_score": np.nan,
    "predicted": "",
    "label": "",
    "cut": False,
}
"""What stands in columns that a file does not have."""


def complete(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Give a reader's rows all columns and their types, and ids where they have none.

    Raises
    ------
    UserError
        If a row is no circle: not finite, or without a radius.
    """
    table = pd.DataFrame(rows)
    for column, absent in ABSENT.items():
        table[column] = table.get(column, absent)
    numbers = [*GEOMETRY, "detection_score", *probabilities(table)]
    types: Any = dict.fromkeys(numbers, float) | {"predicted": "str", "label": "str", "cut": bool}
    table = table.astype(types).reset_index(drop=True)
    circles = glomeruli.circles_of(table)
    bad = np.flatnonzero(~np.isfinite(circles).all(axis=1) | ~(circles[:, 2] > 0))
    if len(bad):
        x, y, radius = circles[bad[0]]
        raise UserError(
            f"{path}: row {bad[0] + 1} is no circle (x {x:g}, y {y:g}, radius {radius:g}); "
            "expected numbers and a radius above 0. Correct or remove it."
        )
    return _with_ids(table)[[*COLUMNS, *probabilities(table)]]


def probabilities(table: pd.DataFrame) -> list[str]:
    """The probability columns of a table."""
    return [str(column) for column in table if str(column).startswith("p_")]


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    """New circles go on from the last id; where two share one, all are numbered afresh."""
    ids = table["id"].astype(float) if "id" in table else pd.Series(np.nan, index=table.index)
    if ids.dropna().duplicated().any():
        ids[:] = np.nan
    new = ids.isna()
    ids[new] = np.arange(1, new.sum() + 1) + (0 if new.all() else ids.max())
    return table.assign(id=ids.astype(int))


def with_classes(table: pd.DataFrame, renamed: Mapping[str, str], path: Path) -> pd.DataFrame:
    """Turn the file's class names into ours; rows of classes that are left out go.

    Raises
    ------
    UserError
        If a name is unknown: see `napari_ggs.exchange.classes.class_of`.
    """
    for column in ("label", "predicted"):
        meant = {name: class_of(name, renamed, path) for name in table[column].unique()}
        names = pd.Series([meant[name] for name in table[column]], table.index, dtype="str")
        table = table.assign(**{column: names})[names.notna()]
    return table.reset_index(drop=True)


def scaled(table: pd.DataFrame, factor: float) -> pd.DataFrame:
    """The table with its circles in pixels `factor` times as small."""
    return table.assign(**{name: table[name] * factor for name in GEOMETRY})


def refuse_outside(table: pd.DataFrame, slide: Slide, path: Path) -> None:
    """See that every centre lies on the slide.

    Raises
    ------
    UserError
        If not: the circles are of another slide, or in pixels of another size.
    """
    x, y = table["x"], table["y"]
    off = ~(x.between(0, slide.width) & y.between(0, slide.height))
    if off.any():
        first = table[off].iloc[0]
        raise UserError(
            f"{path}: {off.sum()} of {len(table)} circles lie outside the slide {slide.path.name} "
            f"({slide.width} x {slide.height} px), the first at ({first.x:.0f}, {first.y:.0f}). "
            "Is it the file of that slide? If it was drawn on a smaller copy, give its downsample."
        )


def truth(table: pd.DataFrame) -> pd.Series:
    """Rows that a person vouches for: labelled, or drawn; not a detection that nobody saw."""
    return (table["label"] != "") | table["detection_score"].isna()


def whole(table: pd.DataFrame, slide: Slide) -> pd.Series:
    """Circles that no edge cuts: neither the file says so, nor do they reach out of the slide."""
    fitting = inside(glomeruli.circles_of(table), (0, 0, slide.width, slide.height))
    return ~table["cut"].astype(bool) & fitting


def told_by_people(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `truth` without predictions: all that formats may hold which know none.

    Whatever stands in such a file reads back as what a person says.
    """
    return table[truth(table)].assign(predicted="")


def as_glomeruli(table: pd.DataFrame) -> tuple[pd.DataFrame, Scheme]:
    """The table in the columns of a scheme that has all its classes, and ``cut``.

    Probabilities of another scheme are left out.

    Raises
    ------
    UserError
        If no scheme has all its classes.
    """
    used = set(glomeruli.classes_in_force(table)) | set(table["label"]) | set(table["predicted"])
    own = [s for s in SCHEMES.values() if set(s.columns) == set(probabilities(table))]
    for scheme in [*own, *SCHEMES.values()]:
        if used <= {"", *scheme.classes}:
            full = table.reindex(columns=[*glomeruli.columns(scheme), "cut"])
            return full, scheme
    raise UserError(
        f"No class scheme has {', '.join(sorted(used - {''}))} together: rename some with --map."
    )
