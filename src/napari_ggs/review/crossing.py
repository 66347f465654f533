"""Could the circles that nobody has reviewed yet carry %GGS across a threshold?"""

from dataclasses import dataclass, replace
from math import isnan, nan
from typing import Self

import pandas as pd

from napari_ggs.evaluation import Estimate
from napari_ggs.glomeruli import Thresholds, unclassified
from napari_ggs.lesions import Scheme
from napari_ggs.review.expectations import Expectations, expect, put_aside
from napari_ggs.review.intervals import section_interval


@dataclass(frozen=True)
class Reach:
    """Where a full review could end, beside a threshold.

    Attributes
    ----------
    threshold : float
        A share of sclerotic glomeruli, 0 to 1; "above" means more than this.
    left : int
        Circles that nobody has reviewed, with those that have no class.
    least, most : float
        The share if all of these turned out to be glomeruli that are not sclerotic, or to be
        sclerotic ones; NaN without any glomerulus.
    section : Estimate
        theta with the 95 % interval of `intervals.section_interval`.
    """

    threshold: float
    left: int
    least: float
    most: float
    section: Estimate

    @property
    def possible(self) -> bool:
        """Whether some labels of the unreviewed circles end above, and some do not."""
        return self.least <= self.threshold < self.most

    @property
    def likely(self) -> bool:
        """Whether the 95 % interval reaches across the threshold; not if there is none."""
        return self.possible and self.section.low <= self.threshold < self.section.high

    def without_interval(self) -> Self:
        """As it is for who is blind to the model, from which the interval comes."""
        return replace(self, section=Estimate(nan, self.section.n))

    def words(self) -> str:
        """Say it in a sentence or two."""
        if isnan(self.least):
            return "There is no glomerulus to judge by yet."
        if not self.left:
            return f"No: every circle is reviewed, and {_percent(self.least)} is {self._side}."
        if not self.possible:
            return (
                f"No. Whatever the {_circles(self.left)} {_are(self.left)}, %GGS ends "
                f"{self._side}: between {_percent(self.least)} and {_percent(self.most)}."
            )
        return f"{self._verdict} {self._worst}"

    @property
    def _verdict(self) -> str:
        if isnan(self.section.value):
            return "It may."
        ends = f"{_percent(self.section.low)} to {_percent(self.section.high)}"
        interval = f"The 95 % interval of this slide, {ends},"
        if self.likely:
            return f"Yes, it may well. {interval} reaches across {_percent(self.threshold)}."
        return f"It is unlikely. {interval} is {self._side}."

    @property
    def _worst(self) -> str:
        ends = f"{_percent(self.least)} if not sclerotic, {_percent(self.most)} if sclerotic"
        alike = "all" if self.left > 1 else "the"
        return f"At the extremes, {alike} {_circles(self.left)} would give {ends}."

    @property
    def _side(self) -> str:
        at = self.section.low if self.possible else self.least
        return f"{'above' if at > self.threshold else 'not above'} {_percent(self.threshold)}"


def reach(
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    threshold: float,
    *,
    count_cut: bool = True,
) -> Reach:
    """Find how far the unreviewed circles of a table could carry the answer.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table; see `expect`.
    scheme, thresholds
    threshold : float
        A share of sclerotic glomeruli, 0 to 1, that matters for a decision.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    """
    circles = expect(table, scheme, thresholds, count_cut=count_cut)
    unknown = unclassified(table, thresholds).to_numpy() & ~put_aside(table, count_cut)
    left = int((~circles.reviewed).sum() + unknown.sum())
    return Reach(threshold, left, *extremes(circles, left), section_interval(circles))


def extremes(circles: Expectations, left: int) -> tuple[float, float]:
    """The least and the most share that is possible: all unreviewed are glomeruli of one kind.

    Parameters
    ----------
    circles : Expectations
    left : int
        Number of unreviewed circles; those without a class are not among the expectations.
    """
    done = circles.reviewed
    least, whole = float(circles.s[done].sum()), float(circles.g[done].sum()) + left
    return (least / whole, (least + left) / whole) if whole else (nan, nan)


def _percent(share: float) -> str:
    return f"{round(100 * share, 1):g} %"


def _circles(number: int) -> str:
    return "unreviewed circle" if number == 1 else f"{number} unreviewed circles"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
