"""The table of counts: a line per section, then this slide and its case by both conventions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from napari_ggs.lesions import Scheme
from napari_ggs.review.case_slides import OtherSlide
from napari_ggs.review.conventions import Conventions, Tally, together
from napari_ggs.review.sections import Section

TOTAL_TIP = (
    "Total per biopsy: the glomeruli of all sections added up. Neighbouring sections show the "
    "same glomerulus again, so it may be counted several times."
)
AVERAGE_TIP = (
    "Average per level: the mean over the sections (levels), of the counts and of %GGS. A "
    "section with few glomeruli weighs as much as one with many."
)
SECTION_TIP = "One section (level) of this slide. Double-click the name to change it."
OUTSIDE_TIP = (
    "Glomeruli in no section: they are in the total per biopsy, and not in the average per level."
)
NO_LEVEL = "no section"
OTHER_TIP = "Another slide of this case: its latest run, as you left it."


@dataclass(frozen=True)
class CountRow:
    """A line of the table.

    Attributes
    ----------
    name : str
    tally : Tally or None
        None where nothing can be counted.
    tip : str
        What the line means.
    average : bool
        Whether counts are means.
    strong : bool
        Whether it is an answer, and not a part of one.
    section : bool
        Whether the name is that of a section, which people may change.
    remark : str
        What stands in place of counts.
    """

    name: str
    tally: Tally | None
    tip: str
    average: bool = False
    strong: bool = False
    section: bool = False
    remark: str = ""

    def cells(self, scheme: Scheme) -> list[str]:
        """Glomeruli, glomeruli of each class in class order, %GGS; "" where unknown."""
        if self.tally is None:
            return [""] * (len(scheme.glomerular) + 2)
        counts = [self.tally.count, *(self.tally.counts[name] for name in scheme.glomerular)]
        percent = "–" if self.tally.percent is None else f"{self.tally.percent:.0f}"
        return [f"{n:.1f}" if self.average and n < 100 else f"{n:.0f}" for n in counts] + [percent]


def count_rows(
    found: Conventions,
    sections: Sequence[Section],
    others: Iterable[OtherSlide],
    scheme: Scheme,
) -> list[CountRow]:
    """The lines of a slide and its case.

    Parameters
    ----------
    found : Conventions
        Of the slide at hand.
    sections : sequence of Section
        Its sections, each a line; none while they are not known.
    others : iterable of OtherSlide
        The other slides of the case; the case has lines of its own only if there are any.
    scheme : Scheme
    """
    rows = [_section_row(one, found) for one in sections]
    if sections and found.outside:
        rows.append(CountRow("in no section", _outside(found, scheme), OUTSIDE_TIP))
    rows += _both("Slide", found)
    slides = list(others)
    if slides:
        counted = {str(i): each.found for i, each in enumerate(slides, 1) if each.found}
        rows += [_other_row(each) for each in slides]
        rows += _both("Case", together({"0": found, **counted}, scheme))
    return rows


def _section_row(section: Section, found: Conventions) -> CountRow:
    area = "" if section.area_mm2 != section.area_mm2 else f" {section.area_mm2:.1f} mm² of tissue."
    return CountRow(section.name, found.levels[section.name], f"{SECTION_TIP}{area}", section=True)


def _other_row(other: OtherSlide) -> CountRow:
    tally = None if other.found is None else other.found.total
    tip = ". ".join(part for part in (f"{OTHER_TIP} {other.name}", other.remark) if part)
    return CountRow(other.name, tally, tip, remark="" if tally else other.remark)


def _both(name: str, found: Conventions) -> list[CountRow]:
    level = found.average if found.levels else None
    return [
        CountRow(f"{name}, total", found.total, TOTAL_TIP, strong=True),
        CountRow(
            f"{name}, per level",
            level,
            AVERAGE_TIP,
            average=True,
            strong=True,
            remark="" if level else NO_LEVEL,
        ),
    ]


def _outside(found: Conventions, scheme: Scheme) -> Tally:
    """What is in the total and in no level."""
    rest: Mapping[str, float] = {
        name: found.total.counts[name] - sum(t.counts[name] for t in found.levels.values())
        for name in scheme.glomerular
    }
    sclerotic = sum(rest[name] for name in scheme.sclerotic)
    return Tally({**rest}, 100 * sclerotic / sum(rest.values()))
