"""A Glomeruli table beside the truth of its slide: with and without the classifier's filter."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_ggs import glomeruli
from napari_ggs.evaluation.comparing import Comparison
from napari_ggs.evaluation.matching import FALSE
from napari_ggs.lesions import NON_GLOMERULUS, Scheme


def compare(
    table: pd.DataFrame,
    truth: ArrayLike,
    ignored: ArrayLike = (),
    mpp: float | None = None,
    group: str = "",
) -> tuple[Comparison, pd.DataFrame]:
    """Compare the detected circles of a table with true ones.

    Parameters
    ----------
    table : DataFrame
        As `napari_ggs.glomeruli` documents it; circles that people drew (without a detection
        score) are left out.
    truth, ignored : array_like, shape (m, 3), (k, 3)
        Circles to find, and those that are neither hit nor miss, in level-0 px.
    mpp, group
        As in `Comparison`.

    Returns
    -------
    comparison : Comparison
        Of all detected circles: no filter.
    rows : DataFrame
        Their rows in the order of ``comparison.found``.
    """
    detected = table[table["detection_score"].notna()]
    by_score = ["detection_score", "y", "x", "radius"]
    rows = detected.sort_values(by_score, ascending=[False, True, True, True], kind="stable")
    circles = glomeruli.circles_of(rows)
    return Comparison.of(truth, circles, rows["detection_score"], ignored, mpp, group), rows


def kept(table: pd.DataFrame, scheme: Scheme, t_glom: float = 0.5) -> NDArray[np.bool_]:
    """Rows whose circle the classifier takes for a glomerulus (see `glomeruli.predict`).

    A scheme without non-glomerulus keeps every circle that it could classify.
    """
    predicted = glomeruli.predict(table[list(scheme.columns)], scheme, t_glom)
    return np.isin(predicted.astype(str), scheme.glomerular)


def true_classes(comparison: Comparison, labels: ArrayLike, iou: float = 0.5) -> NDArray[np.str_]:
    """What each found circle really is.

    Parameters
    ----------
    labels : array_like of str, shape (m,)
        The classes of ``comparison.truth``.
    iou : float
        Least overlap with a true circle.

    Returns
    -------
    ndarray of str, shape (n,)
        The label of its true circle, "non-glomerulus" if it has none, and "" if it lies on an
        ignored one.
    """
    matched = comparison.matched(iou)
    names = np.append(np.asarray(labels, dtype=np.str_), "").astype(object)[
        np.where(matched >= 0, matched, -1)
    ]
    names[matched == FALSE] = NON_GLOMERULUS
    return names.astype(np.str_)
