"""Prediction-powered inference of a share, from a random sample that people have reviewed.

A model may be wrong about many circles in the same way, which no interval made from its own
probabilities can show. A random sample shows it. Prediction-powered inference (Angelopoulos et al.,
Science 382, 2023) adds the mean error on the sample to the mean prediction over all:

    M_f = mean of f over all + mean of (truth - f) over the sample.

%GGS is a ratio, theta = sum s / sum g, so it is linearised (Cochran, Sampling Techniques, 1977,
section 6.3). Of N circles n were drawn at random and reviewed; G and S is what circles add that
were reviewed before and could not be drawn. With the prediction-powered means of g and s

    theta = (S + N M_s) / (G + N M_g),

which to first order varies as N M_d / (G + N M_g) with d = s - theta g. The interval of M_d is that
of `ppi_py.ppi_mean_ci`, without power tuning (lam = 1: ten examples cannot tune) and with three
corrections for a small sample of a finite number of circles:

- the mean prediction over all circles is known, not estimated: it goes in as a single value, which
  has no variance;
- the quantile is Student's with n - 1 degrees of freedom, and the variance is divided by n - 1;
- half the width is multiplied by sqrt(1 - n / N), since nothing is drawn twice (Cochran, 2.6).

Ten circles often hold no error of the model, and then show no variance either: by itself the
interval holds the truth in three of four audits only. So it is never made narrower than the
model's own doubt would make it: 1.96 sqrt(mean of u / n), u as in `expectations`. With that nearly
all do (benchmarks/interval_coverage.py): it errs on the wide side.
"""

from math import nan, sqrt

import numpy as np
from scipy import stats

from napari_ggs.circles import Array
from napari_ggs.evaluation import Estimate
from napari_ggs.review.expectations import variance
from napari_ggs.review.intervals import Z

ALPHA = 0.05


def ratio(truth: Array, predicted: Array, everyone: Array, before: Array) -> Estimate:
    """Estimate a share and its 95 % interval, both within 0..1.

    Parameters
    ----------
    truth, predicted : ndarray, shape (n, 2)
        g and s of the sample: as reviewed, and as the model expected.
    everyone : ndarray, shape (N, 2)
        g and s that the model expected of all circles that could be drawn.
    before : ndarray, shape (2,)
        Sums of g and s over circles that could not be drawn, since they were reviewed before.

    Returns
    -------
    Estimate
        Of n. Undefined if the sample leaves no glomerulus, as a very small one may.
    """
    from ppi_py import ppi_mean_pointestimate

    n, whole = len(truth), len(everyone)
    means = ppi_mean_pointestimate(truth, predicted, everyone, lam=1)
    glomeruli, sclerotic = before + whole * means
    if glomeruli <= 0:
        return Estimate(nan, n)
    theta = float(np.clip(sclerotic / glomeruli, 0, 1))
    half = 0.0
    if n < whole:
        scale = whole / glomeruli * sqrt(1 - n / whole)
        g, s = everyone.T
        doubt = Z * sqrt(variance(g, s, theta).mean() / n)
        half = scale * max(_seen(truth, predicted, everyone, theta), doubt)
    return Estimate(theta, n, max(0.0, theta - half), min(1.0, theta + half))


def _seen(truth: Array, predicted: Array, everyone: Array, theta: float) -> float:
    """Half the width of the interval of M_d that the sample gives; 0 for one circle alone."""
    from ppi_py import ppi_mean_ci

    if (n := len(truth)) < 2:
        return 0.0
    contrast = np.array([-theta, 1.0])
    known = (everyone @ contrast).mean(keepdims=True)
    quantile = stats.t.ppf(1 - ALPHA / 2, n - 1) * sqrt(n / (n - 1))
    alpha = 2 * stats.norm.sf(quantile)
    low, high = ppi_mean_ci(truth @ contrast, predicted @ contrast, known, alpha=alpha, lam=1)
    return float(np.squeeze(high - low)) / 2
