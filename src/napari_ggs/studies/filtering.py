"""Study: the classifier as a filter, and curation (GGS paper, Fig. 5, Tables II and III).

A first detector learns from biopsies; its circles on other slides are corrected, and a second one
learns from both. Each is tested with and without the classifier's filter.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs import circles as geometry
from napari_ggs import glomeruli
from napari_ggs.classification.classifier import AnyClassifier
from napari_ggs.evaluation import (
    PROTOCOLS,
    Comparison,
    average_precision,
    compare,
    precision_recall,
    table_of,
)
from napari_ggs.evaluation.pictures import precision_recall_picture
from napari_ggs.evaluation.sclerosis import REJECTION
from napari_ggs.exchange.table import read_csv, write_csv
from napari_ggs.files import replacing
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.models import load_classifier, load_detector
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, StoppedError, deal, run_arms, slug
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.figures import figure_table
from napari_ggs.studies.report import Report
from napari_ggs.studies.slide_cohort import Labelled, of_part, opened, own, phantoms, truth_of
from napari_ggs.studies.transfer import by_arm, networks
from napari_ggs.training.detection import train_detector_on
from napari_ggs.training.detection_data import LabelledSlide, Slides
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.recipe import load_recipe, recipe_path

LOWEST = 0.01
"""The authors' detection threshold, since the classifier filters (REFERENCE.md section 3)."""

MPP = 1.0
SIZES = {
    "small": (1500.0, {"biopsy": 1, "nephrectomy": 1, "test": 1}, (4, 4)),
    "medium": (3500.0, {"biopsy": 6, "nephrectomy": 12, "test": 6}, (300, 600)),
    "paper": (12_000.0, {"biopsy": 42, "nephrectomy": 18, "test": 5}, None),
}
"""Side of the slides in um, their numbers, and the light detector's steps (V1, V2)."""


def study_filtering(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train both detectors and the classifier, test all, write the report."""
    classifier, answers = _classifier(stage, None)
    side, numbers, _ = SIZES[stage.scale.name]
    slides = own(data) if data else phantoms(stage.folder, numbers, side, MPP)
    found = {"CircleNet-V1": [], "CircleNet-V2": []}  # type: dict[str, list[Comparison]]
    filtered = {name: list(images) for name, images in found.items()}
    for _, seed in stage.scale.runs:
        first = _detector("v1", seed, of_part(slides, "biopsy"), stage)
        curated = _curated(first, of_part(slides, "nephrectomy"), classifier, seed, stage)
        second = _detector("v2", seed, [*of_part(slides, "biopsy"), *curated], stage)
        for name, model in zip(found, (first, second), strict=True):
            images = [
                _tested(model, one, classifier, seed, stage) for one in of_part(slides, "test")
            ]
            found[name] += [image for image, _ in images]
            filtered[name] += [image for _, image in images]
    report = Report(
        "Filtering by the classifier (GGS paper, Tables II and III, Fig. 5)", out, _about(found)
    )
    report.paper("The paper", published.filtering())
    long = _table(found, filtered)
    for protocol in PROTOCOLS:
        shown = long[long["protocol"] == protocol]
        report.ours(f"Here, protocol {protocol}", _as_printed(shown), f"filtering_{protocol}")
    report.data(long, "filtering_figures")
    rejection = figure_table(by_arm(answers), GGS, [f"AUC {REJECTION}"])
    report.ours("Telling what is no glomerulus, by the classifier", rejection, "rejection")
    for name in found:
        curves = {
            "no filter": precision_recall(found[name]),
            "filter": precision_recall(filtered[name]),
        }
        report.picture(
            precision_recall_picture(curves), f"pr_{slug(name)}", f"{name}, IoU .5, all runs."
        )
    return report.write()


def _about(found: dict[str, list[Comparison]]) -> str:
    images = next(iter(found.values()))
    slides = len({image.group for image in images})
    glomeruli_there = sum(len(image.truth) for image in images) * slides // max(len(images), 1)
    return (
        "Detector V1 learns from biopsies, V2 also from V1's circles on nephrectomies after the "
        "false ones were taken out. Tested with and without the classifier's filter. The data "
        f"differ from the paper's: {glomeruli_there} glomeruli on {slides} slides."
    )


def _classifier(stage: Stage, data: Path | None) -> tuple[AnyClassifier, pd.DataFrame]:
    """The pretrained classifier of the transfer study; it has not seen the study's slides."""
    source = source_of(GGS, stage.scale, data)
    arm = networks(source, stage.scale)[-1]
    splits = deal(source, "ggs", stage.scale, stage.progress)
    answers = run_arms([arm], splits, stage)
    model = stage.folder / f"{slug(arm.name)}-run1.safetensors"
    return load_classifier(model).classifier, answers


def _detector(name: str, seed: int, slides: Sequence[Labelled], stage: Stage) -> Path:
    """Train one detector, unless it is there."""
    out = stage.folder / f"detector-{name}-seed{seed}.safetensors"
    if not out.is_file() or stage.stopped():
        plan = _plan(name, seed, slides, stage)
        train_detector_on(plan, out, stage.progress, stage.stopped)
        if stage.stopped():
            raise StoppedError("The study was stopped. The same command goes on where it was.")
    return out


def _plan(name: str, seed: int, slides: Sequence[Labelled], stage: Stage) -> DetectorRecipe:
    light = stage.scale.light is not None
    plan = load_recipe(recipe_path("detector_lite0" if light else "detector_dla34"), DetectorRecipe)
    source = Slides(
        kind="slides",
        name="slides of the study",
        licence="own",
        slides=tuple(
            LabelledSlide(path=one.slide, circles=one.circles, patient=one.patient)
            for one in slides
        ),
    )
    update = {"name": f"circlenet-{name}", "seed": seed, "data": (source,)}
    steps = SIZES[stage.scale.name][2]
    if steps:
        number = steps[0 if name == "v1" else 1]
        schedule = {"steps": number, "warm_up": min(50, number), "validate_every": number}
        update["schedule"] = plan.schedule.model_copy(update=schedule)
    return plan.model_copy(update=update)


def _analysed(
    model: Path, labelled: Labelled, classifier: AnyClassifier, seed: int, stage: Stage
) -> pd.DataFrame:
    """The table of a slide, kept for the next time."""
    kept = stage.folder / f"{model.stem}-{slug(labelled.slide.stem)}-{seed}.circles.csv"
    if not kept.is_file():
        detector = load_detector(model).detector
        thresholds = glomeruli.Thresholds(detection=LOWEST)
        with opened(labelled) as slide:
            *_, last = detect_and_classify(slide, detector, classifier, thresholds=thresholds)
        assert last.table is not None
        write_csv(last.table, classifier.scheme, kept)
    return read_csv(kept)[0]


def _curated(
    model: Path, slides: Sequence[Labelled], classifier: AnyClassifier, seed: int, stage: Stage
) -> list[Labelled]:
    """What V1 found with a score of .5 or more, its false circles marked as such."""
    return [_curate(model, one, classifier, seed, stage) for one in slides]


def _curate(
    model: Path, labelled: Labelled, classifier: AnyClassifier, seed: int, stage: Stage
) -> Labelled:
    table = _analysed(model, labelled, classifier, seed, stage)
    with opened(labelled) as slide:
        whole, cut = truth_of(labelled, slide)
    sure = table[table["detection_score"] >= CURATED]
    everything = np.concatenate([whole, cut])
    circles = glomeruli.circles_of(sure)
    hit = geometry.match(circles, everything, sure["detection_score"]) >= 0
    rows = pd.DataFrame(circles, columns=glomeruli.GEOMETRY)
    rows["label"] = np.where(hit, "normal", NON_GLOMERULUS)
    path = stage.folder / f"{model.stem}-{slug(labelled.slide.stem)}.curated.csv"
    with replacing(path) as scratch:
        rows.to_csv(scratch, index=False)
    return Labelled(labelled.slide, path, labelled.patient, labelled.part)


CURATED = 0.2
"""Detection score from which circles are looked at by the expert."""


def _tested(
    model: Path, labelled: Labelled, classifier: AnyClassifier, seed: int, stage: Stage
) -> tuple[Comparison, Comparison]:
    """All circles, and those that the classifier does not call non-glomerulus (by argmax)."""
    table = _analysed(model, labelled, classifier, seed, stage)
    with opened(labelled) as slide:
        whole, cut = truth_of(labelled, slide)
        image, rows = compare(table, whole, cut, slide.require_mpp(), labelled.patient)
    best = rows[list(GGS.columns)].to_numpy().argmax(axis=1)
    return image, image.where(best != GGS.classes.index(NON_GLOMERULUS))


def _table(
    found: dict[str, list[Comparison]], filtered: dict[str, list[Comparison]]
) -> pd.DataFrame:
    return pd.concat(
        [
            table_of(
                average_precision(images, protocol).figures(),
                arm=name,
                filter=said,
                protocol=protocol.name,
            )
            for name in found
            for said, images in (("no", found[name]), ("yes", filtered[name]))
            for protocol in PROTOCOLS.values()
        ],
        ignore_index=True,
    )


def _as_printed(long: pd.DataFrame) -> pd.DataFrame:
    cells = long.assign(cell=[f"{value:.3f}" for value in long["value"]])
    table = cells.pivot_table(
        index=["arm", "filter"], columns="figure", values="cell", aggfunc="first", sort=False
    )
    return table.reset_index()
