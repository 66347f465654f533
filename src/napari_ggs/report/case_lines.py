"""The table of counts of a report, and the glomeruli of a donor-biopsy form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

from napari_ggs.evaluation import Estimate
from napari_ggs.lesions import Scheme
from napari_ggs.report.case_counts import Shares, SlideCounts, average_shares, together_of
from napari_ggs.report.case_reading import CaseReading
from napari_ggs.review.answer import Answer
from napari_ggs.review.conventions import Conventions, Tally
from napari_ggs.review.count_rows import AVERAGE_TIP, TOTAL_TIP, CountRow, count_rows
from napari_ggs.review.intervals import section_interval

CASE = "Case"
ONE_LEVEL = "one level"
TOTAL, AVERAGE = "total per biopsy", "average per level"
_UNKNOWN = Estimate(nan, 0)


@dataclass(frozen=True)
class Line:
    """A line of the table of counts.

    Attributes
    ----------
    scope : str
        "Slide 1", "Case".
    name : str
        A section, `TOTAL` or `AVERAGE`.
    tally : Tally
    scheme : Scheme
    shares : Shares
        NaN where an interval has no meaning.
    """

    scope: str
    name: str
    tally: Tally
    scheme: Scheme
    shares: Shares

    @property
    def strong(self) -> bool:
        """Whether it is an answer, and not a part of one."""
        return self.name in (TOTAL, AVERAGE)

    @property
    def mean(self) -> bool:
        """Whether counts are means."""
        return self.name == AVERAGE

    @property
    def sclerotic(self) -> float:
        """Globally sclerotic glomeruli."""
        return sum(self.tally.counts[name] for name in self.scheme.sclerotic)


def slide_lines(one: SlideCounts) -> list[Line]:
    """A line per section, then the slide by both conventions; of one section, the slide alone."""
    both = _both(one.name, one.found, one.reading.answer, [one])
    if len(one.levels) == 1 and not one.found.outside:
        return [replace(both[0], name=ONE_LEVEL)]
    rows = count_rows(one.found, one.sections, (), one.reading.run.scheme)
    return [*(_part(one, row, row.tally) for row in rows if row.tally and not row.strong), *both]


def _part(one: SlideCounts, row: CountRow, tally: Tally) -> Line:
    """A section, or what is in none."""
    found = section_interval(one.levels[row.name]) if row.section else _UNKNOWN
    return Line(one.name, row.name, tally, one.reading.run.scheme, Shares(found, _UNKNOWN))


def case_lines(counts: Sequence[SlideCounts], case: CaseReading) -> list[Line]:
    """The lines of its slides, then the case by both conventions: the slides that are added up.

    The only slide of a case has no answer of its own, since it would be the case's.
    """
    slides = [line for one in counts for line in slide_lines(one)]
    if len(counts) == 1:
        slides = [line for line in slides if not line.strong and line.name != ONE_LEVEL]
    added = [one for one in counts if one.reading in case.added]
    return [*slides, *_both(CASE, together_of(added), case.answer, added)]


def _both(
    scope: str, found: Conventions, said: Answer, counts: Sequence[SlideCounts]
) -> list[Line]:
    scheme = counts[0].reading.run.scheme
    total = Shares(said.section, said.kidney)
    return [
        Line(scope, TOTAL, found.total, scheme, total),
        Line(scope, AVERAGE, found.average, scheme, average_shares(counts)),
    ]


@dataclass(frozen=True)
class FormLine:
    """A line of the form: number sclerosed of number of glomeruli."""

    name: str
    glomeruli: float
    sclerosed: float
    percent: float | None
    mean: bool
    strong: bool


def form_lines(lines: Sequence[Line]) -> list[FormLine]:
    """The glomeruli of a donor-biopsy form: sections, slides, then the case by both conventions."""
    return [
        FormLine(
            f"{line.scope}, {line.name}",
            line.tally.count,
            line.sclerotic,
            line.tally.percent,
            line.mean,
            line.strong,
        )
        for line in lines
        if line.scope == CASE or not line.mean
    ]


CONVENTIONS = (TOTAL_TIP, AVERAGE_TIP)
"""What the two conventions mean, as the Review dock says it."""
