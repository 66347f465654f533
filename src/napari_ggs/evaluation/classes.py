"""How well a classifier names glomeruli: every figure of a set of answers, with intervals."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.calibration import Reliability, reliability
from napari_ggs.evaluation.confusion import (
    Counts,
    balanced_accuracy,
    confusion,
    f1_scores,
    macro_f1,
    positions,
)
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap
from napari_ggs.evaluation.ranking import Roc
from napari_ggs.evaluation.sclerosis import aucs, curve
from napari_ggs.lesions import Scheme


@dataclass(frozen=True)
class Answers:
    """What a classifier said of examples whose class is known.

    Attributes
    ----------
    truth, answers : ndarray of str, shape (n,)
        Class names of the scheme.
    probabilities : ndarray, shape (n, k)
        In the order of ``scheme.classes``.
    scheme : Scheme
    patients : ndarray of str, shape (n,)
        What is drawn as one when intervals are computed.
    """

    truth: NDArray[np.str_]
    answers: NDArray[np.str_]
    probabilities: Array
    scheme: Scheme
    patients: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        truth: ArrayLike,
        probabilities: ArrayLike,
        scheme: Scheme,
        patients: ArrayLike | None = None,
        answers: ArrayLike | None = None,
    ) -> Self:
        """Answers with their probabilities.

        Parameters
        ----------
        patients : array_like of str, optional
            If not given, each example is a patient of its own: the intervals are then too
            narrow where patients gave several.
        answers : array_like of str, optional
            The most probable classes if not given, as the papers do.

        Raises
        ------
        ValueError
            If a class is not of the scheme, a probability is NaN, or the lengths differ.
        """
        p = np.asarray(probabilities, dtype=float).reshape(-1, len(scheme.classes))
        best = np.array(scheme.classes)[p.argmax(axis=1)] if answers is None else answers
        who = np.arange(len(p)) if patients is None else patients
        if np.isnan(p).any():
            raise ValueError("Probabilities are NaN: leave out what could not be classified.")
        names = [np.asarray(given).astype(np.str_) for given in (truth, best, who)]
        if any(len(given) != len(p) for given in names):
            raise ValueError(f"{[len(given) for given in names]} names for {len(p)} examples.")
        for given in names[:2]:
            positions(given, scheme.classes)
        return cls(names[0], names[1], p, scheme, names[2])

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def matrix(self) -> Counts:
        """The confusion matrix, shape (k, k): truth by answer."""
        return confusion(self.truth, self.answers, self.scheme.classes)

    @cached_property
    def confidence(self) -> Array:
        """The probability of each answer, shape (n,)."""
        columns = positions(self.answers, self.scheme.classes)
        return self.probabilities[np.arange(len(self)), columns]

    def reliability(self) -> Reliability:
        """Answers by how sure they are."""
        return reliability(self.confidence, self.truth == self.answers)

    def roc(self, question: str) -> Roc:
        """The ROC curve of a score that `napari_ggs.evaluation.sclerosis` names."""
        return curve(question, self.truth, self.probabilities, self.scheme)


@dataclass(frozen=True)
class ClassFigures:
    """Figures of a set of answers, with intervals over patients.

    Attributes
    ----------
    classes : tuple of str
    matrix : ndarray of int, shape (k, k)
        Truth by answer.
    patients : int
    balanced_accuracy, macro_f1, calibration_error : Estimate
    f1 : dict of str to Estimate
        By class; n is the number of examples of the class.
    auc : dict of str to Estimate
        By the names in `napari_ggs.evaluation.sclerosis`.
    """

    classes: tuple[str, ...]
    matrix: Counts
    patients: int
    balanced_accuracy: Estimate
    macro_f1: Estimate
    calibration_error: Estimate
    f1: dict[str, Estimate]
    auc: dict[str, Estimate]

    def figures(self) -> dict[str, Estimate]:
        """Every figure by its name."""
        return {
            "balanced accuracy": self.balanced_accuracy,
            "macro F1": self.macro_f1,
            **{f"F1 {name}": figure for name, figure in self.f1.items()},
            **{f"AUC {name}": figure for name, figure in self.auc.items()},
            "expected calibration error": self.calibration_error,
        }


def class_figures(answers: Answers, *, seed: int = 0, resamples: int = RESAMPLES) -> ClassFigures:
    """Compute every figure of a set of answers.

    Intervals are percentiles over patients drawn again with replacement, seeded.
    """
    ns = [len(answers)] * 3 + answers.matrix.sum(axis=1).tolist()
    statistics = Statistics(answers)
    drawn = {"seed": seed, "resamples": resamples}
    recall, macro, error, *f1 = bootstrap(statistics, answers.patients, ns, **drawn)
    return ClassFigures(
        answers.scheme.classes,
        answers.matrix,
        len(np.unique(answers.patients)),
        balanced_accuracy=recall,
        macro_f1=macro,
        calibration_error=error,
        f1=dict(zip(answers.scheme.classes, f1, strict=True)),
        auc=aucs(
            answers.truth,
            answers.probabilities,
            answers.scheme,
            answers.patients,
            **drawn,
        ),
    )


class Statistics:
    """Balanced accuracy, macro F1, calibration error and F1s of examples drawn several times.

    Called with how often each example was drawn, shape (n,).
    """

    def __init__(self, answers: Answers) -> None:
        self._k = len(answers.scheme.classes)
        places = (positions(n, answers.scheme.classes) for n in (answers.truth, answers.answers))
        self._cells = np.ravel_multi_index(tuple(places), (self._k, self._k))
        self._confidence, self._right = answers.confidence, answers.truth == answers.answers

    def __call__(self, times: Counts) -> Array:
        counts = np.bincount(self._cells, times, minlength=self._k**2)
        matrix = counts.astype(np.int64).reshape(self._k, self._k)
        error = reliability(self._confidence, self._right, times).error
        return np.array([balanced_accuracy(matrix), macro_f1(matrix), error, *f1_scores(matrix)])
