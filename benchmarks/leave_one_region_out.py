"""How the embedded models' recipes do on real tissue that they have not seen.

For each labelled field of AIDPATH in turn, the second step of both recipes is trained without it,
from the first step's models (phantoms alone), and the whole pipeline runs on the field. What is
finished stays in --out, and the same command goes on where it was.

    python benchmarks/leave_one_region_out.py --models models --out leave-one-out
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import tifffile

from napari_ggs.batch import Settings
from napari_ggs.evaluation import Comparison, at_threshold, compare, kept
from napari_ggs.files import make_folder
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.report import RunInfo, write_results
from napari_ggs.slides import open_slide
from napari_ggs.studies.assessment_files import lines, write_detection
from napari_ggs.training.aidpath import LabelledField, labelled_fields
from napari_ggs.training.classification import gather, train_on, validation_shares
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection import train_detector_on
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.recipe import load_recipe, recipe_path
from napari_ggs.training.splits import split_patients

WITHOUT, WITH = "without filter", "with filter"


class Result(NamedTuple):
    """A field beside its truth: all circles, those that pass the filter, and their table."""

    without: Comparison
    filtered: Comparison
    rows: pd.DataFrame
    tissue_mm2: float


def detector_without(patient: str, start: Path, out: Path) -> None:
    """Train the detector with a field left out."""
    plan = load_recipe(recipe_path("detector_lite0"), DetectorRecipe)
    data = [
        source.model_copy(update={"held_out": (patient,)} if source.kind == "aidpath" else {})
        for source in plan.data
    ]
    network = plan.network.model_copy(update={"start": start})
    train_detector_on(plan.model_copy(update={"data": tuple(data), "network": network}), out)


def classifier_without(patient: str, start: Path, out: Path) -> None:
    """Train the classifier with a field left out."""
    plan = load_recipe(recipe_path("classifier_lite0"), ClassifierRecipe)
    data = [
        source.model_copy(update={"leave_out": (patient,)} if source.kind == "aidpath" else {})
        for source in plan.data
    ]
    network = plan.network.model_copy(update={"start": start})
    plan = plan.model_copy(update={"data": tuple(data), "network": network})
    train_on(split_patients(gather(plan), validation_shares(plan), plan.seed), plan, out)


def models_without(patient: str, models: Path, folder: Path) -> Settings:
    """The two models that never saw a field, trained if they are not there yet."""
    detector, classifier = folder / "detector.safetensors", folder / "classifier.safetensors"
    if not detector.is_file():
        detector_without(patient, models / "ggs-circlenet-lite0-phantoms.safetensors", detector)
    if not classifier.is_file():
        classifier_without(patient, models / "ggs-lite0-phantoms.safetensors", classifier)
    return Settings.load(str(detector), str(classifier))


def as_slide(field: LabelledField, folder: Path) -> Path:
    """Write the field as a slide."""
    path, per_cm = folder / f"{field.name}.tif", 1e4 / field.mpp
    tifffile.imwrite(
        path, field.image, tile=(256, 256), photometric="rgb", compression="deflate",
        resolution=(per_cm, per_cm), resolutionunit="CENTIMETER",
    )  # fmt: skip
    return path


def analysed(field: LabelledField, settings: Settings, folder: Path) -> Result:
    """Run the pipeline on a field and write its results beside the models."""
    detector, classifier = settings.detector.detector, settings.classifier.classifier
    with open_slide(as_slide(field, folder)) as slide:
        *_, last = detect_and_classify(slide, detector, classifier, thresholds=settings.thresholds)
        write_results(last.table, slide, GGS, settings.thresholds, folder, RunInfo())
        area = slide.tissue().area_mm2
    whole = is_whole(field)
    ignored = np.concatenate([field.glomeruli[~whole], field.unsure])
    plain, rows = compare(last.table, field.glomeruli[whole], ignored, field.mpp, field.patient)
    passing = plain.where(kept(rows, GGS, settings.thresholds.glomerulus))
    return Result(plain, passing, rows, area)


def is_whole(field: LabelledField) -> np.ndarray:
    """Which glomeruli of a field no edge cuts."""
    x, y, radius = field.glomeruli.T
    height, width = field.image.shape[:2]
    return (x > radius) & (y > radius) & (x < width - radius) & (y < height - radius)


def say(field: LabelledField, result: Result, thresholds: Thresholds) -> None:
    """Print a line for each glomerulus of a field."""
    matched = result.without.matched(0.5)
    labels = np.array(field.labels)[is_whole(field)]
    for number, label in enumerate(labels):
        rows = result.rows.iloc[np.flatnonzero(matched == number)]
        for _, row in rows[rows["detection_score"] >= thresholds.detection].iterrows():
            print(
                f"{field.patient}: {label}, found with score {row['detection_score']:.2f}, "
                f"p(glomerulus) {1 - row['p_non_glomerulus']:.2f}, called {row['predicted']}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    results = []
    for field in labelled_fields(given.data / "aidpath"):
        folder = make_folder(given.out / field.patient)
        settings = models_without(field.patient, given.models, folder)
        results.append(analysed(field, settings, folder))
        say(field, results[-1], settings.thresholds)
    threshold = settings.thresholds.detection
    arms = {WITHOUT: [r.without for r in results], WITH: [r.filtered for r in results]}
    for line in lines(write_detection(arms, threshold, given.out)):
        print(line)
    area = sum(result.tissue_mm2 for result in results)
    for name, images in arms.items():
        false = at_threshold(images, threshold).false
        print(
            f"  {name}: {false} false circles on {area:.1f} mm2 of tissue, {false / area:.2f}/mm2"
        )


if __name__ == "__main__":
    main()
