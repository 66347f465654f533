"""The command for reports that people read: report."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs import console
from napari_ggs.cli.options import CountCut, MovedSlides, Study
from napari_ggs.errors import UserError


def report(
    study: Study,
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    case: Annotated[
        list[str] | None,
        typer.Option(help="Only the case of this name. May be repeated.", show_default="all"),
    ] = None,
    reviewer: Annotated[
        str | None,
        typer.Option(help="Whose review.", show_default="the only one, else the consensus"),
    ] = None,
    count_cut: CountCut = True,
    slides: MovedSlides = None,
    identify: Annotated[
        bool,
        typer.Option(
            "--identify", help="With the names of patients, cases, slides and readers, and notes."
        ),
    ] = False,
) -> None:
    """Write a page for each case (cases/CASE.html) and one for all of them (cohort.html).

    Counts and %GGS by both conventions with intervals, maps, pictures of glomeruli by class, what
    was not analysed and where every figure is from; CSV and Parquet beside each page. A page needs
    nothing but itself, and prints. Where a slide's file is gone there are no pictures of it. With
    --case there is no cohort.html. Exit code 2 if a case could not be reported, as where readers
    disagree; the others are.
    """
    from napari_ggs.report.case_report import Wanted
    from napari_ggs.report.study_report import Told, cases_of, report_cases, write_cohort
    from napari_ggs.store import CaseStore
    from napari_ggs.store.pseudonyms import Names

    told: list[Told] = []
    with CaseStore.open(study, create=False) as store:
        cases = cases_of(store, case or ())
        wanted = Wanted(out, Names.of(study, identify), reviewer, count_cut, tuple(slides or ()))
        with console.progress(f"Reports of {study.stem}") as advance:
            for one in report_cases(store, cases, wanted):
                told.append(one)
                advance(len(told) / len(cases), f"{len(told)} of {len(cases)} cases")
        codes = [_tell(one.case, one.page, one.fault) for one in told]
        if not case:
            console.line(f"Written: {write_cohort(store, told, wanted)}")
    if any(codes):
        raise typer.Exit(min(filter(None, codes)))


def _tell(case: str, page: Path | None, fault: Exception | None) -> int:
    """Print what became of a case; the exit code for it."""
    if page is not None:
        console.line(f"Written: {page} (case {case})")
    if fault is None:
        return 0
    if isinstance(fault, UserError):
        console.error(f"case {case}: {fault}")
        return 2
    console.fault(fault, f"case {case}")
    return 1
