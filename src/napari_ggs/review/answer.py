"""The answer of a review as it stands: counts, %GGS, its two intervals and what is left to do."""

from dataclasses import dataclass

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.evaluation import Estimate
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.crossing import extremes
from napari_ggs.review.expectations import (
    Aside,
    Expectations,
    aside,
    expect,
    put_aside,
    removed,
)
from napari_ggs.review.intervals import (
    LOGIT_SHIFT_SD,
    Draws,
    draw,
    kidney_interval,
    section_interval,
    shifted_section_interval,
)

ADEQUATE = 25
"""A biopsy with fewer glomeruli gets a warning."""


@dataclass(frozen=True)
class Crossing:
    """Whether the unreviewed circles could still carry the answer across a threshold.

    Attributes
    ----------
    threshold : float
        A share, 0 to 1; "above" means more than this.
    possible : bool
        Whether some labels of the unreviewed circles end above it, and some do not. Circles
        without a class may turn out to be anything, too.
    probability_above : float
        How often a full review would end above it, by the draws of `intervals.draw`; NaN where
        no draw has a glomerulus.
    """

    threshold: float
    possible: bool
    probability_above: float


@dataclass(frozen=True)
class Answer:
    """What a table of circles says now.

    Attributes
    ----------
    counts : dict
        Glomeruli counted now by class in force, in class order (`glomeruli.counts`), without the
        circles that were put aside.
    percent : float or None
        %GGS of these counts, 0 to 100; None without glomeruli.
    section, kidney : Estimate
        theta with the two intervals of `intervals`, as shares 0 to 1; n circles take part.
    section_with_shift : Estimate
        The section's interval if the classifier may be off on the whole slide.
    reviewed, total : int
        Circles that a person labelled or put aside, of those that pass the detection threshold or
        that a person drew, labelled or put aside. Removed ones are in neither.
    counted_reviewed : int
        How many of the glomeruli counted now a person labelled.
    aside : Aside
    count_cut : bool
        Whether circles assessed as cut were counted.
    logit_shift_sd : float
        The spread of the slide-wide shift that the kidney interval took.
    crossing : Crossing or None
        None if no threshold was chosen.
    """

    counts: dict[str, int]
    percent: float | None
    section: Estimate
    kidney: Estimate
    section_with_shift: Estimate
    reviewed: int
    total: int
    counted_reviewed: int
    aside: Aside
    count_cut: bool
    logit_shift_sd: float
    crossing: Crossing | None = None

    @property
    def count(self) -> int:
        """Glomeruli counted now."""
        return sum(self.counts.values())

    @property
    def theta(self) -> float:
        """Expected share of sclerotic glomeruli, 0 to 1; NaN where none is expected."""
        return self.section.value

    @property
    def percents(self) -> dict[str, float]:
        """Percent of the glomeruli counted now in each class; empty without any."""
        return {name: 100 * n / self.count for name, n in self.counts.items() if self.count}

    @property
    def adequate(self) -> bool:
        """Whether there are enough glomeruli to judge a biopsy by."""
        return self.count >= ADEQUATE


def answer(
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    *,
    count_cut: bool = True,
    logit_shift_sd: float | None = None,
    threshold: float | None = None,
    seed: int = 0,
) -> Answer:
    """Compute the answer of a table of circles: of a section, of a slide or of a case.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table. Optional columns: ``assessment`` (str), ``removed`` (bool) and ``slide``
        (each slide then has its own shift).
    scheme : Scheme
    thresholds : Thresholds
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    logit_shift_sd : float, optional
        Of the model card; `LOGIT_SHIFT_SD` if it does not say.
    threshold : float, optional
        A share of sclerotic glomeruli, 0 to 1, that matters for a decision.
    seed : int
        Of the draws.
    """
    circles = expect(table, scheme, thresholds, count_cut=count_cut)
    told_apart = aside(table, thresholds, count_cut=count_cut)
    spread = LOGIT_SHIFT_SD if logit_shift_sd is None else logit_shift_sd
    drawn = draw(circles, spread, seed)
    out = put_aside(table, count_cut)
    kept, judged = table[~out], int((out & ~removed(table)).sum())
    counts = glomeruli.counts(kept, scheme, thresholds)
    labelled = glomeruli.counted(kept, scheme, thresholds) & (kept["label"] != "")
    return Answer(
        counts=counts,
        percent=glomeruli.percent_sclerotic(counts, scheme),
        section=section_interval(circles),
        kidney=kidney_interval(circles, drawn, seed),
        section_with_shift=shifted_section_interval(circles, drawn),
        reviewed=judged + int(circles.reviewed.sum()),
        total=judged + len(circles.g) + told_apart.unclassified,
        counted_reviewed=int(labelled.sum()),
        aside=told_apart,
        count_cut=count_cut,
        logit_shift_sd=spread,
        crossing=_crossing(threshold, circles, drawn, told_apart.unclassified),
    )


def _crossing(
    threshold: float | None, circles: Expectations, drawn: Draws, unclassified: int
) -> Crossing | None:
    if threshold is None:
        return None
    left = int((~circles.reviewed).sum()) + unclassified
    least, most = extremes(circles, left)
    return Crossing(threshold, least <= threshold < most, drawn.probability_above(threshold))
