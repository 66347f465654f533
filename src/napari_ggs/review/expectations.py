"""What each circle adds to the answer: its expected glomeruli and sclerotic glomeruli.

For a circle that nobody labelled, g = 1 - p(non-glomerulus) is the expected number of glomeruli and
s = sum of p(sclerotic classes), not renormalised, the expected number of sclerotic ones; a label
makes both 0 or 1. The share of sclerotic glomeruli is theta = sum s / sum g, a ratio estimator. Its
linearisation (Cochran, Sampling Techniques, 1977, section 6.3) turns the uncertainty of a circle
into the variance of its s - theta g, which is 1 - theta with probability s, -theta with probability
g - s and 0 otherwise:

    u = s (1 - theta)^2 + (g - s) theta^2 - (s - theta g)^2
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs import glomeruli
from napari_ggs.circles import Array
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import NON_GLOMERULUS, Scheme

Rows = NDArray[np.bool_]

UNCERTAIN, UNGRADABLE, CUT, DUPLICATE = "uncertain", "ungradable", "cut", "duplicate"
"""Assessments that matter to the answer; the others are "ok" and "" (none)."""


@dataclass(frozen=True, eq=False)
class Expectations:
    """The n circles that take part in the answer.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Their positions in the table.
    g, s : ndarray, shape (n,)
        Expected glomeruli and expected sclerotic glomeruli, 0 <= s <= g <= 1.
    reviewed : ndarray of bool, shape (n,)
        Whether a person labelled it; then g and s are 0 or 1.
    slide : ndarray of int, shape (n,)
        Which slide it is on: 0, 1, ... (all 0 in a table without a column ``slide``).
    """

    rows: NDArray[np.intp]
    g: Array
    s: Array
    reviewed: Rows
    slide: NDArray[np.intp]

    @cached_property
    def theta(self) -> float:
        """Expected share of sclerotic glomeruli, 0 to 1; NaN where no glomerulus is expected."""
        total = self.g.sum()
        return float(self.s.sum() / total) if total > 0 else float("nan")

    @cached_property
    def u(self) -> Array:
        """What each circle adds to the variance of theta, times (sum g)^2; 0 once reviewed."""
        theta = 0.0 if np.isnan(self.theta) else self.theta
        return np.where(self.reviewed, 0.0, variance(self.g, self.s, theta))


def variance(g: Array, s: Array, theta: float) -> Array:
    """u, the variance of each circle's s - theta g; see above."""
    u = s * (1 - theta) ** 2 + (g - s) * theta**2 - (s - theta * g) ** 2
    return np.maximum(u, 0.0)


@dataclass(frozen=True)
class Aside:
    """Numbers of circles told apart from the answer.

    Attributes
    ----------
    uncertain, ungradable, cut, duplicate : int
        By assessment, removed circles left out. Those that are cut may be counted or not.
    removed : int
        Taken out by a person.
    unclassified : int
        Pass the detection threshold, were not put aside, and have neither label nor probabilities,
        since their pixels could not be read.
    """

    uncertain: int
    ungradable: int
    cut: int
    duplicate: int
    removed: int
    unclassified: int


def put_aside(table: pd.DataFrame, count_cut: bool) -> Rows:
    """Rows of shape (n,) that a person took out of the answer, by removal or by assessment."""
    assessed = assessments(table)
    out = removed(table) | np.isin(assessed, glomeruli.STAYING_OUT)
    return out if count_cut else out | (assessed == CUT)


def expect(
    table: pd.DataFrame, scheme: Scheme, thresholds: Thresholds, *, count_cut: bool = True
) -> Expectations:
    """Find the circles that take part and what each is expected to add.

    They pass the detection threshold or were drawn or labelled by a person, were not put aside,
    and have a label or probabilities. Those that the filter rejects take part.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table. Optional columns: ``assessment`` (str), ``removed`` (bool), ``slide``.
    scheme : Scheme
    thresholds : Thresholds
        Only the detection threshold matters here.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    """
    labelled = (table["label"] != "").to_numpy()
    g, s = _expected(table, scheme)
    part = glomeruli.passes(table, thresholds).to_numpy() & ~put_aside(table, count_cut)
    rows = np.flatnonzero(part & (labelled | ~np.isnan(g)))
    return Expectations(rows, g[rows], s[rows], labelled[rows], _slides(table)[rows])


def aside(table: pd.DataFrame, thresholds: Thresholds, *, count_cut: bool = True) -> Aside:
    """Count what is told apart from the answer; see `Aside`."""
    gone, assessed = removed(table), assessments(table)
    by_name = {
        name: int(((assessed == name) & ~gone).sum())
        for name in (UNCERTAIN, UNGRADABLE, CUT, DUPLICATE)
    }
    without = glomeruli.unclassified(table, thresholds).to_numpy() & ~put_aside(table, count_cut)
    return Aside(**by_name, removed=int(gone.sum()), unclassified=int(without.sum()))


def assessments(table: pd.DataFrame) -> NDArray[np.object_]:
    """The assessment of each row, shape (n,); "" without a column of that name."""
    if "assessment" not in table:
        return np.full(len(table), "", dtype=object)
    return table["assessment"].to_numpy(dtype=object)


def removed(table: pd.DataFrame) -> Rows:
    """Whether each row, shape (n,), was removed; none without a column of that name."""
    if "removed" not in table:
        return np.zeros(len(table), dtype=bool)
    return table["removed"].to_numpy(dtype=bool)


def predicted(table: pd.DataFrame, scheme: Scheme) -> tuple[Array, Array]:
    """g and s of each row by its probabilities alone, each of shape (n,); NaN without any."""
    p = table[list(scheme.columns)].to_numpy(dtype=float)
    g = 1 - p[:, -1] if scheme.can_filter else np.ones(len(p))
    s = p[:, np.isin(scheme.classes, scheme.sclerotic)].sum(axis=1)
    known = ~np.isnan(p).any(axis=1)
    g = np.where(known, np.clip(g, 0, 1), np.nan)
    return g, np.where(known, np.clip(s, 0, g), np.nan)


def _expected(table: pd.DataFrame, scheme: Scheme) -> tuple[Array, Array]:
    g, s = predicted(table, scheme)
    label = table["label"].to_numpy(dtype=object)
    labelled = label != ""
    g[labelled] = label[labelled] != NON_GLOMERULUS
    s[labelled] = np.isin(label[labelled], scheme.sclerotic)
    return g, s


def _slides(table: pd.DataFrame) -> NDArray[np.intp]:
    if "slide" not in table:
        return np.zeros(len(table), dtype=np.intp)
    return np.unique(table["slide"].to_numpy(dtype=str), return_inverse=True)[1]
