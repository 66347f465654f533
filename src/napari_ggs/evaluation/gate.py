"""The gate: whether a new model is better than the old one, on patients that neither has seen.

A model passes if the patients' differences of a declared score lie above 0 (`sign_flip`) and no
class is worse by more than `MOST_LOST`. The same patients used again are a second chance to be
lucky, so the k-th use has the level `LEVEL` / k. That slows luck down, it does not end it: the
chance that any of k models which are no better passes is at most `LEVEL` (1 + 1/2 + ... + 1/k),
5.7 % for five.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan, nan
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap
from napari_ggs.evaluation.paired import Figure, negative
from napari_ggs.evaluation.sign_flip import FEWEST_PATIENTS, patients_needed, sign_flip_p

LEVEL = 0.025
MOST_LOST = 0.05
"""How much lower a guarded figure of the better model may be."""

Verdict = Literal["better", "not distinguishable", "worse"]


@dataclass(frozen=True)
class Judgement:
    """How a new model does beside the old one.

    Attributes
    ----------
    score : str
        What is compared patient by patient; more is better.
    differences : tuple of float
        Of each patient: new - old.
    difference : Estimate
        Their mean; n patients.
    p_better, p_worse : float
        One-sided, of the sign-flip test.
    uses : int
        How often these patients have been used, this time included.
    figures : tuple of Figure
    """

    score: str
    differences: tuple[float, ...]
    difference: Estimate
    p_better: float
    p_worse: float
    uses: int
    figures: tuple[Figure, ...]

    @property
    def patients(self) -> int:
        """On whom the models were compared."""
        return self.difference.n

    @property
    def level(self) -> float:
        """That p must be below."""
        return LEVEL / self.uses

    @property
    def needed(self) -> int | None:
        """How many patients would show it, at the level of the next use; see `patients_needed`."""
        return patients_needed(self.differences, LEVEL / (self.uses + 1))

    @property
    def lost(self) -> tuple[str, ...]:
        """Guarded figures that are worse with the new model than is allowed."""
        return tuple(f.name for f in self.figures if f.guarded and -f.difference.value > MOST_LOST)

    @property
    def won(self) -> tuple[str, ...]:
        """Guarded figures that are better with the new model by as much."""
        return tuple(f.name for f in self.figures if f.guarded and f.difference.value > MOST_LOST)

    @property
    def verdict(self) -> Verdict:
        """Of the new model; the old one would get the opposite."""
        enough = self.patients >= FEWEST_PATIENTS
        if enough and self.p_better < self.level and not self.lost:
            return "better"
        return "worse" if enough and self.p_worse < self.level and not self.won else _NEITHER

    def mirrored(self) -> Self:
        """The judgement of the old model beside the new one."""
        return replace(
            self,
            differences=tuple(-one for one in self.differences),
            difference=negative(self.difference),
            p_better=self.p_worse,
            p_worse=self.p_better,
            figures=tuple(figure.mirrored() for figure in self.figures),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON: what is not defined is None."""
        return _plain(asdict(self))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read what `to_dict` returns."""
        pairs = ("old", "new", "difference")
        figures = tuple(
            Figure(**one | {name: _estimate(one[name]) for name in pairs})
            for one in values["figures"]
        )
        differences = tuple(values["differences"])
        mean = _estimate(values["difference"])
        return cls(**values | {"differences": differences, "difference": mean, "figures": figures})


_NEITHER: Verdict = "not distinguishable"


def judge(
    score: str,
    differences: ArrayLike,
    figures: Sequence[Figure],
    uses: int = 1,
    *,
    resamples: int = RESAMPLES,
) -> Judgement:
    """Judge a new model by its patients' differences to the old one.

    Parameters
    ----------
    score : str
    differences : array_like, shape (n,)
        New - old, of each patient.
    figures : sequence of Figure
    uses : int
        How often these patients have been used, this time included.
    resamples : int
        Of the bootstrap over patients.
    """
    values = np.asarray(differences, dtype=float)
    [mean] = bootstrap(_mean_of(values), range(len(values)), [len(values)], resamples=resamples)
    p_better, p_worse = sign_flip_p(values), sign_flip_p(-values)
    return Judgement(score, tuple(values.tolist()), mean, p_better, p_worse, uses, tuple(figures))


def _mean_of(values: Array) -> Callable[[NDArray[np.int64]], ArrayLike]:
    return lambda times: [times @ values / times.sum() if times.sum() else nan]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value


def _estimate(values: dict[str, Any]) -> Estimate:
    given: dict[str, Any] = {name: nan if one is None else one for name, one in values.items()}
    return Estimate(**given)
