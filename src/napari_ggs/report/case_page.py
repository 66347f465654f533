"""The page of a case: everything that its template speaks of, put together."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isnan
from typing import Any

import pandas as pd

from napari_ggs import __version__
from napari_ggs.glomeruli import classes_in_force
from napari_ggs.lesions import Lesion
from napari_ggs.report.case_counts import SlideCounts
from napari_ggs.report.case_gallery import Group, chance, standing
from napari_ggs.report.case_lines import CONVENTIONS, Line, case_lines, form_lines
from napari_ggs.report.case_map import drawing
from napari_ggs.report.case_people import AuditFound, Finish, Share
from napari_ggs.report.case_pictures import FIELD_UM, SIDE_PX, SlideLook
from napari_ggs.report.case_reading import CaseReading, SlideReading
from napari_ggs.report.case_warnings import warnings
from napari_ggs.report.pages import render
from napari_ggs.report.summary import GLOBAL, RESEARCH
from napari_ggs.review.answer import ADEQUATE
from napari_ggs.review.export import Subject
from napari_ggs.review.readings import CONSENSUS, Reading
from napari_ggs.store import flags_of
from napari_ggs.store.pseudonyms import Names

CIRCLE = [
    *("slide", "id", "section", "force", "counted", "label", "predicted", "chance"),
    *("detection_score", "assessment"),
]
"""What the list of all circles says of each."""


@dataclass(frozen=True, eq=False)
class CaseFound:
    """All that is known of a case when its page is made.

    Attributes
    ----------
    reading : CaseReading
    counts, looks : tuple of SlideCounts, SlideLook
        One of each for every slide with a run.
    groups : list of Group
    shares, audits : list of Share, AuditFound
    finish : Finish or None
    names : Names
    """

    reading: CaseReading
    counts: tuple[SlideCounts, ...]
    looks: tuple[SlideLook, ...]
    groups: list[Group]
    shares: list[Share]
    audits: list[AuditFound]
    finish: Finish | None
    names: Names

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.names.case(self.reading.case)

    @property
    def heading(self) -> str:
        """The case's name as a heading: a pseudonym says by itself that it is one of a case."""
        return f"Case {self.name}" if self.names.identify else self.name

    @cached_property
    def lines(self) -> list[Line]:
        """The table of counts."""
        return case_lines(self.counts, self.reading)

    @cached_property
    def warnings(self) -> list[str]:
        """What to beware of."""
        return warnings(self.reading, self.counts, self.looks, self.shares, self.finish)

    def subject(self, one: SlideReading) -> Subject:
        """A slide's review, and what it is called."""
        return Subject(one.slide, Reading(one.run, one.reader, one.table), self.names)


def case_html(found: CaseFound, files: Mapping[str, str]) -> str:
    """The page.

    Parameters
    ----------
    found : CaseFound
    files : mapping of str to str
        Files beside the page: name to SHA-256.
    """
    reading = found.reading
    slides = [_slide(found, place) for place in range(len(found.counts))]
    return render(
        "case.html",
        f"{found.heading} - napari-ggs {__version__} - {RESEARCH}",
        found=found,
        heading=found.heading,
        patient=found.names.patient(reading.patient),
        answer=reading.answer,
        scheme=reading.scheme,
        total=found.lines[-2],
        average=found.lines[-1],
        adequate=ADEQUATE,
        subtypes=subtypes(reading),
        form=form_lines(found.lines),
        slides=slides,
        slide_of={one["number"]: one for one in slides},
        circles=circles(found),
        reader=_reader(found),
        who=_who(found.names),
        conventions=CONVENTIONS,
        definition=GLOBAL,
        research=RESEARCH,
        version=__version__,
        now=datetime.now(UTC),
        flags_of=flags_of,
        field_um=FIELD_UM,
        side=SIDE_PX,
        files=files,
    )


def _who(names: Names) -> Any:
    """What readers are called."""
    return lambda reader: reader if reader == CONSENSUS else names.reader(reader)


def _reader(found: CaseFound) -> str:
    """Whose review the figures are, in a sentence."""
    who = sorted({one.reader for one in found.reading.slides} - {""})
    if not who:
        return "Nobody has reviewed this case: every class is the model's."
    named = [
        "all readers together (the consensus, else the class on which those agree who gave one)"
        if one == CONSENSUS
        else f"{found.names.reader(one)} (and the consensus, where there is one)"
        for one in who
    ]
    rest = "Where they said nothing, the model's class stands."
    return f"Counted as left by {' and by '.join(named)}. {rest}"


@dataclass(frozen=True)
class Subtype:
    """How many glomeruli are of a class: named by people, and by the model alone."""

    lesion: Lesion
    by_people: int
    by_model: int
    percent: float | None

    @property
    def count(self) -> int:
        """All."""
        return self.by_people + self.by_model


def subtypes(case: CaseReading) -> list[Subtype]:
    """The glomeruli of a case by class, in class order."""
    tables = [one.table.assign(heading=standing(one)) for one in case.added]
    every = pd.concat(tables, ignore_index=True)
    labelled = every["label"] != ""
    found = []
    for name in case.scheme.glomerular:
        here = every["heading"] == name
        people = int((here & labelled).sum())
        percent = case.answer.percents.get(name)
        found.append(Subtype(case.scheme[name], people, int(here.sum()) - people, percent))
    return found


def _slide(found: CaseFound, place: int) -> dict[str, Any]:
    """What the page says of one slide."""
    counts, look = found.counts[place], found.looks[place]
    one, run = counts.reading, counts.reading.run
    missed = run.info.get("missed")
    areas = [section.area_mm2 for section in counts.sections]
    known = None if not areas or any(map(isnan, areas)) else sum(areas)
    return {
        "number": one.number,
        "name": found.names.slide(one.slide),
        "content": found.names.content(one.slide),
        "path": str(one.slide.path) if found.names.identify else "",
        "slide": one.slide,
        "run": run,
        "lesions": {lesion.name: lesion for lesion in run.scheme.lesions},
        "answer": one.answer,
        "reader": one.reader,
        "consensus": int((one.table["consensus"] != "").sum()),
        "known": counts.known,
        "levels": len(counts.levels),
        "outside": counts.found.outside,
        "missed": missed if isinstance(missed, int | float) else None,
        "complete": run.finished and bool(run.info.get("complete", True)),
        "seconds": _seconds(run.info),
        "tissue_mm2": known if look.tissue_mm2 is None else look.tissue_mm2,
        "look": look,
        "drawing": drawing(counts, look.map),
    }


def _seconds(info: Mapping[str, Any]) -> float | None:
    seconds = info.get("seconds")
    total = seconds.get("total") if isinstance(seconds, dict) else None
    return float(total) if isinstance(total, int | float) else None


def circles(found: CaseFound) -> list[dict[Hashable, Any]]:
    """Every circle that is under some heading, for the list at the end of the page."""
    return [row for counts in found.counts for row in _circles(counts)]


def _circles(counts: SlideCounts) -> list[dict[Hashable, Any]]:
    one = counts.reading
    heading = standing(one)
    table = counts.placed.assign(
        slide=one.number,
        force=classes_in_force(counts.placed),
        chance=chance(counts.placed, one.run.scheme),
        counted=heading.isin(one.run.scheme.glomerular),
    )
    titles = {lesion.name: lesion.title for lesion in one.run.scheme.lesions}
    named = ["force", "label", "predicted"]
    rows = table.loc[heading != "", CIRCLE].sort_values("id")
    return rows.assign(**{name: rows[name].map(titles).fillna("") for name in named}).to_dict(
        "records"
    )
