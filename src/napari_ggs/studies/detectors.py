"""The detectors of a study: trained on its slides, run over them, their circles corrected."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs import circles as geometry
from napari_ggs import glomeruli
from napari_ggs.detection import detect
from napari_ggs.devices import DeviceName
from napari_ggs.evaluation import Comparison, compare
from napari_ggs.exchange.table import read_csv, write_csv
from napari_ggs.files import replacing
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.models import load_classifier, load_detector, read_card
from napari_ggs.models.card import card_path
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.studies.arms import Stage, slug
from napari_ggs.studies.slide_cohort import Labelled, opened, truth_of
from napari_ggs.training.detection import train_detector_on
from napari_ggs.training.detection_data import LabelledSlide, Slides
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.recipe import load_recipe, recipe_path
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import StoppedError

LOWEST = 0.01
"""The authors' detection threshold, since the classifier filters (REFERENCE.md section 3)."""

CURATED = 0.2
"""Detection score from which circles are looked at by the expert."""

HARD_NEGATIVES = 0.2
"""Share of a light detector's windows that lie on circles which the expert took out."""


def trained_detector(
    name: str, seed: int, slides: Sequence[Labelled], steps: int | None, stage: Stage
) -> Path:
    """Train one detector, unless it is there; `steps` of the light one, or None for the paper's.

    Raises
    ------
    StoppedError
        If it was stopped.
    """
    out = stage.folder / f"detector-{name}-seed{seed}.safetensors"
    if not out.is_file() or state_path(out).is_file():
        plan = _plan(name, seed, slides, steps)
        here = plan.model_copy(update={"device": stage.device})
        train_detector_on(here, out, stage.progress, stage.stopped)
        if stage.stopped():
            raise StoppedError("The study was stopped. The same command goes on where it was.")
    return out


def _plan(name: str, seed: int, slides: Sequence[Labelled], steps: int | None) -> DetectorRecipe:
    recipe = "detector_dla34" if steps is None else "detector_lite0_phantoms"
    plan = load_recipe(recipe_path(recipe), DetectorRecipe)
    entries = [LabelledSlide(path=s.slide, circles=s.circles, patient=s.patient) for s in slides]
    source = Slides(
        kind="slides",
        name="slides of the study",
        licence="own",
        slides=tuple(entries),
        validation=0.2 if steps is None else 0,
    )
    update: dict[str, Any] = {"name": f"circlenet-{name}", "seed": seed, "data": (source,)}
    if steps is not None:
        length = {"steps": steps, "warm_up": min(50, steps), "validate_every": steps}
        update["schedule"] = plan.schedule.model_copy(update=length)
        update["on_hard_negative"] = HARD_NEGATIVES
    return plan.model_copy(update=update)


def analysed(model: Path, labelled: Labelled, filtering: Path, device: DeviceName) -> pd.DataFrame:
    """The Glomeruli table of a slide; kept beside the model for the next time."""
    keys = "-".join(read_card(card_path(file)).sha256[:8] for file in (model, filtering))
    kept = model.with_name(f"{model.stem}-{keys}-{slug(labelled.slide.stem)}.circles.csv")
    if not kept.is_file():
        classifier = load_classifier(filtering, device).classifier
        detector = load_detector(model, device).detector
        thresholds = glomeruli.Thresholds(detection=LOWEST)
        with opened(labelled) as slide:
            *_, last = detect_and_classify(slide, detector, classifier, thresholds=thresholds)
        assert last.table is not None
        write_csv(last.table, classifier.scheme, kept)
    return read_csv(kept)[0]


def curated(model: Path, labelled: Labelled, device: DeviceName) -> Labelled:
    """What a detector found on a slide, as an expert corrects it: its new truth.

    A circle on a glomerulus (IoU >= .5) stays; one that touches none is non-glomerulus; others,
    second circles on a glomerulus or badly placed ones, are taken out. The expert looks at
    circles alone: glomeruli that have none are neither taught nor taught against (``cut``).
    """
    with opened(labelled) as slide:
        whole, cut = truth_of(labelled, slide)
        steps = list(detect(slide, load_detector(model, device).detector, threshold=CURATED))
    circles = np.concatenate([step.circles for step in steps])
    scores = np.concatenate([step.scores for step in steps])
    truth = np.concatenate([whole, cut])
    matched = geometry.match(circles, truth, scores)
    apart = ~(geometry.iou(circles, truth) > 0).any(axis=1)
    rows = pd.DataFrame(circles, columns=glomeruli.GEOMETRY)
    rows["label"] = np.where(matched >= 0, "", NON_GLOMERULUS)
    rows["cut"] = matched >= len(whole)
    missed = pd.DataFrame(
        np.delete(truth, matched[matched >= 0], axis=0), columns=glomeruli.GEOMETRY
    )
    path = model.with_name(f"{model.stem}-{slug(labelled.slide.stem)}.curated.csv")
    with replacing(path) as scratch:
        seen = rows[(matched >= 0) | apart]
        pd.concat([seen, missed.assign(label="", cut=True)]).to_csv(scratch, index=False)
    return Labelled(labelled.slide, path, labelled.patient, labelled.part)


def tested(
    model: Path, labelled: Labelled, filtering: Path, device: DeviceName
) -> tuple[Comparison, Comparison]:
    """All circles, and those that the classifier does not call non-glomerulus (by argmax)."""
    table = analysed(model, labelled, filtering, device)
    scheme = read_card(card_path(filtering)).scheme
    with opened(labelled) as slide:
        whole, cut = truth_of(labelled, slide)
        image, rows = compare(table, whole, cut, slide.require_mpp(), labelled.patient)
    best = rows[list(scheme.columns)].to_numpy().argmax(axis=1)
    return image, image.where(best != scheme.classes.index(NON_GLOMERULUS))
