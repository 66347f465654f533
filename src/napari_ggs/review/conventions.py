"""The two ways to count glomeruli over the sections (levels) of a biopsy.

*Total per biopsy*: all sections are added up. *Average per level*: the mean over the sections, of
the counts and of the percentages. The same glomerulus shows in neighbouring levels, so a total
counts it several times; an average gives a level with few glomeruli the weight of one with many.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.expectations import put_aside

OUTSIDE = ""
"""The name of the section of a circle that lies in none."""


@dataclass(frozen=True)
class Tally:
    """What is counted by one convention.

    Attributes
    ----------
    counts : dict of str to float
        Glomeruli per class, in class order.
    percent : float or None
        %GGS, 0 to 100; None without glomeruli.
    """

    counts: dict[str, float]
    percent: float | None

    @property
    def count(self) -> float:
        """All glomeruli."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Conventions:
    """The same slide or case by both conventions.

    Attributes
    ----------
    levels : dict of str to Tally
        Each section by itself: by its name, or by slide and name ("slide: name") in a case.
    total : Tally
        Over all sections, and the circles in none.
    average : Tally
        The mean over sections; of the percentages, over those that have glomeruli. Circles in no
        section are left out.
    outside : int
        Glomeruli in no section.
    """

    levels: dict[str, Tally]
    total: Tally
    average: Tally
    outside: int


def case_table(slides: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The tables of the slides of a case as one, with the slide's name in the column ``slide``.

    The index says nothing any more: the same handles occur on every slide.
    """
    tables = [table.assign(slide=name) for name, table in slides.items()]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def by_section(table: pd.DataFrame, names: Iterable[str] = ()) -> dict[str, pd.DataFrame]:
    """The rows of each section, in natural order of the names; `OUTSIDE` holds those in none.

    Parameters
    ----------
    table : DataFrame
        With a column ``section``; of a case, with a column ``slide`` as well (`case_table`).
    names : iterable of str, optional
        Sections that are there even if no circle lies in them.

    Raises
    ------
    UserError
        If there is no column ``section``.
    """
    if "section" not in table:
        raise UserError(
            "The table has no column 'section', so its levels cannot be told apart: find the "
            "sections of the slide first, or take all circles as one section."
        )
    level = _level(table)
    found = {name: table[level == name] for name in {*names, *level}}
    return dict(sorted(found.items(), key=lambda one: _natural(one[0])))


def conventions(
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    names: Iterable[str] = (),
    *,
    count_cut: bool = True,
) -> Conventions:
    """Count the glomeruli of a slide or of a case by both conventions.

    Parameters
    ----------
    table, names
        As `by_section` takes them: a section without circles lowers the average count.
    scheme, thresholds
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    """
    kept = table[~put_aside(table, count_cut)]
    counted = glomeruli.counted(kept, scheme, thresholds)
    shown = glomeruli.classes_in_force(kept).where(counted, "")
    places = kept[[column for column in ("slide", "section") if column in kept]]
    found = by_section(places.assign(counts_as=shown), names)
    levels = {name: _tally(rows["counts_as"], scheme) for name, rows in found.items()}
    return _both(levels, levels.pop(OUTSIDE, None), scheme)


def together(slides: Mapping[str, Conventions], scheme: Scheme) -> Conventions:
    """The slides of a case by both conventions, each counted by thresholds of its own.

    If these are the same for all, it is what `conventions` makes of their `case_table`.

    Parameters
    ----------
    slides : mapping of str to Conventions
        By the slides' names.
    scheme : Scheme
        Of all slides.
    """
    levels = {
        f"{slide}: {name}": tally
        for slide, found in slides.items()
        for name, tally in found.levels.items()
    }
    total = _sum([found.total for found in slides.values()], scheme)
    outside = sum(found.outside for found in slides.values())
    return Conventions(levels, total, _average(list(levels.values()), scheme), outside)


def _both(levels: dict[str, Tally], outside: Tally | None, scheme: Scheme) -> Conventions:
    rest = [] if outside is None else [outside]
    total = _sum([*levels.values(), *rest], scheme)
    average = _average(list(levels.values()), scheme)
    return Conventions(levels, total, average, sum(int(tally.count) for tally in rest))


def _tally(classes: pd.Series, scheme: Scheme) -> Tally:
    """Count glomeruli by what they count as; "" counts as nothing."""
    found = classes.value_counts()
    return _tally_of({name: int(found.get(name, 0)) for name in scheme.glomerular}, scheme)


def _sum(tallies: Sequence[Tally], scheme: Scheme) -> Tally:
    counts = {name: int(sum(t.counts[name] for t in tallies)) for name in scheme.glomerular}
    return _tally_of(counts, scheme)


def _tally_of(counts: dict[str, int], scheme: Scheme) -> Tally:
    return Tally({**counts}, glomeruli.percent_sclerotic(counts, scheme))


def _average(levels: Sequence[Tally], scheme: Scheme) -> Tally:
    shares = [level.percent for level in levels if level.percent is not None]
    counts = {
        name: fmean(level.counts[name] for level in levels) if levels else 0.0
        for name in scheme.glomerular
    }
    return Tally(counts, fmean(shares) if shares else None)


def _level(table: pd.DataFrame) -> NDArray[np.object_]:
    names = table["section"].astype(str)
    if "slide" in table:
        names = (table["slide"].astype(str) + ": " + names).where(names != OUTSIDE, OUTSIDE)
    return names.to_numpy(dtype=object)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which "10" follows "2"."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
