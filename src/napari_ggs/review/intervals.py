"""Intervals of the share of sclerotic glomeruli: of this section, and of this kidney.

*This section*: among the circles found here, what would a review of all of them say? Only the
classes of the unreviewed circles are unknown, so the interval closes as the review proceeds. Its
formula takes circles to be independent. Where what misleads the classifier is common to a slide, it
is too narrow until the circles that matter are reviewed (82 % instead of 95 % of intervals hold the
truth at the start, benchmarks/interval_coverage.py); the interval *with shift* holds then, too.

*This kidney*: how often is a glomerulus of the kidney sclerotic, given the few that this section
shows? What remains once all are reviewed is the chance of sampling: Wilson's interval.
"""

from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation import Estimate, wilson
from napari_ggs.review.expectations import Expectations

DRAWS = 2000
Z = 1.96

LOGIT_SHIFT_SD = 1.0
"""Spread of the slide-wide shift where the model card does not say (``logit_shift_sd``). Sclerosis
clusters by patient with an intraclass correlation of about .34 (REFERENCE.md section 1), which on
the logit scale, SD^2 / (SD^2 + pi^2 / 3), is an SD of 1.3; a classifier whose probabilities are
right over a cohort is off by that on one patient's slide. 1 holds 96 % there, by the benchmark."""

_BLOCK = 500_000


@dataclass(frozen=True, eq=False)
class Draws:
    """How a full review might end.

    Attributes
    ----------
    glomeruli, sclerotic : ndarray of int, shape (d,)
        Numbers over all circles, reviewed or not, in each of d draws.
    """

    glomeruli: NDArray[np.int64]
    sclerotic: NDArray[np.int64]

    def probability_above(self, threshold: float) -> float:
        """How often the share of sclerotic ones exceeds `threshold`; NaN without glomeruli."""
        some = self.glomeruli > 0
        if not some.any():
            return nan
        return float((self.sclerotic[some] > threshold * self.glomeruli[some]).mean())


def section_interval(circles: Expectations) -> Estimate:
    """theta +- 1.96 sqrt(sum u) / sum g, within 0..1; u as in `expectations`."""
    theta, n = circles.theta, len(circles.g)
    if isnan(theta):
        return Estimate(nan, n)
    half = Z * sqrt(circles.u.sum()) / circles.g.sum()
    return Estimate(theta, n, float(max(0.0, theta - half)), float(min(1.0, theta + half)))


def draw(circles: Expectations, shift_sd: float = LOGIT_SHIFT_SD, seed: int = 0) -> Draws:
    """Draw the labels of the unreviewed circles, `DRAWS` times.

    In each draw every slide gets one shift d of the logit of "sclerotic", normal with mean 0 and
    SD `shift_sd`, because what misleads a classifier on one circle (stain, scanner, how common
    sclerosis is in this patient) misleads it on all of them: s becomes expit(logit(s) + d), and
    the other classes share the rest in their old proportions.

    Parameters
    ----------
    circles : Expectations
    shift_sd : float
        Of the model card; 0 draws the circles independently.
    seed : int
        The same circles, in any order, and the same seed give the same draws.
    """
    rng = np.random.default_rng(seed)
    done = circles.reviewed
    found = np.full((2, DRAWS), [[circles.g[done].sum()], [circles.s[done].sum()]], dtype=np.int64)
    for slide in np.unique(circles.slide[~done]):
        here = ~done & (circles.slide == slide)
        odds = np.exp(rng.normal(0.0, shift_sd, DRAWS)).astype(np.float32)
        found += _drawn(circles.g[here], circles.s[here], odds, rng)
    return Draws(*found)


def _drawn(
    g: Array, s: Array, odds: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Numbers of glomeruli and of sclerotic ones, shape (2, d), for d factors on the odds of s."""
    order = np.lexsort((g, s))
    sclerotic, other = s[order].astype(np.float32), (g - s)[order].astype(np.float32)
    rows = max(1, _BLOCK // len(g))
    blocks = [
        _block(sclerotic, other, odds[at : at + rows, None], rng)
        for at in range(0, len(odds), rows)
    ]
    return np.concatenate(blocks, axis=1)


def _block(
    sclerotic: NDArray[np.float32],
    other: NDArray[np.float32],
    odds: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """One uniform number for each circle falls among its sclerotic, other and no glomerulus."""
    weight = odds * sclerotic
    place = rng.random(weight.shape, dtype=np.float32)
    place *= weight + (1 - sclerotic)
    hits = np.count_nonzero(place < weight, axis=1)
    weight += other
    return np.stack([np.count_nonzero(place < weight, axis=1), hits])


def shifted_section_interval(circles: Expectations, draws: Draws) -> Estimate:
    """The section's interval with the slide-wide shift: 2.5 and 97.5 % points of the draws."""
    some = draws.glomeruli > 0
    if not some.any():
        return Estimate(circles.theta, len(circles.g))
    return _between(circles, draws.sclerotic[some] / draws.glomeruli[some])


def kidney_interval(circles: Expectations, draws: Draws, seed: int = 0) -> Estimate:
    """Interval of the underlying share of sclerotic glomeruli in the kidney.

    Each draw of n glomeruli, k of them sclerotic, gives one value of Beta(k + 1/2, n - k + 1/2)
    (Jeffreys prior); pooled over draws, the 2.5 and 97.5 % points are the ends. They always take in
    theta, as Brown, Cai and DasGupta (2001) let Jeffreys' interval start at 0 for k = 0. Once all
    are reviewed, it is Wilson's interval.
    """
    theta, n = circles.theta, len(circles.g)
    if isnan(theta):
        return Estimate(nan, n)
    if circles.reviewed.all():
        return wilson(round(circles.s.sum()), round(circles.g.sum()))
    k, rest = draws.sclerotic, draws.glomeruli - draws.sclerotic
    pool = np.random.default_rng(seed).beta(k + 0.5, rest + 0.5)
    return _between(circles, pool)


def _between(circles: Expectations, values: Array) -> Estimate:
    """theta with the 2.5 and 97.5 % points of values; theta never lies outside."""
    low, high = np.percentile(values, [2.5, 97.5])
    theta = circles.theta
    return Estimate(theta, len(circles.g), float(min(low, theta)), float(max(high, theta)))
