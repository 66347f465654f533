"""The statistics of a study as files, and what they say in a few lines."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from napari_ggs.evaluation.drawing import save
from napari_ggs.evaluation.tables import write_table
from napari_ggs.files import make_folder
from napari_ggs.review.cohort_pictures import patients_picture, shares_picture
from napari_ggs.review.cohort_statistics import (
    ALL,
    SCLEROTIC,
    contrast_table,
    patient_table,
    share_table,
)
from napari_ggs.review.patient_counts import PATIENT, PatientCounts
from napari_ggs.store.pseudonyms import Names


def write_statistics(
    found: PatientCounts,
    groups: pd.Series | None,
    reference: str | None,
    names: Names,
    out: Path,
) -> tuple[list[Path], list[str]]:
    """Write ``patients``, ``shares`` and, with groups, ``contrasts`` (.csv, .md), and pictures.

    Returns
    -------
    files : list of Path
    lines : list of str
        What they say.

    Raises
    ------
    UserError
        If the groups do not fit the study, or the files cannot be written.
    """
    patients, shares = patient_table(found), share_table(found, groups)
    tables = {"patients": patients.assign(patient=patients[PATIENT].map(names.patient))}
    tables["shares"] = shares
    if groups is not None:
        tables["contrasts"] = contrast_table(found, groups, reference)
    make_folder(out)
    files = [path for name, table in tables.items() for path in write_table(table, out / name)]
    files.append(save(patients_picture(patients), out / "patients.png"))
    files.append(save(shares_picture(shares), out / "shares.png"))
    return files, [*_said(found, shares), *_contrasts(tables.get("contrasts"))]


def _said(found: PatientCounts, shares: pd.DataFrame) -> Iterator[str]:
    total, reviewed = int(found.glomeruli.sum()), int(found.counts["reviewed"].sum())
    yield f"{len(found.counts)} patients, {total} glomeruli, {reviewed} of them named by people"
    for _, row in shares[(shares["group"] == ALL)].iterrows():
        if row["figure"] == SCLEROTIC or row["of"] != "glomeruli":
            yield f"{row['figure']}: {_percent(row)} of {row['of']}"


def _contrasts(table: pd.DataFrame | None) -> Iterator[str]:
    if table is None:
        return
    for _, row in table.iterrows():
        ends = "" if pd.isna(row["low"]) else f" (95 %: {row['low']:.2f} to {row['high']:.2f})"
        yield (
            f"{row['figure']} of {row['of']}: {row['group']} {100 * row['share']:.1f} %, "
            f"{row['reference']} {100 * row['reference_share']:.1f} %, odds ratio "
            f"{row['odds_ratio']:.2f}{ends}, p {row['p']:.3g}, adjusted {row['p_holm']:.3g}"
        )


def _percent(row: pd.Series) -> str:
    if pd.isna(row["low"]):
        return f"{100 * row['value']:.1f} %"
    return f"{100 * row['value']:.1f} % (95 %: {100 * row['low']:.1f} to {100 * row['high']:.1f})"
