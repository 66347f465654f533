"""Whether a probability is the share of such answers that are right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from napari_ggs.circles import Array

BINS = 15
"""Bins of equal width, as in Guo et al. 2017."""


def cross_entropy_at(logits: ArrayLike, truth: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative logarithm of the true class's probability.

    Parameters
    ----------
    logits : array_like, shape (n, k)
    truth : array_like of int, shape (n,)
        Column of the true class.
    temperature : float
        Divides the logits.
    """
    logarithms = log_softmax(np.asarray(logits, dtype=float) / temperature, axis=1)
    return float(-np.take_along_axis(logarithms, np.asarray(truth)[:, None], axis=1).mean())


def best_temperature(logits: ArrayLike, truth: ArrayLike) -> float:
    """The temperature in [0.1, 10] that makes held-out truth most likely (Guo et al. 2017)."""
    found = minimize_scalar(
        lambda log_t: cross_entropy_at(logits, truth, float(np.exp(log_t))),
        bounds=(np.log(0.1), np.log(10.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Reliability:
    """Answers by how sure they are, in bins of equal width over [0, 1].

    Attributes
    ----------
    confidence, accuracy : ndarray, shape (b,)
        Mean probability of the answers in a bin, and the share of them that are right; NaN
        where the bin is empty.
    count : ndarray of int, shape (b,)
    """

    confidence: Array
    accuracy: Array
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap of the two, weighted by the bins' counts."""
        there = self.count > 0
        if not there.any():
            return float("nan")
        gap = np.abs(self.confidence[there] - self.accuracy[there])
        return float(np.average(gap, weights=self.count[there]))


def reliability(
    confidence: ArrayLike,
    right: ArrayLike,
    weights: ArrayLike | None = None,
    bins: int = BINS,
) -> Reliability:
    """Sort answers into bins of confidence.

    Parameters
    ----------
    confidence : array_like, shape (n,)
        The probability of the class that was answered.
    right : array_like of bool, shape (n,)
    weights : array_like of int, shape (n,), optional
        How often each example is there; once if not given.
    """
    p, hit = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    times = np.ones(len(p)) if weights is None else np.asarray(weights, dtype=float)
    place = np.clip(np.ceil(p * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, times, minlength=bins)
    sums = (np.bincount(place, times * values, minlength=bins) for values in (p, hit))
    means = [np.divide(total, count, out=np.full(bins, np.nan), where=count > 0) for total in sums]
    return Reliability(means[0], means[1], count.astype(np.int64))
