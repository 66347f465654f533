"""A figure with its number of examples and its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, chi2, quantile_test

from napari_ggs.circles import Array

LEVEL = 0.95
RESAMPLES = 1000

FEWEST_GROUPS = 5
"""Fewer patients (or slides) tell too little of how patients differ for a bootstrap interval."""


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval and what it rests on.

    Attributes
    ----------
    value : float
        NaN where it is not defined (no example, one class only).
    n : int
        Number of examples.
    low, high : float
        Ends of the interval; NaN where none can be given.
    """

    value: float
    n: int
    low: float = nan
    high: float = nan

    @property
    def has_interval(self) -> bool:
        """Whether both ends are known."""
        return not (isnan(self.low) or isnan(self.high))

    def __str__(self) -> str:
        value = "undefined" if isnan(self.value) else f"{self.value:.3f}"
        interval = f" ({self.low:.3f} to {self.high:.3f})" if self.has_interval else ""
        return f"{value}{interval}, n = {self.n}"


def wilson(hits: int, n: int) -> Estimate:
    """Share of `hits` among `n` with Wilson's interval (REFERENCE.md section 5)."""
    if n == 0:
        return Estimate(nan, 0)
    interval = binomtest(hits, n).proportion_ci(LEVEL, method="wilson")
    return Estimate(hits / n, n, float(interval.low), float(interval.high))


def rate(events: int, extent: float) -> Estimate:
    """Events per unit of `extent` with the exact interval of a Poisson count; n events."""
    if not extent > 0:
        return Estimate(nan, events)
    tail = (1 - LEVEL) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = chi2.ppf(1 - tail, 2 * events + 2) / 2
    return Estimate(events / extent, events, float(low / extent), float(high / extent))


def median(values: ArrayLike) -> Estimate:
    """Median with the interval that its order statistics give (binomial, free of distribution)."""
    array = np.asarray(values, dtype=float)
    if len(array) == 0:
        return Estimate(nan, 0)
    middle = float(np.median(array))
    interval: Any = quantile_test(array, q=middle, p=0.5).confidence_interval(LEVEL)
    return Estimate(middle, len(array), float(interval.low), float(interval.high))


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], ArrayLike],
    groups: ArrayLike,
    ns: Sequence[int],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Estimate]:
    """Figures with 95 % percentile intervals, whole groups being drawn again.

    Glomeruli of one patient resemble each other, so patients are drawn, with replacement, and
    each brings all of its examples. A figure that is perfect in every patient gets an interval
    without width, which does not mean that it could not be otherwise.

    Parameters
    ----------
    statistic : callable
        How often each example was drawn, shape (m,), to figures, shape (k,). Figures that a
        draw leaves undefined (NaN) are passed over.
    groups : array_like, shape (m,)
        The group (patient) of each example.
    ns : sequence of int, length k
        The n of each figure.
    seed, resamples : int

    Returns
    -------
    list of Estimate, length k
        Without intervals if there are fewer than `FEWEST_GROUPS`.
    """
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    values = np.asarray(statistic(np.ones(len(group_of), dtype=np.int64)), dtype=float)
    if len(names) < FEWEST_GROUPS:
        return [Estimate(*figure) for figure in zip(values.tolist(), ns, strict=True)]
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    ends = _percentiles(np.array([statistic(draw[group_of]) for draw in draws], dtype=float))
    return [Estimate(*figure) for figure in zip(values.tolist(), ns, *ends.tolist(), strict=True)]


def _percentiles(figures: Array) -> Array:
    """Lower and upper ends, shape (2, k)."""
    ends = np.full((2, figures.shape[1]), nan)
    known = ~np.isnan(figures).all(axis=0)
    tail = 100 * (1 - LEVEL) / 2
    if known.any():
        ends[:, known] = np.nanpercentile(figures[:, known], (tail, 100 - tail), axis=0)
    return ends
