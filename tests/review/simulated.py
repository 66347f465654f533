"""Tables of circles with calibrated probabilities, and hypothesis strategies for them."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs import glomeruli
from napari_ggs.lesions import GGS, Scheme
from tests.tables import tables

ASSESSMENTS = ["", "ok", "uncertain", "ungradable", "cut", "duplicate"]


COHORT = np.array([3621, 6647, 735, 459, 10_619]) / 22_081
"""Shares of the classes in the GGS paper's cohort (REFERENCE.md section 1)."""

Table = tuple[pd.DataFrame, NDArray[np.object_]]


def calibrated(n: int, seed: int = 0) -> Table:
    """A table of n circles and its truth, drawn from rather unsure probabilities."""
    rng = np.random.default_rng(seed)
    return _table(rng.dirichlet(2 * COHORT, n), rng)


def as_sure_as_published(n: int, seed: int = 0) -> Table:
    """A table whose F1 per class is near the paper's, and its truth.

    Sure of glomeruli (.97) and of sclerosis (.95), unsure of the kind of sclerosis (.5 to .6 for
    the rare ones); see benchmarks/simulated_slides.py.
    """
    rng = np.random.default_rng(seed)
    sclerotic = COHORT[1:4].sum()
    g = rng.beta(0.1 * (1 - COHORT[4]), 0.1 * COHORT[4], n)
    s = g * rng.beta(0.04 * sclerotic / (1 - COHORT[4]), 0.04 * COHORT[0] / (1 - COHORT[4]), n)
    kinds = rng.dirichlet(1.2 * COHORT[1:4] / sclerotic, n)
    return _table(np.column_stack([g - s, s[:, None] * kinds, 1 - g]), rng)


def _table(p: NDArray[np.float64], rng: np.random.Generator) -> Table:
    n = len(p)
    xyr = np.column_stack([rng.uniform(0, 1e4, (n, 2)), rng.uniform(50, 200, n)])
    table = glomeruli.build(xyr, rng.uniform(0.2, 1, n), p, GGS)
    picks = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=len(COHORT) - 1)
    return table, np.array(GGS.classes, dtype=object)[picks]


def labelled(
    table: pd.DataFrame, truth: NDArray[np.object_], rows: NDArray[np.intp]
) -> pd.DataFrame:
    """The table with the true labels of some rows."""
    label = table["label"].copy()
    label.iloc[rows] = truth[rows]
    return table.assign(label=label)


@st.composite
def reviews(draw: st.DrawFn, scheme: Scheme = GGS) -> pd.DataFrame:
    """A table under review: labels, assessments, removed circles, unreadable ones."""
    table = draw(tables(scheme))
    n = len(table)
    table["assessment"] = draw(st.lists(st.sampled_from(ASSESSMENTS), min_size=n, max_size=n))
    table["removed"] = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    table["removed"] = table["removed"].astype(bool)
    unread = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    table.loc[unread, list(scheme.columns)] = np.nan
    table["predicted"] = glomeruli.predict(table[list(scheme.columns)], scheme)
    return table
