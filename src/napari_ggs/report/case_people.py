"""Who reviewed how much of a case and when, whether it is finished, and what its audits found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from napari_ggs.report.case_reading import CaseReading, SlideReading
from napari_ggs.review.audit import Audit, Audited, audited, pending
from napari_ggs.review.comparison import compare
from napari_ggs.store import CaseStore
from napari_ggs.store.cases import FINISHED
from napari_ggs.store.events import OWN


@dataclass(frozen=True)
class Share:
    """What one reader did on one slide.

    Attributes
    ----------
    slide : int
        Its number in the case.
    reader : str
    judged, total : int
        Circles that the reader named, put aside or took out, of all that are to be reviewed.
    blind : int
        How many of them without seeing what the model says.
    first, last : datetime
        UTC.
    """

    slide: int
    reader: str
    judged: int
    total: int
    blind: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Finish:
    """That a case was finished.

    Attributes
    ----------
    who : str
    at : datetime
        UTC.
    counts : dict of str to int, or None
        Glomeruli by class of the slide that was in the window then; None if they were not kept.
    """

    who: str
    at: datetime
    counts: dict[str, int] | None = None

    @property
    def count(self) -> int:
        """All glomeruli of `counts`."""
        return sum((self.counts or {}).values())


@dataclass(frozen=True)
class AuditFound:
    """The latest audit of a slide.

    Attributes
    ----------
    slide : int
        Its number in the case.
    circles, left : int
        Drawn, and still to be reviewed.
    found : Audited or None
        None while some are left.
    """

    slide: int
    circles: int
    left: int
    found: Audited | None


def shares(store: CaseStore, case: CaseReading) -> list[Share]:
    """Who did how much, slide by slide, readers sorted."""
    return [share for one in case.slides for share in _shares(store, one)]


def _shares(store: CaseStore, one: SlideReading) -> list[Share]:
    said = compare(store, one.run)
    own = [e for e in store.events(one.run.id) if any(c.field in OWN for c in e.changes)]
    found = []
    for who in said.readers:
        times = [event.at for event in own if event.who == who]
        counted = said.judged[who], one.answer.total, said.blind[who]
        found.append(Share(one.number, who, *counted, min(times), max(times)))
    return found


def finish(store: CaseStore, case: str) -> Finish | None:
    """That a case is finished; None if it is not, or was reopened."""
    events = store.case_events(case)
    if not events or events[-1].kind != FINISHED:
        return None
    said = (store.snapshot(case) or {}).get("answer", {})
    return Finish(events[-1].who, events[-1].at, said.get("counts"))


def audits(store: CaseStore, slides: Sequence[SlideReading]) -> list[AuditFound]:
    """The latest audit that the reader of each slide was given, where there was one."""
    kept = [(one, store.audits(one.run.id, one.reader)) for one in slides]
    return [_audit(one, Audit.from_dict(every[-1])) for one, every in kept if every]


def _audit(one: SlideReading, audit: Audit) -> AuditFound:
    run, count_cut = one.run, one.count_cut
    left = len(pending(audit, one.table, count_cut=count_cut))
    found = None
    if not left:
        found = audited(audit, one.table, run.scheme, run.thresholds, count_cut=count_cut)
    return AuditFound(one.number, len(audit.handles), left, found)
