"""A study's cases side by side, and what they give together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.evaluation import Estimate, bootstrap
from napari_ggs.lesions import Scheme
from napari_ggs.report.case_counts import Shares
from napari_ggs.report.case_page import CaseFound, Subtype, subtypes
from napari_ggs.store import StoredRun


@dataclass(frozen=True, eq=False)
class CaseSummary:
    """What the cohort's page says of a case.

    Attributes
    ----------
    case, patient : str
        As they are called.
    page : str
        The case's page, from the cohort's.
    scheme : Scheme
    slides, waiting : int
        Slides with a run, and without.
    count, sclerotic : int
        Glomeruli counted now, in total.
    per_level : float
        Glomeruli in an average level.
    percent, average_percent : float or None
        %GGS of the total, and of the average level, 0 to 100.
    total, average : Shares
    subtypes : list of Subtype
    adequate : bool
    reviewed, circles : int
    finished : bool
    readers : tuple of str
    missed : float or None
        Largest share of a slide's tissue, 0 to 1, that was not analysed; None if not known.
    complete : bool
        Whether every run came to its end.
    runs : tuple of StoredRun
    """

    case: str
    patient: str
    page: str
    scheme: Scheme
    slides: int
    waiting: int
    count: int
    sclerotic: int
    per_level: float
    percent: float | None
    average_percent: float | None
    total: Shares
    average: Shares
    subtypes: list[Subtype]
    adequate: bool
    reviewed: int
    circles: int
    finished: bool
    readers: tuple[str, ...]
    missed: float | None
    complete: bool
    runs: tuple[StoredRun, ...]


@dataclass(frozen=True)
class CaseFault:
    """A case of which there is no report, and why."""

    case: str
    patient: str
    words: str


def summary_of(found: CaseFound, page: str) -> CaseSummary:
    """What the cohort keeps of a case; its pictures are let go of."""
    reading, total, average = found.reading, found.lines[-2], found.lines[-1]
    said, runs = reading.answer, tuple(one.run for one in reading.slides)
    missed = [run.info.get("missed") for run in runs]
    known = [share for share in missed if isinstance(share, int | float)]
    return CaseSummary(
        case=found.name,
        patient=found.names.patient(reading.patient),
        page=page,
        scheme=reading.scheme,
        slides=len(reading.slides),
        waiting=len(reading.waiting),
        count=said.count,
        sclerotic=int(total.sclerotic),
        per_level=average.tally.count,
        percent=total.tally.percent,
        average_percent=average.tally.percent,
        total=total.shares,
        average=average.shares,
        subtypes=subtypes(reading),
        adequate=said.adequate,
        reviewed=said.reviewed,
        circles=said.total,
        finished=found.finish is not None,
        readers=tuple(sorted({found.names.reader(share.reader) for share in found.shares})),
        missed=max(known) if len(known) == len(missed) else None,
        complete=all(run.finished and run.info.get("complete", True) for run in runs),
        runs=runs,
    )


POOLED = (
    "all glomeruli together",
    "mean of the cases, total per biopsy",
    "mean of the cases, average per level",
)


def pooled(cases: Sequence[CaseSummary]) -> dict[str, Estimate]:
    """The share of sclerotic glomeruli over all cases, 0 to 1, in the three ways of `POOLED`.

    Intervals draw whole patients again, since glomeruli of one patient resemble each other; with
    too few patients there are none (`evaluation.bootstrap`).
    """
    some = [case for case in cases if case.count and case.average_percent is not None]
    if not some:
        return {name: Estimate(nan, 0) for name in POOLED}
    sclerotic = np.array([case.sclerotic for case in some])
    count = np.array([case.count for case in some])
    average = np.array([case.average_percent or 0.0 for case in some]) / 100

    def statistic(times: NDArray[np.int64]) -> list[float]:
        return [
            float((times * sclerotic).sum() / (times * count).sum()),
            float(np.average(sclerotic / count, weights=times)),
            float(np.average(average, weights=times)),
        ]

    ns = [int(count.sum()), len(some), len(some)]
    found = bootstrap(statistic, [case.patient for case in some], ns)
    return dict(zip(POOLED, found, strict=True))


def all_subtypes(cases: Sequence[CaseSummary]) -> dict[str, list[Subtype]]:
    """The glomeruli of all cases by class, for each scheme by its name."""
    schemes = {case.scheme.name: case.scheme for case in cases}
    return {
        name: _summed([case for case in cases if case.scheme == scheme], scheme)
        for name, scheme in schemes.items()
    }


def _summed(cases: Sequence[CaseSummary], scheme: Scheme) -> list[Subtype]:
    whole = sum(case.count for case in cases)
    found = []
    for place, name in enumerate(scheme.glomerular):
        people = sum(case.subtypes[place].by_people for case in cases)
        model = sum(case.subtypes[place].by_model for case in cases)
        percent = 100 * (people + model) / whole if whole else None
        found.append(Subtype(scheme[name], people, model, percent))
    return found


def models_in_use(cases: Sequence[CaseSummary]) -> list[dict[Hashable, Any]]:
    """Which models and thresholds made the runs, with the number of slides of each."""
    rows = [
        {
            "role": role,
            "name": model.get("name", "no name"),
            "sha256": model.get("sha256", "not known"),
            "threshold": getattr(run.thresholds, _THRESHOLD.get(role, ""), None),
        }
        for case in cases
        for run in case.runs
        for role, model in run.models.items()
    ]
    if not rows:
        return []
    table = pd.DataFrame(rows)
    return table.value_counts(dropna=False).rename("slides").reset_index().to_dict("records")


_THRESHOLD = {"detector": "detection", "classifier": "glomerulus"}


def cases_table(cases: Sequence[CaseSummary]) -> pd.DataFrame:
    """A row per case; percentages are 0 to 100. Classes that a case's scheme lacks are empty."""
    return pd.DataFrame([_row(case) for case in cases])


def _row(case: CaseSummary) -> dict[str, Any]:
    shares = {
        "total_this_tissue": case.total.tissue,
        "total_this_kidney": case.total.kidney,
        "average_this_tissue": case.average.tissue,
        "average_this_kidney": case.average.kidney,
    }
    ends = {
        f"{name}{end}": 100 * getattr(share, field)
        for name, share in shares.items()
        for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    return {
        "case": case.case,
        "patient": case.patient,
        "scheme": case.scheme.name,
        "slides": case.slides,
        "slides_without_run": case.waiting,
        "glomeruli": case.count,
        "glomeruli_per_level": case.per_level,
        "globally_sclerotic": case.sclerotic,
        "percent_ggs_total": _number(case.percent),
        "percent_ggs_per_level": _number(case.average_percent),
        **ends,
        **{f"n_{one.lesion.name.replace(' ', '_')}": one.count for one in case.subtypes},
        "adequate": case.adequate,
        "reviewed": case.reviewed,
        "circles": case.circles,
        "finished": case.finished,
        "readers": ";".join(case.readers),
        "tissue_not_analysed_percent": _number(case.missed, 100),
        "runs_complete": case.complete,
    }


def _number(value: float | None, factor: float = 1) -> float:
    return nan if value is None else factor * value
