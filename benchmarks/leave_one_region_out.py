"""How the embedded models' recipes do on real tissue that they have not seen.

For each labelled field of AIDPATH in turn, the second step of both recipes is trained without it,
from the first step's models (phantoms alone), and the whole pipeline runs on the field: as it is,
and as other scanners, microscopes and stains might show it (CONDITIONS). What is finished stays in
--out, and the same command goes on where it was.

    python benchmarks/leave_one_region_out.py --models models --out leave-one-out
"""

import argparse
import re
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import tifffile
from PIL import Image, ImageFilter

from napari_ggs.batch import Settings
from napari_ggs.circles import inside
from napari_ggs.evaluation import Comparison, compare, kept
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


def resized(image: np.ndarray, factor: float, how: Image.Resampling) -> np.ndarray:
    size = tuple(round(factor * side) for side in image.shape[1::-1])
    return np.array(Image.fromarray(image).resize(size, how))


def finer(image: np.ndarray) -> np.ndarray:
    """From pixels half as wide: 0.25 um/px."""
    return resized(image, 2, Image.Resampling.BICUBIC)


def coarse(image: np.ndarray) -> np.ndarray:
    """From pixels 16 times as wide: 8 um/px."""
    return resized(image, 1 / 16, Image.Resampling.BOX)


def uneven(image: np.ndarray) -> np.ndarray:
    """Under a light that falls to half across the field, as in a microscope's camera."""
    y, x = np.indices(image.shape[:2]) / np.array(image.shape[:2])[:, None, None]
    return np.rint(image * (1 - 0.25 * (x + y))[..., None]).astype(np.uint8)


def poor(image: np.ndarray) -> np.ndarray:
    """Out of focus by a micron and compressed to JPEG quality 30."""
    file = BytesIO()
    Image.fromarray(image).filter(ImageFilter.GaussianBlur(2)).save(file, "JPEG", quality=30)
    return np.array(Image.open(file))


def stained(image: np.ndarray) -> np.ndarray:
    """Absorbing red a third more, green a fifth less and blue a fifth more."""
    return np.rint(255 * (image / 255) ** np.array([1.33, 0.8, 1.2])).astype(np.uint8)


CONDITIONS = {
    "as it is": np.array,
    "0.25 um/px": finer,
    "8 um/px": coarse,
    "uneven light": uneven,
    "out of focus, JPEG 30": poor,
    "another stain": stained,
}


def shown(field: LabelledField, condition: str) -> LabelledField:
    """The field under a condition."""
    image = CONDITIONS[condition](field.image)
    factor = len(image) / len(field.image)
    circles = {name: factor * getattr(field, name) for name in ("glomeruli", "others", "unsure")}
    return field._replace(image=image, mpp=field.mpp / factor, **circles)


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
    height, width = field.image.shape[:2]
    return inside(field.glomeruli, (0, 0, width, height))


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


def report(condition: str, results: list[Result], threshold: float, out: Path) -> None:
    """Write the tables of a condition and print the main figures."""
    arms = {WITHOUT: [r.without for r in results], WITH: [r.filtered for r in results]}
    area = sum(result.tissue_mm2 for result in results)
    table = write_detection(arms, threshold, make_folder(out), tissue_mm2=area)
    print(f"\n{condition}")
    for line in lines(table[table["protocol"].isin(["ggs", f"score >= {threshold:g}"])]):
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    fields = labelled_fields(given.data / "aidpath")
    trained = [models_without(f.patient, given.models, given.out / f.patient) for f in fields]
    for condition in CONDITIONS:
        slug = re.sub(r"\W+", "-", condition)
        results = []
        for field, settings in zip(fields, trained, strict=True):
            one = shown(field, condition)
            results.append(analysed(one, settings, make_folder(given.out / field.patient / slug)))
            say(one, results[-1], settings.thresholds)
        report(condition, results, settings.thresholds.detection, given.out / slug)


if __name__ == "__main__":
    main()
