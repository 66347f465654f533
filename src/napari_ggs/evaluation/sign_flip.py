"""Whether paired differences lie above 0: the sign-flip test, and how many pairs it needs.

If two models are equally good, a patient's difference is as likely as the same with the other
sign, whatever the patient is like. So all 2^n ways to set the signs of n differences are equally
likely, and p is the share of them whose sum is at least the one seen (Fisher 1935; Good,
Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005, section 3.2). Nothing is assumed
of how differences are spread.
"""

from math import ceil, floor, inf, isfinite, log2

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from napari_ggs.circles import Array

FEWEST_PATIENTS = 6
"""With n patients the smallest p is 2^-n: six give 1/64, which is below .025."""

MOST_EXACT = 36
"""Up to so many differences the test is exact: two lists of 2^18 sums are held."""

FLIPS = 99_999
"""Random flips where there are more differences: p is known to within .001 near .025."""

POWER = 0.8
_TIES = 1e-9
"""Sums this near, relative to the sum of all absolute differences, are equal but for rounding."""


def sign_flip_p(differences: ArrayLike, seed: int = 0) -> float:
    """One-sided p of the differences being above 0.

    Exact for up to `MOST_EXACT` differences: every sum of the first half is set against the sorted
    sums of the second. For more, `FLIPS` random flips are drawn, and the signs as they were seen
    count as one more, which keeps the test valid (Phipson and Smyth 2010).

    Parameters
    ----------
    differences : array_like, shape (n,)
        One for each patient; 0 says nothing for either side.
    seed : int
        Of the random flips.

    Returns
    -------
    float
        From 2^-n to 1; 1 without any difference.
    """
    values = np.asarray(differences, dtype=float)
    sizes = np.abs(values)
    least = values.sum() - _TIES * sizes.sum()
    if len(values) > MOST_EXACT:
        return _sampled(sizes, least, np.random.default_rng(seed))
    half = len(values) // 2
    second = np.sort(_sums(sizes[half:]))
    reached = len(second) - np.searchsorted(second, least - _sums(sizes[:half]), side="left")
    return float(reached.sum() / 2.0 ** len(values))


def _sums(sizes: Array) -> Array:
    """The sums under all ways to set the signs, shape (2^n,)."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    return sums


def _sampled(sizes: Array, least: float, rng: np.random.Generator) -> float:
    reached = 0
    for part in np.array_split(np.arange(FLIPS), 50):
        signs = rng.integers(0, 2, (len(part), len(sizes))) * 2 - 1
        reached += int((signs @ sizes >= least).sum())
    return (reached + 1) / (FLIPS + 1)


def least_patients(level: float) -> int:
    """How many patients the test needs for a p below `level` to be possible at all."""
    return max(FEWEST_PATIENTS, floor(log2(1 / level)) + 1)


def patients_needed(differences: ArrayLike, level: float) -> int | None:
    """How many patients like these would show that the new model is better, four times in five.

    By the normal approximation of a one-sided paired test with mean d and standard deviation s of
    the differences seen: ((z_level + z_power) s / d)^2 + z_level^2 / 2 (Guenther 1981).

    Parameters
    ----------
    differences : array_like, shape (n,)
    level : float
        That p must be below.

    Returns
    -------
    int or None
        In all, at least `least_patients`; None if the new model is not ahead, or fewer than two
        patients say nothing of how patients differ.
    """
    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or values.mean() <= 0:
        return None
    z, ratio = norm.isf(level), values.std(ddof=1) / values.mean()
    wanted = ((z + norm.ppf(POWER)) * ratio) ** 2 + z**2 / 2 if ratio else -inf
    return max(least_patients(level), ceil(wanted)) if isfinite(wanted) else least_patients(level)
