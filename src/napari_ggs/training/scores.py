"""How well a classifier does, from a confusion matrix (rows: truth, columns: answer)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

Counts = NDArray[np.int64]


def confusion(truth: ArrayLike, answers: ArrayLike, classes: int) -> Counts:
    """Count pairs of true and answered class indices: shape (classes, classes)."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (np.asarray(truth), np.asarray(answers)), 1)
    return matrix


def balanced_accuracy(matrix: Counts) -> float:
    """Mean share of right answers over the classes that occur."""
    totals = matrix.sum(axis=1)
    there = totals > 0
    return float((matrix.diagonal()[there] / totals[there]).mean())


def f1_scores(matrix: Counts) -> NDArray[np.float64]:
    """F1 of each class; NaN for a class that neither occurs nor is answered."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return np.divide(
        2.0 * matrix.diagonal(), both, out=np.full(len(matrix), np.nan), where=both > 0
    )


def cross_entropy_at(logits: ArrayLike, truth: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative logarithm of the true class's probability, logits (n, k) over temperature."""
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
