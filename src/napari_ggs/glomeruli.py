"""The Glomeruli table: one row per circle. Its columns are documented here, once.

================== ======= ==================================================================
column             type    meaning
================== ======= ==================================================================
``id``             int     1..n by (y, x) within a run; circles drawn by people go on from n
``x``, ``y``       float   centre in level-0 pixels of the full canvas; (0, 0) is the top-left
                           *corner* of the first pixel
``radius``         float   level-0 pixels
``detection_score`` float  the detector's score in [0, 1]; NaN for a circle drawn by a person
``predicted``      str     derived from the probabilities, never stored as truth: see `predict`; ""
                           where there are none (NaN), since pixels there could not be read
``label``          str     the class a person gave, or "" for none; it wins over ``predicted``
``p_<class>``      float   one per class of the scheme, calibrated, summing to 1 (`Scheme.columns`)
================== ======= ==================================================================

The index is a row's handle within a session and carries no meaning.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array, as_circles
from napari_ggs.lesions import NON_GLOMERULUS, Scheme

GEOMETRY = ["x", "y", "radius"]

STAYING_OUT = ("uncertain", "ungradable", "duplicate")
"""Assessments of a reader (`napari_ggs.store.folding`) that keep a circle out of %GGS and of
training."""

LOWEST_SCORE = 0.05
"""Circles of a lower detection score are not looked at. Far below any useful threshold: the
classifier filters (GGS paper, section IV.C), and what is computed can be shown or hidden live."""

MARGIN_UM = 12.5
"""Tissue that classifiers see on each side of a circle's box: the GGS authors' 50 px at 0.25 um/px.
Here, not in `classification`: processes that draw phantoms do without PyTorch."""


@dataclass(frozen=True)
class Thresholds:
    """What an unlabelled circle must reach to count.

    Attributes
    ----------
    detection : float
        Least detection score (``t_det``).
    glomerulus : float
        Least 1 - p(non-glomerulus) (``t_glom``).
    """

    detection: float = 0.1
    glomerulus: float = 0.5


def columns(scheme: Scheme) -> list[str]:
    """The columns of a table under `scheme`, in the order of the CSV contract."""
    return ["id", *GEOMETRY, "detection_score", "predicted", "label", *scheme.columns]


def build(
    circles: ArrayLike,
    scores: ArrayLike,
    probabilities: ArrayLike,
    scheme: Scheme,
    t_glom: float = 0.5,
) -> pd.DataFrame:
    """Make a table of unlabelled circles, numbered 1..n in the order given.

    Parameters
    ----------
    circles : array_like, shape (n, 3)
        x, y, radius in level-0 pixels.
    scores : array_like, shape (n,)
        Detection scores.
    probabilities : array_like, shape (n, k)
        In the order of ``scheme.classes``.
    """
    xyr = as_circles(circles)
    p = np.asarray(probabilities, dtype=float).reshape(len(xyr), len(scheme.classes))
    table = pd.DataFrame(xyr, columns=GEOMETRY)
    table.insert(0, "id", np.arange(1, len(xyr) + 1))
    table["detection_score"] = np.asarray(scores, dtype=float)
    table["predicted"] = pd.array(predict(p, scheme, t_glom), dtype="str")
    table["label"] = pd.array([""] * len(xyr), dtype="str")
    return pd.concat([table, pd.DataFrame(p, columns=list(scheme.columns))], axis=1)


def empty(scheme: Scheme) -> pd.DataFrame:
    """A table without rows, with the right columns and types."""
    return build([], [], [], scheme)


def circles_of(table: pd.DataFrame) -> Array:
    """The geometry of a table as an array of shape (n, 3)."""
    return table[GEOMETRY].to_numpy(dtype=float)


def predict(probabilities: ArrayLike, scheme: Scheme, t_glom: float = 0.5) -> NDArray[np.object_]:
    """Class names derived from probabilities of shape (n, k).

    Non-glomerulus if 1 - p(non-glomerulus) < `t_glom`, else the best glomerular class; "" where
    there are no probabilities (NaN). A scheme without non-glomerulus takes the best class.
    """
    p = np.asarray(probabilities, dtype=float).reshape(-1, len(scheme.classes))
    glomerular = p[:, : len(scheme.glomerular)]
    known = ~np.isnan(p).any(axis=1)
    names = np.full(len(p), "", dtype=object)
    names[known] = np.array(scheme.glomerular, dtype=object)[glomerular[known].argmax(axis=1)]
    if scheme.can_filter:
        names[known & (1 - p[:, -1] < t_glom)] = NON_GLOMERULUS
    return names


def classes_in_force(table: pd.DataFrame) -> pd.Series:
    """The class of each row: the human label, else the predicted class."""
    return table["label"].where(table["label"] != "", table["predicted"])


def passes(table: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Rows that a person drew or judged, or whose detection score reaches the threshold.

    Who labels a circle or says that it is uncertain, ungradable or cut has judged it.
    """
    by_hand = (table["label"] != "") | table["detection_score"].isna()
    if "assessment" in table:
        by_hand |= table["assessment"] != ""
    return by_hand | (table["detection_score"] >= thresholds.detection)


def counted(table: pd.DataFrame, scheme: Scheme, thresholds: Thresholds) -> pd.Series:
    """Rows that count as glomeruli: they pass, and the class in force is glomerular.

    Not those that a reader found uncertain, ungradable or a duplicate.
    """
    graded = passes(table, thresholds) & classes_in_force(table).isin(scheme.glomerular)
    return graded & ~table["assessment"].isin(STAYING_OUT) if "assessment" in table else graded


def unclassified(table: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Rows that pass and have no class, since pixels there could not be read."""
    return passes(table, thresholds) & (classes_in_force(table) == "")


def counts(table: pd.DataFrame, scheme: Scheme, thresholds: Thresholds) -> dict[str, int]:
    """Number of counted glomeruli per glomerular class, in class order."""
    found = classes_in_force(table)[counted(table, scheme, thresholds)].value_counts()
    return {name: int(found.get(name, 0)) for name in scheme.glomerular}


def percent_sclerotic(class_counts: dict[str, int], scheme: Scheme) -> float | None:
    """%GGS = 100 x globally sclerotic / all counted glomeruli; None where there are none."""
    total = sum(class_counts.values())
    sclerotic = sum(class_counts.get(name, 0) for name in scheme.sclerotic)
    return 100 * sclerotic / total if total else None


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The table with ids 1..n by (y, x), in that order; the index keeps the rows' handles."""
    ordered = table.sort_values(["y", "x", "radius"], kind="stable")
    return ordered.assign(id=np.arange(1, len(table) + 1))
