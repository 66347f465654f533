"""Simulated tables of circles whose probabilities are calibrated and whose truth is known.

Each slide draws what its kidney is like (the share of sclerotic glomeruli, `kidney`) and, for each
circle, three questions are answered one after the other: a glomerulus? if so, sclerotic? if so,
which kind? The probability of each answer is drawn from a Beta or Dirichlet distribution around the
slide's share, and the truth from the probability: so probabilities are calibrated on the slide and
the true labels are an independent sample from the kidney. The concentrations are set so that the F1
per class comes near the GGS paper's (normal .983, obsolescent .919, solidified .612, disappearing
.409, non-glomerulus .968), and half of the circles are non-glomeruli, as in its cohort.

Then what the slide reports is spoilt: the logit of "sclerotic" is shifted by the same amount on all
of its circles (`shift`), as a stain or a scanner does. With `pooled`, the classifier also does not
know how common sclerosis is in this patient: its probabilities are calibrated over the cohort, not
on the slide, which shifts the logit by logit(kidney) - logit(cohort).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from napari_ggs import glomeruli
from napari_ggs.lesions import GGS

NOT_GLOMERULAR = 0.5
COHORT, SPREAD = 0.45, 1.3
"""Median share of sclerotic glomeruli, and the SD of its logit over patients: SD^2 / (SD^2 + pi^2 /
3), the intraclass correlation on the logit scale, is .34 (REFERENCE.md section 1)."""

KINDS = np.array([0.85, 0.09, 0.06])
"""Shares of obsolescent, solidified, disappearing."""

SURE_GLOMERULUS, SURE_SCLEROTIC, SURE_KIND = 0.1, 0.04, 1.2
"""Concentrations: the lower, the surer the classifier."""

AMBIGUOUS = 2.0
"""Concentration of the five classes together on an `ambiguous` slide."""


class Simulated(NamedTuple):
    """A slide as found, and what is true of it."""

    table: pd.DataFrame
    truth: NDArray[np.object_]
    kidney: float


def simulate(
    rng: np.random.Generator, circles: int, shift_sd: float = 0.0, pooled: bool = False
) -> Simulated:
    """Draw a slide with so many circles."""
    kidney = float(expit(logit(COHORT) + SPREAD * rng.normal()))
    g = _beta(rng, 1 - NOT_GLOMERULAR, SURE_GLOMERULUS, circles)
    s = g * _beta(rng, kidney, SURE_SCLEROTIC, circles)
    kinds = rng.dirichlet(np.maximum(SURE_KIND * KINDS, 1e-3), circles)
    p = np.column_stack([g - s, s[:, None] * kinds, 1 - g])
    truth = np.array(GGS.classes, dtype=object)[_draw(rng, p)]
    off = rng.normal(0, shift_sd) + (logit(kidney) - logit(COHORT) if pooled else 0.0)
    return Simulated(_table(shifted(p, -off), rng), truth, kidney)


def ambiguous(rng: np.random.Generator, circles: int) -> Simulated:
    """Draw a slide on which the classifier is unsure of everything alike: Dirichlet around shares.

    Calibrated; far worse than the published classifiers.
    """
    kidney = float(expit(logit(COHORT) + SPREAD * rng.normal()))
    g = 1 - NOT_GLOMERULAR
    shares = np.array([g * (1 - kidney), *(g * kidney * KINDS), NOT_GLOMERULAR])
    p = rng.dirichlet(AMBIGUOUS * shares, circles)
    return Simulated(_table(p, rng), np.array(GGS.classes, dtype=object)[_draw(rng, p)], kidney)


def _table(p: NDArray[np.float64], rng: np.random.Generator) -> pd.DataFrame:
    circles = len(p)
    places = rng.uniform(0, 1e5, (circles, 2))
    xyr = np.column_stack([places, rng.uniform(100, 400, circles)])
    return glomeruli.build(xyr, rng.uniform(0.2, 1, circles), p, GGS)


def shifted(p: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Probabilities (n, k) with the logit of "sclerotic" shifted, the others in proportion."""
    sclerotic = np.isin(GGS.classes, GGS.sclerotic)
    weights = p * np.where(sclerotic, np.exp(by), 1.0)
    return weights / weights.sum(axis=1, keepdims=True)


def share_sclerotic(labels: NDArray[np.object_]) -> float:
    """Share of sclerotic ones among the glomeruli; NaN without any."""
    is_glomerulus = np.isin(labels, GGS.glomerular)
    if not is_glomerulus.any():
        return float("nan")
    return float(np.isin(labels, GGS.sclerotic).sum() / is_glomerulus.sum())


def _beta(rng: np.random.Generator, mean: float, sure: float, n: int) -> NDArray[np.float64]:
    return rng.beta(max(sure * mean, 1e-3), max(sure * (1 - mean), 1e-3), n)


def _draw(rng: np.random.Generator, p: NDArray[np.float64]) -> NDArray[np.intp]:
    """One class for each row."""
    place = rng.random(len(p))[:, None] * p.sum(axis=1, keepdims=True)
    return np.minimum((p.cumsum(axis=1) < place).sum(axis=1), p.shape[1] - 1)
