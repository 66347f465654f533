"""Fields of a study: whole slides that people have gone through, for a detector to learn from."""

import logging
from dataclasses import replace

import numpy as np
import pandas as pd

from napari_ggs.circles import Array
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.slides.cache import TileCache
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.store.patient_keys import slide_key
from napari_ggs.training.circles_data import Field, field_of
from napari_ggs.training.detection_data import StudySlides
from napari_ggs.training.detection_pixels import OnSlide
from napari_ggs.training.detection_slides import DECODED_BYTES, KEPT_BYTES
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.study_circles import (
    ENOUGH,
    HUMAN,
    OPEN,
    all_places,
    gone_through,
    teaches_detector,
)

logger = logging.getLogger(__name__)


def study_fields(source: StudySlides, mpp: float) -> list[Field]:
    """Open the slides of a study that were gone through; their circles in px of `mpp`.

    Circles that people gave a glomerular class, drawn ones too, are glomeruli; those that they
    labelled non-glomerulus are hard negatives; all others that are shown teach nothing. Which
    slides teach: `study_circles.teaches_detector`. The others are named in a warning.

    Raises
    ------
    UserError
        If the study cannot be read, no slide of it teaches, or the file of one is not found.
    """
    source.refuse_missing()
    tiles = TileCache(KEPT_BYTES)
    with CaseStore.open(source.study, create=False) as store:
        keys = source.kept_patients(store)
        wanted = [
            (slide, found)
            for slide, found in all_places(store, source.reviewer)
            if slide.patient in keys and _teaches(store, slide, found)
        ]
    if not wanted:
        raise TrainingError(
            f"No slide of the study teaches a detector yet: {100 * ENOUGH:.0f} % of the circles "
            "that a whole slide shows must have been judged. Review more of one."
        )
    fields = [
        _field(slide, found, keys[slide.patient], source, mpp, tiles) for slide, found in wanted
    ]
    for field in fields:
        assert isinstance(field.pixels, OnSlide)
        field.pixels.slide.cache.capacity = DECODED_BYTES // len(fields)
    return fields


def _teaches(store: CaseStore, slide: StoredSlide, found: pd.DataFrame) -> bool:
    run = store.standing_run(slide.id)
    whole = run is not None and run.region is None
    teaches = teaches_detector(found, whole=whole)
    if not teaches and (found["standing"] == HUMAN).any():
        why = f"{100 * gone_through(found):.0f} % of its circles are judged, {100 * ENOUGH:.0f} %"
        reason = f"{why} are needed" if whole else "its last run was over a region"
        logger.warning("%s does not teach the detector: %s", slide.name, reason)
    return teaches


def _field(
    stored: StoredSlide,
    found: pd.DataFrame,
    patient: str,
    source: StudySlides,
    mpp: float,
    tiles: TileCache,
) -> Field:
    slide = open_stored(stored, source.slides)
    pixels = OnSlide(slide, mpp, tiles)
    circles, unsure, negatives = (part / pixels.scale for part in _sorted(found))
    key = slide_key(stored.fingerprint)
    made = field_of(key, pixels, circles, unsure, negatives, patient)
    return replace(made, slide=key)


def _sorted(found: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Glomeruli, circles that teach nothing and hard negatives, in level-0 px.

    A circle that was removed says nothing of its place where another one stands.
    """
    human = found["standing"] == HUMAN
    negative = human & (found["label"] == NON_GLOMERULUS)
    glomerulus = human & ~negative
    taken = circles_of(found[glomerulus])
    unsure = found[~human & (found["shown"] | (found["standing"] != OPEN))]
    removed = unsure["removed"].to_numpy(dtype=bool)
    clear = ~(removed & _centred_in(circles_of(unsure), taken))
    return taken, circles_of(unsure)[clear], circles_of(found[negative])


def _centred_in(circles: Array, others: Array) -> np.ndarray:
    """Which circles have their centres within one of some others."""
    apart = np.hypot(*(circles[:, None, axis] - others[None, :, axis] for axis in (0, 1)))
    return np.asarray((apart < others[:, 2]).any(axis=1))
