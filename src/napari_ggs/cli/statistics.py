"""The command for statistics over the patients of a study."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs import console
from napari_ggs.cli.options import CountCut, Study


def statistics(
    study: Study,
    out: Annotated[Path, typer.Option(help="Folder for tables and pictures.")],
    groups: Annotated[
        Path | None,
        typer.Option(
            help="A table (CSV) with a column patient and the groups, such as a cohort's manifest."
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="The column of that table.")] = "group",
    reference: Annotated[
        str | None,
        typer.Option(help="The group to compare the others with.", show_default="the largest"),
    ] = None,
    reviewer: Annotated[
        str | None,
        typer.Option(help="Whose labels.", show_default="what the readers agree on"),
    ] = None,
    count_cut: CountCut = True,
    identify: Annotated[
        bool, typer.Option("--identify", help="Patients by their names, not by pseudonyms.")
    ] = False,
) -> None:
    """Count each patient of a study; %GGS and subtypes over all; compare groups of patients.

    Intervals allow for the glomeruli of a patient to resemble each other; p values are of a
    permutation of whole patients, and adjusted for their number (Holm). Circles that nobody
    labelled count as the model names them, and the tables say how many were reviewed.
    """
    from napari_ggs.review.cohort_files import write_statistics
    from napari_ggs.review.patient_counts import count_patients, read_groups
    from napari_ggs.store import CaseStore
    from napari_ggs.store.pseudonyms import Names

    with CaseStore.open(study, create=False) as store:
        found = count_patients(store, reviewer, count_cut=count_cut)
    of_patients = None if groups is None else read_groups(groups, by)
    names = Names.of(study, identify)
    written, lines = write_statistics(found, of_patients, reference, names, out)
    for line in (*(f"Left out: {each}" for each in found.left_out), *lines):
        console.line(line)
    for path in written:
        console.line(f"Written: {path}")
