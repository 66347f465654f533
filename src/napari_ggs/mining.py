"""Mining hard negatives: what a detector takes for glomeruli and a classifier for none.

As the GGS paper did it: the detector runs at a low threshold, and a pathologist looks through what
it found. A slide becomes an ordinary run of a study, with whatever readers said of it before, so
that it is reviewed as any other; circles that a person then labels non-glomerulus teach both
models (`napari_ggs.training.study_circles`), and the slide's patient is listed by the cards of
those that learn from it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_ggs.batch import Settings
from napari_ggs.cancelling import Cancelled, never
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds, passes
from napari_ggs.lesions import NON_GLOMERULUS, Scheme
from napari_ggs.pipeline import Progress, detect_and_classify
from napari_ggs.review.carrying import carry_over_all
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, SlideInfo, StoredRun

LIKELY_FALSE = "likely_false"
"""Where a run's info holds the handles of `likely_false`."""


class Mined(NamedTuple):
    """What became of a slide.

    Attributes
    ----------
    run : int
        Of the study.
    circles : int
        That reach the detection threshold.
    likely_false : int
        Of these.
    complete : bool
        False if it was ended early.
    """

    run: int
    circles: int
    likely_false: int
    complete: bool


def require_filter(scheme: Scheme) -> None:
    """See that a classifier can tell what is no glomerulus.

    Raises
    ------
    UserError
        If not.
    """
    if not scheme.can_filter:
        raise UserError(
            f"The classifier has no class for what is no glomerulus ({', '.join(scheme.classes)}): "
            "give another one with --classifier."
        )


def likely_false(table: pd.DataFrame, thresholds: Thresholds) -> list[int]:
    """Handles of the circles that are likely false, those that the detector is surest of first.

    They reach the detection threshold, the classifier rejects them, and nobody has named them.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table; the index holds the handles.
    thresholds : Thresholds
    """
    rejected = (table["predicted"] == NON_GLOMERULUS) & (table["label"] == "")
    chosen = table[passes(table, thresholds) & rejected]
    return chosen.sort_values("detection_score", ascending=False, kind="stable").index.tolist()


def mine_slide(
    slide: Slide, settings: Settings, store: CaseStore, cancelled: Cancelled = never
) -> Iterator[Progress | Mined]:
    """Lay out for review what a detector finds on a slide; the last item says what became of it.

    Parameters
    ----------
    slide : Slide
    settings : Settings
        With a low detection threshold.
    store : CaseStore
    cancelled : callable
        See `detect_and_classify`.

    Raises
    ------
    UserError
        If the slide has no um/px, its case is finished, or the study cannot be written.
    """
    slide.require_mpp()
    slide_id = store.add_slide(
        SlideInfo(slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.mpp)
    )
    before, run = store.standing_run(slide_id), _begin(store, slide_id, settings)
    last: Progress | None = None
    for last in detect_and_classify(
        slide,
        settings.detector.detector,
        settings.classifier.classifier,
        thresholds=settings.thresholds,
        cancelled=cancelled,
    ):
        if len(last.rows):
            store.add_circles(run, last.rows)
        yield last
    assert last is not None
    yield _finished(store, run, last, settings, before)


def _begin(store: CaseStore, slide: int, settings: Settings) -> int:
    cards = {"detector": settings.detector.card, "classifier": settings.classifier.card}
    models = {role: {"name": card.name, "sha256": card.sha256} for role, card in cards.items()}
    return store.begin_run(slide, settings.scheme, models, settings.thresholds)


def _finished(
    store: CaseStore, run: int, last: Progress, settings: Settings, before: StoredRun | None
) -> Mined:
    """Number the circles, name the likely false ones, and carry over what was said before."""
    assert last.table is not None
    false = likely_false(last.table, settings.thresholds)
    complete = last.done == last.total
    info = {LIKELY_FALSE: false, "complete": complete, "missed": last.missed}
    store.finish_run(run, last.table, info)
    if before is not None:
        carry_over_all(store, before.id, run)
    shown = int(np.count_nonzero(passes(last.table, settings.thresholds)))
    return Mined(run, shown, len(false), complete)
