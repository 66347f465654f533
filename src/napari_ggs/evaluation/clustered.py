"""Shares of glomeruli over patients, and their comparison between groups of patients.

Glomeruli of one patient resemble each other (intraclass correlation about .34, REFERENCE.md
section 1), so that intervals which take each glomerulus for itself are far too narrow. Here a
patient is a cluster: shares are those of a logistic regression with standard errors that are robust
to it (Liang and Zeger, Biometrika 1986), p values are of a permutation of whole patients.
"""

import warnings
from dataclasses import dataclass
from math import exp, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import permutation_test, t
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.multitest import multipletests
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from napari_ggs.circles import Array
from napari_ggs.evaluation.estimates import FEWEST_GROUPS, LEVEL, Estimate, wilson

PERMUTATIONS = 9_999
"""Where there are more ways to lay patients into two groups, so many are drawn."""


@dataclass(frozen=True)
class Contrast:
    """A share in one group of patients against that in another.

    Attributes
    ----------
    share, reference : Estimate
        See `clustered_share`.
    odds_ratio : Estimate
        Of `share` to `reference`; n patients. Its ends are NaN where a group has fewer than
        `FEWEST_GROUPS` patients, or a share is 0 or 1.
    p : float
        Two-sided, of the difference of the shares under permutation of patients.
    """

    share: Estimate
    reference: Estimate
    odds_ratio: Estimate
    p: float


def clustered_share(hits: ArrayLike, n: ArrayLike) -> Estimate:
    """Share of all glomeruli, with an interval that allows for patients to differ.

    The interval is the logistic regression's, robust to clusters, with t of one degree of freedom
    less than patients, but never narrower than Wilson's of independent glomeruli. If the share is
    0 or 1, no patient tells how patients differ: the interval is Wilson's with patients for
    examples, which is wide. With fewer than `FEWEST_GROUPS` patients there is none.

    Parameters
    ----------
    hits, n : array_like of int, shape (patients,)
        Of each patient, the glomeruli that are meant and all. Patients without any are passed over.

    Returns
    -------
    Estimate
        ``n`` is the number of glomeruli.
    """
    k, of = _counted(hits, n)
    total = int(of.sum())
    if not total:
        return Estimate(nan, 0)
    share = float(k.sum() / total)
    if len(of) < FEWEST_GROUPS:
        return Estimate(share, total)
    if share in (0, 1):
        ends = wilson(round(share * len(of)), len(of))
        return Estimate(share, total, ends.low, ends.high)
    alone = wilson(int(k.sum()), total)
    low, high = expit(_interval(k, of, np.ones((len(of), 1))))
    return Estimate(share, total, min(float(low), alone.low), max(float(high), alone.high))


def contrast(
    hits: ArrayLike, n: ArrayLike, reference_hits: ArrayLike, reference_n: ArrayLike, seed: int = 0
) -> Contrast:
    """Compare a share between two groups of patients.

    Parameters
    ----------
    hits, n, reference_hits, reference_n : array_like of int, shape (patients,)
        As `clustered_share` takes them, of the one group and of the other.
    seed : int
        Of the permutations, where not all are tried.
    """
    (k, of), (k0, of0) = _counted(hits, n), _counted(reference_hits, reference_n)
    share, reference = clustered_share(k, of), clustered_share(k0, of0)
    return Contrast(share, reference, _odds_ratio(k, of, k0, of0), _p(k, of, k0, of0, seed))


def holm(p: ArrayLike) -> Array:
    """P values, shape (m,), adjusted for their number (Holm 1979); NaN stays and counts not."""
    values = np.asarray(p, dtype=float)
    known, adjusted = ~np.isnan(values), np.full(len(values), nan)
    if known.any():
        adjusted[known] = multipletests(values[known], method="holm")[1]
    return adjusted


def _counted(hits: ArrayLike, n: ArrayLike) -> tuple[Array, Array]:
    k, of = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    some = of > 0
    return k[some], of[some]


def _interval(k: Array, of: Array, design: Array) -> tuple[float, float]:
    """95 % interval of the last coefficient, on the scale of log odds."""
    clusters = {"groups": np.arange(len(of))}
    model = GLM(np.column_stack([k, of - k]), design, family=Binomial())
    with warnings.catch_warnings(category=PerfectSeparationWarning, action="ignore"):
        fitted = model.fit(cov_type="cluster", cov_kwds=clusters)  # patients may all be alike
    reach = t.ppf((1 + LEVEL) / 2, len(of) - design.shape[1]) * fitted.bse[-1]
    return float(fitted.params[-1] - reach), float(fitted.params[-1] + reach)


def _odds_ratio(k: Array, of: Array, k0: Array, of0: Array) -> Estimate:
    patients = len(of) + len(of0)
    shares = [x.sum() / m.sum() if len(m) else nan for x, m in ((k, of), (k0, of0))]
    if not all(0 < share < 1 for share in shares):
        return Estimate(nan, patients)
    value = (shares[0] / (1 - shares[0])) / (shares[1] / (1 - shares[1]))
    if min(len(of), len(of0)) < FEWEST_GROUPS:
        return Estimate(value, patients)
    design = np.column_stack([np.ones(patients), np.repeat([1.0, 0.0], [len(of), len(of0)])])
    low, high = _interval(np.concatenate([k, k0]), np.concatenate([of, of0]), design)
    return Estimate(value, patients, exp(low), exp(high))


def _p(k: Array, of: Array, k0: Array, of0: Array, seed: int) -> float:
    """Of the difference in pooled shares, studentized (Janssen 1997; Chung and Romano 2013)."""
    if min(len(of), len(of0)) < 2:
        return nan
    every_k, every_n = np.concatenate([k, k0]), np.concatenate([of, of0])

    def difference(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
        return _studentized(every_k[one], every_n[one], every_k[other], every_n[other])

    places = np.arange(len(every_n))
    found = permutation_test(
        (places[: len(of)], places[len(of) :]),
        difference,
        n_resamples=PERMUTATIONS,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _studentized(k: Array, of: Array, k0: Array, of0: Array) -> float:
    """Difference of two pooled shares over its standard error; 0 where both are the same."""
    parts = [(x.sum() / m.sum(), x, m) for x, m in ((k, of), (k0, of0))]
    away = parts[0][0] - parts[1][0]
    variance = sum(
        float(((x - share * m) ** 2).sum() / m.sum() ** 2 * len(m) / (len(m) - 1))
        for share, x, m in parts
    )
    return float(away / sqrt(variance)) if variance else float(np.sign(away) * 1e9 if away else 0)
