"""Counts and %GGS of a case by both conventions, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan, sqrt
from statistics import fmean

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from napari_ggs.evaluation import Estimate
from napari_ggs.report.case_reading import SlideReading
from napari_ggs.review.case_slides import WHOLE
from napari_ggs.review.conventions import OUTSIDE, Conventions, by_section, conventions, together
from napari_ggs.review.expectations import Expectations, expect
from napari_ggs.review.intervals import Z, draw
from napari_ggs.review.placing import Placing, in_one
from napari_ggs.review.sections import Section

KEPT, FOUND, UNKNOWN = "kept in the study", "found in its tissue", "not known: counted as one"


@dataclass(frozen=True, eq=False)
class SlideCounts:
    """One slide, counted.

    Attributes
    ----------
    reading : SlideReading
    sections : tuple of Section
        Named as they are shown; none if they are not known.
    known : str
        How they are known: `KEPT`, `FOUND` or `UNKNOWN`.
    placed : DataFrame
        The table with the column ``section``.
    found : Conventions
    """

    reading: SlideReading
    sections: tuple[Section, ...]
    known: str
    placed: pd.DataFrame
    found: Conventions

    @property
    def name(self) -> str:
        """What it is called on the page."""
        return f"Slide {self.reading.number}"

    @cached_property
    def levels(self) -> dict[str, Expectations]:
        """What is expected of each section, by name; circles in no section are left out."""
        run, count_cut = self.reading.run, self.reading.count_cut
        tables = by_section(self.placed, self.found.levels)
        return {
            name: expect(rows, run.scheme, run.thresholds, count_cut=count_cut)
            for name, rows in tables.items()
            if name != OUTSIDE
        }


def count_slide(
    reading: SlideReading, sections: Sequence[Section] | None, known: str
) -> SlideCounts:
    """Count a slide by its sections, as the Review dock does.

    Parameters
    ----------
    reading : SlideReading
    sections : sequence of Section, or None
        None if they are not known: the slide is one section then.
    known : str
        See `SlideCounts`.
    """
    if sections is None:
        placed, names = in_one(reading.table, WHOLE), [WHOLE]
    else:
        placed, names = Placing(sections).placed(reading.table), [one.name for one in sections]
    run = reading.run
    found = conventions(placed, run.scheme, run.thresholds, names, count_cut=reading.count_cut)
    return SlideCounts(reading, tuple(sections or ()), known, placed, found)


def together_of(counts: Sequence[SlideCounts]) -> Conventions:
    """The slides of one scheme by both conventions."""
    found: Mapping[str, Conventions] = {one.name: one.found for one in counts}
    return together(found, counts[0].reading.run.scheme)


@dataclass(frozen=True)
class Shares:
    """The share of sclerotic glomeruli by one convention, 0 to 1.

    Attributes
    ----------
    tissue : Estimate
        What a review of every circle would find.
    kidney : Estimate
        What is likely in the organ.
    """

    tissue: Estimate
    kidney: Estimate


def average_shares(counts: Sequence[SlideCounts]) -> Shares:
    """The average per level with its intervals; undefined where no level has glomeruli.

    Of the tissue: the mean of the levels' theta, +- 1.96 sqrt(sum of their variances) / number of
    levels, with the variance of a theta as in `review.intervals.section_interval`. Of the kidney:
    as if one level had been seen, of as many glomeruli as the mean, since neighbouring levels show
    the same glomeruli again. In `review.intervals.kidney_interval` the numbers of each draw are
    divided by the number of levels.
    """
    levels = [level for one in counts for level in one.levels.values()]
    some = [level for level in levels if level.g.sum() > 0]
    n = sum(len(level.g) for level in levels)
    if not some:
        return Shares(Estimate(nan, n), Estimate(nan, n))
    theta = fmean(level.theta for level in some)
    half = Z * sqrt(sum(level.u.sum() / level.g.sum() ** 2 for level in some)) / len(some)
    tissue = Estimate(theta, n, max(0.0, theta - half), min(1.0, theta + half))
    low, high = _one_level(some, len(levels))
    return Shares(tissue, Estimate(theta, n, min(low, theta), max(high, theta)))


def _one_level(some: Sequence[Expectations], levels: int) -> tuple[float, float]:
    """Ends of the kidney's interval as if the levels were one of their mean numbers."""
    whole = _joined(some)
    if whole.reviewed.all():
        k, n = whole.s.sum() / levels, whole.g.sum() / levels
        low, high = proportion_confint(k, n, method="wilson")
        return float(low), float(high)
    drawn = draw(whole)
    k, rest = drawn.sclerotic / levels, (drawn.glomeruli - drawn.sclerotic) / levels
    pool = np.random.default_rng(0).beta(k + 0.5, rest + 0.5)
    low, high = np.percentile(pool, [2.5, 97.5])
    return float(low), float(high)


def _joined(some: Sequence[Expectations]) -> Expectations:
    """The circles of several levels as of one slide: what misleads the model does so on all."""
    g, s, reviewed = (
        np.concatenate([getattr(level, name) for level in some]) for name in ("g", "s", "reviewed")
    )
    place = np.zeros(len(g), dtype=np.intp)
    return Expectations(np.arange(len(g)), g, s, reviewed, place)


def named_as(sections: Sequence[Section], names: Sequence[str]) -> tuple[Section, ...]:
    """Sections under other names."""
    return tuple(replace(one, name=name) for one, name in zip(sections, names, strict=True))
