"""What models say of the circles, or the slides, on which they are compared."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs import glomeruli
from napari_ggs.cancelling import Cancelled
from napari_ggs.circles import Array
from napari_ggs.classification.stream import classify_stream
from napari_ggs.detection import detect
from napari_ggs.detection.tiling import Region
from napari_ggs.evaluation import Answers, Comparison
from napari_ggs.evaluation.detector_gate import Detections
from napari_ggs.glomeruli import LOWEST_SCORE, circles_of
from napari_ggs.models import LoadedClassifier, LoadedDetector
from napari_ggs.review.held_out import HeldOut, HeldOutSlide
from napari_ggs.review.work import CancelledError, Work
from napari_ggs.slides import Slide
from napari_ggs.store.locating import open_stored


def ask_classifiers(
    models: Sequence[LoadedClassifier], held_out: HeldOut, work: Work
) -> list[Answers]:
    """What classifiers say of the circles, in the same order; each by its own ``t_glom``.

    Circles whose pixels cannot be read are left out for all.

    Raises
    ------
    SlideError
        If a slide's file is not found or cannot be opened.
    CancelledError
    """
    slides = held_out.slides
    said: list[list[Array]] = [[] for _ in models]
    for place, one in enumerate(slides):
        with open_stored(one.slide, work.folders) as slide:
            for answers, model in zip(said, models, strict=True):
                answers.append(_classified(slide, one, model, work.cancelled))
        work.advance((place + 1) / len(slides))
    each = [np.concatenate(answers) for answers in said]
    known = ~np.isnan(np.hstack(each)).any(axis=1)
    truth = pd.concat([one.circles["label"] for one in slides]).to_numpy(dtype=str)
    patients = np.repeat([one.slide.patient for one in slides], [len(o.circles) for o in slides])
    return [
        _answers(model, p[known], truth[known], patients[known])
        for model, p in zip(models, each, strict=True)
    ]


def _classified(
    slide: Slide, one: HeldOutSlide, model: LoadedClassifier, cancelled: Cancelled
) -> Array:
    circles = circles_of(one.circles)
    step = [(circles, np.ones(len(circles)))]
    parts = classify_stream(slide, step, model.classifier, cancelled=cancelled)
    found = np.concatenate([part.probabilities for part in parts] or [np.empty((0, 0))])
    if len(found) < len(circles):
        raise CancelledError
    return found


def _answers(
    model: LoadedClassifier, p: Array, truth: NDArray[np.str_], patients: NDArray[np.str_]
) -> Answers:
    scheme = model.classifier.scheme
    names = glomeruli.predict(p, scheme, model.card.t_glom).astype(str)
    return Answers.of(truth, p, scheme, patients, names)


def ask_detectors(
    models: Sequence[LoadedDetector], held_out: HeldOut, work: Work
) -> list[Detections]:
    """What detectors find where each slide was reviewed; what was put aside counts neither way.

    Raises
    ------
    SlideError
        If a slide's file is not found or cannot be opened.
    CancelledError
    """
    slides, found = held_out.slides, [list[Comparison]() for _ in models]
    for place, one in enumerate(slides):
        with open_stored(one.slide, work.folders) as slide:
            for images, model in zip(found, models, strict=True):
                images.append(_detected(slide, one, model, work.cancelled))
        work.advance((place + 1) / len(slides))
    pairs = zip(found, models, strict=True)
    return [Detections(images, model.card.t_det) for images, model in pairs]


def _detected(
    slide: Slide, one: HeldOutSlide, model: LoadedDetector, cancelled: Cancelled
) -> Comparison:
    region = None if one.run.region is None else Region(*one.run.region)
    steps = list(
        detect(slide, model.detector, threshold=LOWEST_SCORE, region=region, cancelled=cancelled)
    )
    if steps[-1].done < steps[-1].total:
        raise CancelledError
    circles = np.concatenate([step.circles for step in steps])
    scores = np.concatenate([step.scores for step in steps])
    truth, aside = circles_of(one.circles), circles_of(one.aside)
    patient = one.slide.patient
    return Comparison.of(truth, circles, scores, aside, slide.require_mpp(), patient)
