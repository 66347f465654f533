"""Which circles of a study to label next, over all of its slides."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.cancelling import Cancelled, never
from napari_ggs.classification import Embedded, embed_stream
from napari_ggs.classification.embedding import joined
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import GEOMETRY, circles_of
from napari_ggs.models import LoadedClassifier
from napari_ggs.slides import SlideError
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.training import Watch
from napari_ggs.training.next_labels import Shares, next_labels
from napari_ggs.training.steps import StoppedError
from napari_ggs.training.study_circles import HUMAN, OPEN, run_places

COLUMNS = ["order", "slide", "circle", *GEOMETRY, "predicted", "probability", "file"]
STOPPED = "Stopped: nothing was written."


@dataclass(frozen=True, eq=False)
class NextLabels:
    """Which circles to label, and what stood in the way.

    Attributes
    ----------
    table : DataFrame
        ``order`` (from 1), ``slide`` (its name), ``circle`` (its number there), ``x``, ``y``,
        ``radius`` (level-0 px), ``predicted`` and ``probability``: what the model says now,
        ``file``: where the slide was found.
    left : int
        How many circles have no label in all.
    faults : list of str
        Slides that could not be read, and why.
    unread : int
        Circles that were passed over, since pixels there could not be read.
    """

    table: pd.DataFrame
    left: int
    faults: list[str]
    unread: int


def next_of_study(
    study: Path,
    model: LoadedClassifier,
    count: int,
    folders: Sequence[Path] = (),
    progress: Watch = lambda *_: None,
    stopped: Cancelled = never,
) -> NextLabels:
    """Choose the circles of a study whose labels would teach a classifier most.

    Of each slide the circles of its standing run take part that are shown: those with a label of
    people (all readers together) as what is known, those of which nobody said anything to be
    chosen from. Embeddings and probabilities are computed anew by the model.

    Parameters
    ----------
    study : Path
    model : LoadedClassifier
        The one that is to learn.
    count : int
        How many to choose; see `next_labels`.
    folders : sequence of Path
        Where slides are that were moved.
    progress : callable
        Called with the share of the circles that were looked at, and the slide's name.
    stopped : callable
        Asked between batches.

    Raises
    ------
    UserError
        If the count is not positive, the study cannot be read, has no run or no circle without a
        label, or the file of none of its slides is found.
    StoppedError
    """
    if count < 1:
        raise UserError(f"The number of circles to choose (--count) is 1 or more. Found {count}.")
    with CaseStore.open(study, create=False) as store:
        slides = _slides(store)
    left = sum(int((table["standing"] == OPEN).sum()) for _, table in slides)
    _refuse_nothing(study, slides, left)
    look = _Look(model, folders, progress, stopped, sum(len(table) for _, table in slides))
    seen, faults = _seen(slides, look)
    if not seen:
        raise UserError(f"No slide of {study.name} can be read. {faults[0]}")
    table, unread = _chosen(seen, model, count)
    return NextLabels(table, left, faults, unread)


class _Seen(NamedTuple):
    """Circles, and what the model makes of them."""

    table: pd.DataFrame
    embedded: Embedded


def _slides(store: CaseStore) -> list[tuple[StoredSlide, pd.DataFrame]]:
    """The slides that have a run, with those circles of it that take part."""
    found = []
    for slide in store.slides():
        if (run := store.standing_run(slide.id)) is not None:
            table = run_places(store, run)
            named, unnamed = table["standing"] == HUMAN, table["standing"] == OPEN
            found.append((slide, table[named | (unnamed & table["shown"])]))
    return found


def _refuse_nothing(
    study: Path, slides: Sequence[tuple[StoredSlide, pd.DataFrame]], left: int
) -> None:
    if not slides:
        raise UserError(
            f"No slide of {study.name} has a run: open one and press Detect & Classify, or run "
            f"'napari-ggs mine SLIDES --study {study.name}'."
        )
    if not left:
        known = sum(len(table) for _, table in slides)
        raise UserError(
            f"Nothing is left to label in {study.name}: people have said something of all its "
            f"circles ({known} with a class). Detect on more slides, or train with 'napari-ggs "
            f"retrain --study {study.name}'."
        )


class _Look:
    """The model looks at one slide after another, and tells how far it is."""

    def __init__(
        self,
        model: LoadedClassifier,
        folders: Sequence[Path],
        progress: Watch,
        stopped: Cancelled,
        total: int,
    ) -> None:
        self._model, self._folders, self._progress = model, folders, progress
        self._stopped, self._done, self._total = stopped, 0, total

    def at(self, slide: StoredSlide, table: pd.DataFrame) -> _Seen:
        """Look at the circles of a slide.

        Raises
        ------
        SlideError
            If its file is not found, or it has no um/px.
        StoppedError
        """
        parts, model = [], self._model.classifier
        with open_stored(slide, self._folders) as opened:
            opened.require_mpp()
            for part in embed_stream(opened, circles_of(table), model, cancelled=self._stopped):
                parts.append(part)
                self._done += len(part.features)
                self._progress(self._done / self._total, slide.name)
            file = str(opened.path)
        if self._stopped():
            raise StoppedError(STOPPED)
        return _Seen(table.assign(slide=slide.name, file=file), joined(parts))


def _seen(
    slides: Sequence[tuple[StoredSlide, pd.DataFrame]], look: _Look
) -> tuple[list[_Seen], list[str]]:
    """Look at all slides; why some could not be looked at is told apart."""
    seen, faults = [], []
    for slide, table in slides:
        try:
            if len(table):
                seen.append(look.at(slide, table))
        except SlideError as fault:
            faults.append(str(fault))
    return seen, faults


def _chosen(seen: Sequence[_Seen], model: LoadedClassifier, count: int) -> tuple[pd.DataFrame, int]:
    """The table of the circles to label, and how many were passed over as unreadable."""
    table = pd.concat([each.table for each in seen], ignore_index=True)
    features, p = joined([each.embedded for each in seen])
    readable = ~np.isnan(p).any(axis=1)
    named = (table["standing"] == HUMAN).to_numpy()
    free = np.flatnonzero(readable & ~named)
    order = free[next_labels(features[free], p[free], features[readable & named], count)]
    chosen = table.iloc[order].rename(columns={"id": "circle"})
    return _described(chosen, p[order], model), int((~readable & ~named).sum())


def _described(chosen: pd.DataFrame, p: Shares, model: LoadedClassifier) -> pd.DataFrame:
    """The circles in their order, with what the model says of them."""
    scheme = model.classifier.scheme
    predicted = glomeruli.predict(p, scheme, model.card.t_glom)
    columns = [scheme.classes.index(name) for name in predicted]
    told = {
        "order": np.arange(1, len(chosen) + 1),
        "predicted": predicted,
        "probability": p[np.arange(len(p)), columns],
    }
    return chosen.assign(**told)[COLUMNS].reset_index(drop=True)
