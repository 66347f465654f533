"""Right and wrong answers: the confusion matrix (rows: truth, columns: answer) and its figures."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array

Counts = NDArray[np.int64]


def positions(names: ArrayLike, classes: Sequence[Hashable]) -> NDArray[np.intp]:
    """Where each name stands among the classes.

    Raises
    ------
    ValueError
        If one is none of them.
    """
    place = {name: i for i, name in enumerate(classes)}
    given: list[Any] = np.asarray(names).tolist()
    if strange := [name for name in given if name not in place]:
        known = ", ".join(map(str, classes))
        raise ValueError(f"{strange[0]!r} is no class; the classes are {known}.")
    return np.array([place[name] for name in given], dtype=np.intp)


def confusion(truth: ArrayLike, answers: ArrayLike, classes: Sequence[Hashable]) -> Counts:
    """Count pairs of true and answered class: shape (k, k) for k classes.

    Parameters
    ----------
    truth, answers : array_like, shape (n,)
        Class names.
    classes : sequence
        Their order in the matrix.
    """
    matrix = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(matrix, (positions(truth, classes), positions(answers, classes)), 1)
    return matrix


def balanced_accuracy(matrix: Counts) -> float:
    """Mean share of right answers over the classes that occur; NaN without any."""
    totals = matrix.sum(axis=1)
    there = totals > 0
    if not there.any():
        return float("nan")
    return float((matrix.diagonal()[there] / totals[there]).mean())


def f1_scores(matrix: Counts) -> Array:
    """F1 of each class; NaN for a class that neither occurs nor is answered."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return np.divide(
        2.0 * matrix.diagonal(), both, out=np.full(len(matrix), np.nan), where=both > 0
    )


def macro_f1(matrix: Counts) -> float:
    """Mean F1 over the classes that occur or are answered (GGS paper, section V.D)."""
    scores = f1_scores(matrix)
    known = ~np.isnan(scores)
    return float(scores[known].mean()) if known.any() else float("nan")
