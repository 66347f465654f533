"""What is counted of each patient of a study, and the groups that patients belong to."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.lesions import Scheme
from napari_ggs.review.expectations import put_aside
from napari_ggs.review.readings import as_left
from napari_ggs.store import CaseStore, StoredRun

PATIENT = "patient"


@dataclass(frozen=True, eq=False)
class PatientCounts:
    """Glomeruli by patient, over all of their slides.

    Attributes
    ----------
    scheme : Scheme
        Of all slides.
    counts : DataFrame
        Index: patients, sorted. A column of int for each glomerular class, in class order;
        ``slides``, and ``reviewed``, how many of the glomeruli a person named.
    left_out : tuple of str
        Slides that are not counted, each with the reason.
    """

    scheme: Scheme
    counts: pd.DataFrame
    left_out: tuple[str, ...] = field(default=())

    @property
    def glomeruli(self) -> pd.Series:
        """All glomeruli of each patient."""
        return self.counts[list(self.scheme.glomerular)].sum(axis=1)

    @property
    def sclerotic(self) -> pd.Series:
        """The globally sclerotic ones of each patient."""
        return self.counts[list(self.scheme.sclerotic)].sum(axis=1)


def count_patients(
    store: CaseStore, reviewer: str | None = None, *, count_cut: bool = True
) -> PatientCounts:
    """Count each patient of a study by the standing run of each slide, as it was left.

    All slides of a patient are added up (total per biopsy). Slides without a finished run are left
    out, and so are those of whose circles readers disagree, unless one of them is named.

    Parameters
    ----------
    store : CaseStore
    reviewer : str, optional
        See `napari_ggs.review.readings.as_left`.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.

    Raises
    ------
    UserError
        If nothing can be counted, or slides were read in different classes.
    """
    rows, left_out, schemes = [], [], dict[Scheme, str]()
    for slide in store.slides():
        run = store.standing_run(slide.id)
        try:
            row = _counted(store, run, reviewer, count_cut)
        except UserError as fault:
            left_out.append(f"{slide.name}: {fault}")
            continue
        assert run is not None
        schemes.setdefault(run.scheme, slide.name)
        rows.append({PATIENT: slide.patient, **row})
    scheme = _only(schemes, left_out)
    counts = pd.DataFrame(rows).groupby(PATIENT).sum()
    return PatientCounts(scheme, counts, tuple(left_out))


def read_groups(path: Path, by: str) -> pd.Series:
    """The group of each patient, from a table (CSV) with a column ``patient`` and one named `by`.

    A cohort's manifest is such a table. Patients without a group are passed over.

    Raises
    ------
    UserError
        If a column is missing, or a patient is in two groups.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table (CSV): {error}.") from error
    for column in (PATIENT, by):
        if column not in table:
            known = ", ".join(map(str, table.columns))
            raise UserError(f"{path} has no column {column!r}; its columns: {known}.")
    pairs = table.loc[table[by].str.strip() != "", [PATIENT, by]].map(str.strip).drop_duplicates()
    if len(twice := pairs[PATIENT][pairs[PATIENT].duplicated()]):
        raise UserError(f"{path}: patient {twice.iloc[0]!r} is in two groups of {by!r}.")
    return pairs.set_index(PATIENT)[by]


def _counted(
    store: CaseStore, run: StoredRun | None, reviewer: str | None, count_cut: bool
) -> dict[str, int]:
    if run is None or not run.finished:
        raise UserError("no finished run")
    table = as_left(store, run, reviewer).table
    kept = table[~put_aside(table, count_cut)]
    counted = glomeruli.counted(kept, run.scheme, run.thresholds)
    reviewed = int((counted & (kept["label"] != "")).sum())
    return {
        **glomeruli.counts(kept, run.scheme, run.thresholds),
        "slides": 1,
        "reviewed": reviewed,
    }


def _only(schemes: dict[Scheme, str], left_out: list[str]) -> Scheme:
    if not schemes:
        reasons = "; ".join(left_out) or "it has no slides"
        raise UserError(f"Nothing of the study can be counted: {reasons}.")
    if len(schemes) > 1:
        each = "; ".join(f"{scheme.name}: {slide}" for scheme, slide in schemes.items())
        raise UserError(
            f"Slides were read in different classes, which cannot be added up ({each}): take "
            "slides of one kind into a study of their own."
        )
    return next(iter(schemes))
