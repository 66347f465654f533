"""What a study has to learn from: over all runs of its slides, what people said of each place.

A circle teaches a class if a person gave it one and found it fit to be graded. What was removed,
put aside (uncertain, ungradable, a duplicate) or is disputed among readers teaches nothing, and
what is only predicted does not either. Labels outlive the run that they were given in: a place
that a later run does not find again, such as a false circle that the next detector has learnt to
pass over, still teaches. Where runs overlap, what was said in the latest of them holds.

Imports no torch: a window asks it too.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from napari_ggs.circles import iou
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import GEOMETRY, STAYING_OUT, circles_of, passes
from napari_ggs.lesions import NON_GLOMERULUS, SCHEMES
from napari_ggs.store import CaseStore, StoredRun, StoredSlide, fold
from napari_ggs.store.readings import as_said, readers

SAME = 0.5
"""Circles of two runs that overlap so much (IoU) are of one place."""

HUMAN, ASIDE, OPEN = "human", "aside", "open"
"""How a place stands: a person gave it a class; people looked, but it teaches nothing; nobody
said anything."""

ENOUGH = 0.9
"""Share of the circles shown as glomeruli that must have been judged before a slide teaches a
detector. It takes what nobody marked for background, so that a slide must have been gone through;
the few circles that are left are ignored: neither taught nor held against it."""

CLASSES = tuple(dict.fromkeys(name for scheme in SCHEMES.values() for name in scheme.classes))


def places(store: CaseStore, slide: StoredSlide, reviewer: str = "") -> pd.DataFrame:
    """What is known of each place of a slide, over all of its runs.

    Parameters
    ----------
    store : CaseStore
    slide : StoredSlide
    reviewer : str
        Whose labels; "": all readers' together.

    Returns
    -------
    DataFrame
        ``x``, ``y``, ``radius`` (level-0 px), ``id`` and ``run`` (number), ``label`` ("" unless
        the standing is human), ``predicted``, ``standing`` (`HUMAN`, `ASIDE` or `OPEN`),
        ``removed`` and ``shown`` (reaches the detection threshold of its run). Of runs before
        the last only places that were judged.
    """
    found = pd.DataFrame(columns=_COLUMNS)
    for run in reversed(store.runs(slide.id)):
        seen = run_places(store, run, reviewer)
        if len(found):
            judged = found[found["standing"] != OPEN]
            seen = seen[(seen["standing"] != OPEN) & ~_among(seen, judged)]
        found = pd.concat([found, seen], ignore_index=True) if len(found) else seen
    return found.reset_index(drop=True)


_COLUMNS = [*GEOMETRY, "id", "run", "label", "predicted", "standing", "removed", "shown"]


def run_places(store: CaseStore, run: StoredRun, reviewer: str = "") -> pd.DataFrame:
    """What is known of each circle of one run, as `places` tells it.

    Whoever touched a circle has looked at it, also if it was taken back.
    """
    events = store.events(run.id)
    if reviewer:
        state = fold(store.table(run.id), events, reviewer).assign(disputed=False)
        events = [event for event in events if event.who == reviewer]
    else:
        _, state = as_said(store, run)
    touched = state.index.isin([c.handle for event in events for c in event.changes])
    removed = state["removed"].astype(bool)
    aside = removed | state["disputed"].astype(bool) | state["assessment"].isin(STAYING_OUT)
    human = (state["label"] != "") & ~aside
    standing = np.select([human, aside | touched], [HUMAN, ASIDE], OPEN)
    shown = passes(state, run.thresholds)
    label = state["label"].where(human, "")
    found = state.assign(standing=standing, shown=shown, run=run.number, removed=removed)
    return found.assign(label=label)[_COLUMNS]


def _among(circles: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Which circles are at a place of some others."""
    overlap = iou(circles_of(circles), circles_of(others))
    return pd.Series((overlap >= SAME).any(axis=1), circles.index)


def all_places(store: CaseStore, reviewer: str = "") -> Iterator[tuple[StoredSlide, pd.DataFrame]]:
    """The places of every slide that has a run.

    Raises
    ------
    UserError
        If a reviewer is named who has reviewed nothing in the study.
    """
    slides = store.slides()
    runs = (run for slide in slides for run in store.runs(slide.id))
    known = {who for run in runs for who in readers(store.events(run.id))}
    if reviewer and reviewer not in known:
        raise UserError(
            f"{reviewer} has reviewed nothing in {store.path.name} (readers: "
            f"{', '.join(sorted(known)) or 'none'})."
        )
    for slide in slides:
        found = places(store, slide, reviewer)
        if len(found):
            yield slide, found


def labelled_data(store: CaseStore, reviewer: str = "") -> pd.DataFrame:
    """How much a study has to learn from, by patient and class.

    Parameters
    ----------
    store : CaseStore
    reviewer : str
        See `places`.

    Returns
    -------
    DataFrame
        ``patient`` (the study's name), ``class``, ``human``: circles that people gave that class
        and that are learnt from; ``predicted``: shown circles of which only a prediction says so.
        Sorted by patient, classes in the order of the schemes; no row without any.
    """
    return counted(all_places(store, reviewer))


def counted(known: Iterable[tuple[StoredSlide, pd.DataFrame]]) -> pd.DataFrame:
    """`labelled_data` of slides and their places."""
    counts = [_counted(slide.patient, found) for slide, found in known]
    empty = pd.DataFrame({"patient": [], "class": [], "human": [], "predicted": []})
    table = pd.concat(counts) if counts else empty
    table = table.groupby(["patient", "class"], as_index=False)[["human", "predicted"]].sum()
    order = table["class"].map({name: place for place, name in enumerate(CLASSES)})
    ordered = table.assign(order=order).sort_values(["patient", "order"]).drop(columns="order")
    return ordered.astype({"human": int, "predicted": int}).reset_index(drop=True)


def _counted(patient: str, found: pd.DataFrame) -> pd.DataFrame:
    human = found["standing"] == HUMAN
    guessed = (found["standing"] == OPEN) & found["shown"] & (found["predicted"] != "")
    label = found["label"].where(human, found["predicted"])
    table = pd.DataFrame({"class": label, "human": human, "predicted": guessed})
    return table[human | guessed].assign(patient=patient)


def gone_through(found: pd.DataFrame) -> float:
    """Share of the circles shown as glomeruli that people have judged; 1 where there are none.

    Parameters
    ----------
    found : DataFrame
        The places of a slide.
    """
    glomeruli = found["shown"] & (found["predicted"] != NON_GLOMERULUS)
    left = glomeruli & (found["standing"] == OPEN)
    return 1 - float(left.sum()) / float(glomeruli.sum()) if glomeruli.any() else 1.0


def teaches_detector(found: pd.DataFrame, *, whole: bool) -> bool:
    """Whether a slide teaches a detector: `ENOUGH` was judged, and something of it by a class.

    Parameters
    ----------
    found : DataFrame
        The places of a slide.
    whole : bool
        Whether its last run was over the whole slide: outside a region nobody has looked.
    """
    return bool(whole and (found["standing"] == HUMAN).any() and gone_through(found) >= ENOUGH)


def has_glomerulus(found: pd.DataFrame) -> bool:
    """Whether people named a glomerulus among the places of a slide."""
    named = found.loc[found["standing"] == HUMAN, "label"]
    return bool((named != NON_GLOMERULUS).any())
