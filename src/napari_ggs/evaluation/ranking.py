"""ROC curves, the areas under them, and their bands over folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array

Weights = NDArray[np.int64]

GRID = np.linspace(0.0, 1.0, 201)
"""False positive rates at which the curves of several folds are averaged."""


def auc(positive: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: how often a positive outranks a negative, ties counting half.

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    scores : array_like of float, shape (n,)

    Returns
    -------
    float
        NaN if all are positive or none is.
    """
    given = np.asarray(positive, dtype=float)
    return weighted_auc(given, scores)(np.ones(len(given), dtype=np.int64))


def weighted_auc(positive: Array, scores: ArrayLike) -> Callable[[Weights], float]:
    """The AUC as a function of how often each example is there; it sorts only once.

    Parameters
    ----------
    positive : ndarray, shape (n,)
        1 for a positive example, 0 for a negative one, NaN for one that is left out.
    """
    up, down = (positive == 1).astype(float), (positive == 0).astype(float)
    rank = np.unique(np.asarray(scores, dtype=float), return_inverse=True)[1]
    highest = int(rank.max(initial=-1)) + 1

    def area(weights: Weights) -> float:
        ups = np.bincount(rank, weights * up, minlength=highest)
        downs = np.bincount(rank, weights * down, minlength=highest)
        pairs = ups.sum() * downs.sum()
        below = np.cumsum(downs) - downs / 2
        return float(ups @ below / pairs) if pairs else float("nan")

    return area


@dataclass(frozen=True)
class Roc:
    """A ROC curve, one point for each distinct score, from (0, 0) to (1, 1).

    Attributes
    ----------
    false_positive_rate, true_positive_rate : ndarray, shape (m,)
    thresholds : ndarray, shape (m,)
        A score from here on is positive; infinity first.
    positives, negatives : int
    auc : float
    """

    false_positive_rate: Array
    true_positive_rate: Array
    thresholds: Array
    positives: int
    negatives: int
    auc: float


def roc(positive: ArrayLike, scores: ArrayLike) -> Roc:
    """The ROC curve of scores.

    Raises
    ------
    ValueError
        If all are positive or none is: there is no curve then.
    """
    given, values = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=float)
    positives, negatives = int(given.sum()), int((~given).sum())
    if not positives or not negatives:
        raise ValueError(f"A ROC curve needs both kinds; found {positives} and {negatives}.")
    order = np.argsort(-values, kind="stable")
    last = np.append(np.diff(values[order]) != 0, True)  # of each distinct score
    ups, downs = np.cumsum(given[order])[last], np.cumsum(~given[order])[last]
    return Roc(
        np.append(0.0, downs / negatives),
        np.append(0.0, ups / positives),
        np.append(np.inf, values[order][last]),
        positives,
        negatives,
        auc(given, values),
    )


@dataclass(frozen=True)
class RocBand:
    """ROC curves of several folds (or models) in one.

    Attributes
    ----------
    true_positive_rate, deviation : ndarray, shape (201,)
        Mean over the curves at the rates `GRID`, and one standard deviation.
    auc, auc_deviation : float
        Mean of the curves' areas, and one standard deviation.
    curves : int
    """

    true_positive_rate: Array
    deviation: Array
    auc: float
    auc_deviation: float
    curves: int


def roc_band(curves: Sequence[Roc]) -> RocBand:
    """Average ROC curves at equal false positive rates (GGS paper, Figs. 3 and 4).

    Standard deviations are those of a sample (n - 1); NaN for a single curve.
    """
    rates = np.array([np.interp(GRID, c.false_positive_rate, c.true_positive_rate) for c in curves])
    rates[:, 0] = 0.0
    mean, deviation = mean_and_deviation(rates)
    area, spread = mean_and_deviation([curve.auc for curve in curves])
    return RocBand(mean, deviation, float(area), float(spread), len(curves))


def mean_and_deviation(values: ArrayLike) -> tuple[Array, Array]:
    """Mean and sample standard deviation along the first axis (folds, repeats)."""
    array = np.asarray(values, dtype=float)
    if len(array) < 2:
        return array.mean(axis=0), np.full(array.shape[1:], np.nan)
    return array.mean(axis=0), array.std(axis=0, ddof=1)
