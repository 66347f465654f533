"""The reports of a study: a page for each case, and one for the cohort."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from napari_ggs import __version__
from napari_ggs.errors import UserError
from napari_ggs.files import explained, make_folder, scratch_folder
from napari_ggs.report.case_reading import require_reader
from napari_ggs.report.case_report import Wanted, digests, find_case, put_in_place, write_case
from napari_ggs.report.case_tables import ENDINGS, write_table
from napari_ggs.report.cohort_summary import (
    CaseFault,
    CaseSummary,
    all_subtypes,
    cases_table,
    models_in_use,
    pooled,
    summary_of,
)
from napari_ggs.report.pages import render
from napari_ggs.report.summary import GLOBAL, RESEARCH
from napari_ggs.review.answer import ADEQUATE
from napari_ggs.store import CaseStore, StoredSlide

COHORT, CASES = "cohort", "cases"
LISTED = 60
"""More cases than these are drawn as a curve, not line by line."""


@dataclass(frozen=True)
class Told:
    """What became of a case: its page, or the fault for which there is none."""

    case: str
    page: Path | None = None
    summary: CaseSummary | None = None
    fault: Exception | None = None


def cases_of(store: CaseStore, chosen: Sequence[str] = ()) -> dict[str, list[StoredSlide]]:
    """The slides of each case of a study, cases sorted; of the chosen ones if any are.

    Raises
    ------
    UserError
        If the study has no slide, or no case of a chosen name.
    """
    found: dict[str, list[StoredSlide]] = {}
    for slide in store.slides():
        found.setdefault(slide.case, []).append(slide)
    if not found:
        raise UserError(
            f"{store.path} has no slides: run Detect & Classify on some with this study first."
        )
    if unknown := [case for case in chosen if case not in found]:
        known = ", ".join(sorted(found))
        raise UserError(f"The study has no case {unknown[0]!r}; its cases: {known}.")
    return {case: found[case] for case in sorted(chosen or found)}


def report_cases(
    store: CaseStore, cases: dict[str, list[StoredSlide]], wanted: Wanted
) -> Iterator[Told]:
    """Write the report of each case; one that cannot be made does not stop the others.

    Raises
    ------
    UserError
        If a reviewer is wanted who has reviewed nothing of these cases.
    """
    every = {slide.case for slide in store.slides()}
    if wanted.reviewer is not None:
        slides = [slide for some in cases.values() for slide in some]
        require_reader(store, slides, wanted.reviewer)
    for case, slides in cases.items():
        try:
            found = find_case(store, slides, wanted)
            page = write_case(found, wanted.out / CASES, every)
            yield Told(case, page, summary_of(found, f"{CASES}/{page.name}"))
        except Exception as fault:
            yield Told(case, fault=fault)


def write_cohort(store: CaseStore, told: Sequence[Told], wanted: Wanted) -> Path:
    """Write the page of the cohort and its table.

    Parameters
    ----------
    store : CaseStore
    told : sequence of Told
        Of every case of the study.
    wanted : Wanted

    Raises
    ------
    UserError
        If they cannot be written, or a file of a person would be overwritten.
    """
    cases = [one.summary for one in told if one.summary is not None]
    page = make_folder(wanted.out) / f"{COHORT}.html"
    with scratch_folder(wanted.out / COHORT) as scratch, explained(page):
        for ending in ENDINGS:
            write_table(cases_table(cases), scratch / f"{COHORT}.{ending}")
        text = _cohort_html(cases, _faults(store, told, wanted), digests(scratch), wanted)
        (scratch / page.name).write_text(text, encoding="utf-8")
        put_in_place(scratch, page)
    return page


def _faults(store: CaseStore, told: Sequence[Told], wanted: Wanted) -> list[CaseFault]:
    patients = {slide.case: slide.patient for slide in store.slides()}
    names = wanted.names
    return [
        CaseFault(
            names.case(one.case),
            names.patient(patients[one.case]),
            _words(one.fault, names.identify),
        )
        for one in told
        if one.fault is not None
    ]


def _words(fault: Exception, identify: bool) -> str:
    """Why there is no report; what a fault says may hold names and paths."""
    if identify:
        return str(fault)
    return "could not be reported; the command that made this page said why"


def _cohort_html(
    cases: Sequence[CaseSummary],
    faults: Sequence[CaseFault],
    files: dict[str, str],
    wanted: Wanted,
) -> str:
    ordered = sorted(cases, key=lambda case: (case.percent is None, case.percent or 0.0))
    return render(
        "cohort.html",
        f"Cohort of {len(cases)} cases - napari-ggs {__version__} - {RESEARCH}",
        cases=cases,
        ordered=[case for case in ordered if case.percent is not None],
        listed=LISTED,
        faults=faults,
        patients=len({case.patient for case in cases}),
        pooled=pooled(cases),
        subtypes=all_subtypes(cases),
        models=models_in_use(cases),
        identify=wanted.names.identify,
        reviewer=wanted.names.reader(wanted.reviewer or ""),
        count_cut=wanted.count_cut,
        adequate=ADEQUATE,
        definition=GLOBAL,
        research=RESEARCH,
        version=__version__,
        now=datetime.now(UTC),
        files=files,
    )
