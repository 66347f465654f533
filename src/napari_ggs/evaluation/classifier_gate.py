"""The gate for classifiers: what is compared patient by patient, and what is reported beside it.

What decides is the quadratic score (Brier 1950), 1 - sum over the classes of (p - truth)^2 / 2,
averaged over a patient's circles:

- It is proper (Gneiting and Raftery 2007): no model gains by being surer or less sure than it is
  right, which %GGS and the review's queue build on. Accuracy does not see that.
- It is defined for every patient, whichever classes the patient has. Balanced accuracy and F1 of
  a patient hang on the one or two circles of a rare class, and F1 on absent ones.
- It lies in 0..1, so that no single circle decides, as it can by a logarithm.

Rare classes count little in it; they are guarded: no class that occurs may lose more than .05 F1
over all circles (`napari_ggs.evaluation.gate`).
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.classes import Answers, Statistics
from napari_ggs.evaluation.confusion import positions
from napari_ggs.evaluation.estimates import RESAMPLES
from napari_ggs.evaluation.gate import Judgement, judge
from napari_ggs.evaluation.paired import paired_figures

SCORE = "quadratic score by patient"
_OVER_ALL = "quadratic score of all circles"
_ERROR = "error of %GGS by patient"

Figures = Callable[[NDArray[np.int64]], ArrayLike]


def judge_classifiers(
    old: Answers, new: Answers, uses: int = 1, *, resamples: int = RESAMPLES
) -> Judgement:
    """Judge a new classifier beside the old one, on the same circles in the same order.

    Parameters
    ----------
    old, new : Answers
    uses : int
        How often these patients have been used, this time included.
    resamples : int
        Of the bootstrap over patients.

    Raises
    ------
    ValueError
        If the circles, their classes or their patients are not the same for both.
    """
    same = ("truth", "patients")
    if old.scheme != new.scheme or any(
        not np.array_equal(getattr(old, name), getattr(new, name)) for name in same
    ):
        raise ValueError("Two classifiers are compared on the same circles, under one scheme.")
    known = ~np.isnan(ggs_errors(old) + ggs_errors(new))
    classes, counts = old.scheme.classes, old.matrix.sum(axis=1)
    f1 = [f"F1 {name}" for name in classes]
    figures = paired_figures(
        [_OVER_ALL, "balanced accuracy", "macro F1", "calibration error", *f1, _ERROR],
        _figures_of(old, known),
        _figures_of(new, known),
        old.patients,
        [len(old)] * 4 + counts.tolist() + [int(known.sum())],
        [name for name, count in zip(f1, counts.tolist(), strict=True) if count],
        ["calibration error", _ERROR],
        resamples=resamples,
    )
    differences = by_patient(quadratic_score(new) - quadratic_score(old), old.patients)
    return judge(SCORE, differences, figures, uses, resamples=resamples)


def quadratic_score(answers: Answers) -> Array:
    """The score of each circle, shape (n,), 0 to 1; see above."""
    wanted = positions(answers.truth, answers.scheme.classes)
    apart = answers.probabilities - np.eye(len(answers.scheme.classes))[wanted]
    return np.asarray(1 - (apart**2).sum(axis=1) / 2)


def by_patient(values: ArrayLike, patients: ArrayLike) -> Array:
    """The mean of each patient's values, in the order of their names."""
    group = np.unique(np.asarray(patients), return_inverse=True)[1]
    return np.asarray(np.bincount(group, np.asarray(values, dtype=float)) / np.bincount(group))


def ggs_errors(answers: Answers) -> Array:
    """How far a patient's %GGS by the answers is from that by the truth, in order of their names.

    Returns
    -------
    ndarray, shape (patients,)
        Percentage points; NaN where there is no glomerulus, or none was answered.
    """
    percent = partial(_percent, answers)
    return np.abs(percent(answers.answers) - percent(answers.truth))


def _percent(answers: Answers, names: NDArray[np.str_]) -> Array:
    group = np.unique(answers.patients, return_inverse=True)[1]
    scheme = answers.scheme
    parts = (np.isin(names, kind) for kind in (scheme.sclerotic, scheme.glomerular))
    sclerotic, glomeruli = (np.bincount(group, part) for part in parts)
    unknown = np.full(len(glomeruli), np.nan)
    return np.asarray(np.divide(100 * sclerotic, glomeruli, out=unknown, where=glomeruli > 0))


def _figures_of(answers: Answers, known: NDArray[np.bool_]) -> Figures:
    """All figures of circles drawn several times, whole patients together.

    The error of %GGS is over the patients that are `known`: those for whom both models have one.
    """
    score, statistics = quadratic_score(answers), Statistics(answers)
    errors, first = ggs_errors(answers), np.unique(answers.patients, return_index=True)[1]

    def figures(times: NDArray[np.int64]) -> Array:
        macro = statistics(times)
        drawn = times[first][known]
        error = drawn @ errors[known] / drawn.sum() if drawn.any() else np.nan
        return np.concatenate([[times @ score / times.sum()], macro, [error]])

    return figures
