"""What a cohort writes into the study: by the driver alone, a slide whole or not at all."""

import sqlite3
from contextlib import suppress

from napari_ggs.cohort.analysis import Analysed
from napari_ggs.cohort.manifest import Entry
from napari_ggs.cohort.work import Work
from napari_ggs.review.carrying import carry_over_all
from napari_ggs.store import CaseStore, SlideInfo, StoreError

WHO = "cohort"
"""In whose name a slide is given to the patient and case of the manifest."""


class _Rehearsed(Exception):
    """Ends a transaction that was only to show that it can be done."""


def keep(store: CaseStore, entry: Entry, work: Work, info: SlideInfo, found: Analysed) -> int:
    """Keep what was found on a slide, with what readers said before: all of it, or nothing.

    Returns
    -------
    int
        The run.

    Raises
    ------
    StoreError
        If the slide or its case is somebody else's, the case is finished, or the study cannot be
        written (`is_of_the_disk`).
    """
    key = work.key(entry.mpp)
    with store.database.writing():
        if done := store.done_task(info.fingerprint, key):
            assert done.run is not None
            run = done.run
        else:
            run = _add(store, entry, work, info, found)
        store.end_task(entry.path, key, "done", "", info.fingerprint, run)
    return run


def _add(store: CaseStore, entry: Entry, work: Work, info: SlideInfo, found: Analysed) -> int:
    slide, run = _begin(store, entry, work, info)
    before = store.standing_run(slide, but=run)
    store.add_circles(run, found.table)
    seconds = {"total": sum(found.seconds.values()), **found.seconds}
    about = {"complete": True, "missed": found.missed, "seconds": seconds}
    store.finish_run(run, found.table, about | {"work": work.key(entry.mpp)})
    if before is not None:
        carry_over_all(store, before.id, run)
    return run


def _begin(store: CaseStore, entry: Entry, work: Work, info: SlideInfo) -> tuple[int, int]:
    slide = store.add_slide(info, entry.patient, entry.case)
    give(store, entry, info.fingerprint)
    return slide, store.begin_run(slide, work.scheme, work.models, work.thresholds)


def rehearse(store: CaseStore, entry: Entry, work: Work, info: SlideInfo) -> None:
    """See that a run over a slide can be kept, before it is computed; nothing changes.

    Raises
    ------
    StoreError
        See `keep`.
    """
    with suppress(_Rehearsed), store.database.writing():
        _begin(store, entry, work, info)
        raise _Rehearsed


def give(store: CaseStore, entry: Entry, fingerprint: str) -> None:
    """See that a slide of the study is the patient's and the case's of the manifest.

    Where it has only a pseudonym, it becomes theirs.

    Raises
    ------
    StoreError
        If the study says that it is somebody else's.
    """
    known = store.slide(fingerprint)
    if known is None:
        return
    wanted = entry.patient or known.patient, entry.case or known.case
    if wanted == (known.patient, known.case):
        return
    pseudonym = fingerprint[:8]
    names = zip((known.patient, known.case), wanted, strict=True)
    if any(old not in (pseudonym, new) for old, new in names):
        raise StoreError(
            f"the study has this slide as {known.name} of the patient {known.patient} (case "
            f"{known.case}), and the manifest of {wanted[0]} (case {wanted[1]}): correct one of "
            "them"
        )
    store.assign(known.id, *wanted, store.begin_session(WHO))


def is_of_the_disk(error: StoreError) -> bool:
    """Whether the study cannot be written at all, rather than that one slide may not be."""
    return isinstance(error.__cause__, sqlite3.Error)
