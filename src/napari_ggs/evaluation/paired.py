"""Figures of two models on the same patients, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap


@dataclass(frozen=True)
class Figure:
    """A figure of both models, over all patients.

    Attributes
    ----------
    name : str
    old, new, difference : Estimate
        The difference is new - old, from the same draws of patients.
    guarded : bool
        Whether a better model may not be lower here (`napari_ggs.evaluation.gate`).
    """

    name: str
    old: Estimate
    new: Estimate
    difference: Estimate
    guarded: bool = False
    less_is_better: bool = False

    @property
    def change(self) -> int:
        """1 if the new model is better here by the interval, -1 if it is worse, 0 if unclear."""
        if not self.difference.has_interval or self.difference.low <= 0 <= self.difference.high:
            return 0
        return 1 if (self.difference.value > 0) != self.less_is_better else -1

    def mirrored(self) -> Self:
        """The same with the models' places changed."""
        return replace(self, old=self.new, new=self.old, difference=negative(self.difference))


def negative(one: Estimate) -> Estimate:
    """An estimate of the opposite of a difference."""
    return Estimate(-one.value, one.n, -one.high, -one.low)


def paired_figures(
    names: Sequence[str],
    old: Callable[[NDArray[np.int64]], ArrayLike],
    new: Callable[[NDArray[np.int64]], ArrayLike],
    groups: ArrayLike,
    ns: Sequence[int],
    guarded: Sequence[str] = (),
    less_is_better: Sequence[str] = (),
    *,
    resamples: int = RESAMPLES,
) -> tuple[Figure, ...]:
    """Figures of two models with intervals, the same patients being drawn for both.

    Parameters
    ----------
    names : sequence of str, length k
    old, new : callable
        How often each example was drawn, shape (m,), to figures, shape (k,).
    groups : array_like, shape (m,)
        The patient of each example.
    ns : sequence of int, length k
    guarded : sequence of str
        Names of figures that may not be lost.
    less_is_better : sequence of str
        Names of errors.
    resamples : int
    """

    def statistic(times: NDArray[np.int64]) -> Array:
        pair = [np.asarray(one(times), dtype=float) for one in (old, new)]
        return np.concatenate([*pair, pair[1] - pair[0]])

    found = bootstrap(statistic, groups, [*ns, *ns, *ns], resamples=resamples)
    k = len(names)
    columns = zip(names, found[:k], found[k : 2 * k], found[2 * k :], strict=True)
    return tuple(
        Figure(name, a, b, d, guarded=name in guarded, less_is_better=name in less_is_better)
        for name, a, b, d in columns
    )
