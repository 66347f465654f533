"""How the embedded models do on phantoms of other seeds, and whether phantoms are too easy.

    python benchmarks/fresh_phantoms.py --out fresh-phantoms [--slides 15]

Writes phantom slides whose seeds (and so stains) no model has seen, runs the pipeline on them, and
prints, with intervals over slides: AP, recall and false circles without and with the filter; how
well found circles are named (F1s, and AUCs such as sclerotic_vs_normal and sclerotic_vs_rest);
where the errors are; and the macro F1 that mean colours and the radius alone get. Slides that are
there are used again, and results of the same models.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from napari_ggs.batch import Settings
from napari_ggs.evaluation import (
    Answers,
    Comparison,
    compare,
    confusion,
    kept,
    macro_f1,
    true_classes,
    wilson,
)
from napari_ggs.exchange.table import read_csv, write_csv
from napari_ggs.files import make_folder
from napari_ggs.glomeruli import circles_of, predict
from napari_ggs.lesions import GGS
from napari_ggs.phantom import PhantomSlide, write_slide, write_truth
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide, open_slide
from napari_ggs.studies.assessment_files import lines, write_classes, write_detection
from napari_ggs.studies.detectors import LOWEST

FIRST_SEED = 70_000
OUTLINES = ("field", "wedge", "needle")
SIDE_UM, MPP = 3500.0, 0.5


class Result(NamedTuple):
    """One slide: all circles, those that pass the filter, their rows, and its whole glomeruli."""

    without: Comparison
    filtered: Comparison
    rows: pd.DataFrame
    truth: pd.DataFrame


def phantom(number: int, folder: Path) -> Path:
    """Write a phantom slide with its truth, unless it is there."""
    path = folder / f"phantom-{FIRST_SEED + number}.svs"
    truth = path.with_suffix(".truth.csv")
    if not truth.is_file():
        outline = OUTLINES[number % len(OUTLINES)]
        made = PhantomSlide(SIDE_UM, SIDE_UM, mpp=MPP, seed=FIRST_SEED + number, outline=outline)
        write_slide(made, path)
        write_truth(made, truth)
    return path


def found_on(path: Path, settings: Settings) -> pd.DataFrame:
    """The Glomeruli table of a slide, computed unless these models' is there."""
    detector, classifier = settings.detector, settings.classifier
    keys = "-".join(model.card.sha256[:12] for model in (detector, classifier))
    kept_table = path.with_suffix(f".{keys}.csv")
    if not kept_table.is_file():
        low = replace(settings.thresholds, detection=LOWEST)
        with open_slide(path) as slide:
            *_, last = detect_and_classify(slide, detector[0], classifier[0], thresholds=low)
        write_csv(last.table, GGS, kept_table)
    return read_csv(kept_table)[0]


def colours(slide: Slide, x: float, y: float, radius: float) -> np.ndarray:
    """Mean red, green and blue of a disc."""
    side = 2 * radius
    patch = slide.read(x - radius, y - radius, round(side), round(side)).astype(float)
    rows, columns = np.indices(patch.shape[:2]) + 0.5 - radius
    return patch[np.hypot(rows, columns) <= radius].mean(axis=0)


def analysed(path: Path, settings: Settings) -> Result:
    """Compare what was found on a slide with its truth."""
    truth = pd.read_csv(path.with_suffix(".truth.csv"))
    whole = truth[~truth["cut"]].reset_index(drop=True)
    image, rows = compare(
        found_on(path, settings), circles_of(whole), circles_of(truth[truth["cut"]]), MPP, path.stem
    )
    with open_slide(path) as slide:
        means = [colours(slide, *circle) for circle in circles_of(whole)]
    whole[["red", "green", "blue"]] = np.reshape(means, (-1, 3))
    passing = image.where(kept(rows, GGS, settings.thresholds.glomerulus))
    return Result(image, passing, rows, whole.assign(slide=path.stem))


def answers_of(results: list[Result], settings: Settings) -> Answers:
    """What the classifier said of all circles above the detection threshold."""
    names, rows = [], []
    for result in results:
        sure = result.without.scores >= settings.thresholds.detection
        truth = true_classes(result.without, result.truth["label"])
        known = sure & (truth != "")
        names.append(truth[known])
        rows.append(result.rows[known].assign(slide=result.without.group))
    table = pd.concat(rows)
    probabilities = table[list(GGS.columns)].to_numpy()
    given = predict(probabilities, GGS, settings.thresholds.glomerulus)
    return Answers.of(np.concatenate(names), probabilities, GGS, table["slide"], given)


def margin(truth: pd.DataFrame) -> pd.Series:
    """How far each glomerulus is from a class border, in its latents (thresholds at .5)."""
    closure = truth[["collapse", "matrix"]].max(axis=1)
    distance = (closure - 0.5).abs()
    closed = closure >= 0.5
    sclerotic = np.minimum(distance, (truth["capsule"] - 0.5).abs())
    filled = closed & (truth["capsule"] >= 0.5)
    sclerotic[filled] = np.minimum(sclerotic, (truth["fill"] - 0.5).abs())[filled]
    return distance.where(~closed, sclerotic)


def say_borderlines(results: list[Result], settings: Settings) -> None:
    """Print the share of wrong names by distance from a class border."""
    rows = []
    for result in results:
        matched = result.without.matched()
        hit = (matched >= 0) & (result.without.scores >= settings.thresholds.detection)
        truth = result.truth.iloc[matched[hit]]
        named = predict(
            result.rows.loc[hit, list(GGS.columns)].to_numpy(), GGS, settings.thresholds.glomerulus
        )
        wrong = named.astype(str) != truth["label"].to_numpy(dtype=str)
        rows.append(pd.DataFrame({"margin": margin(truth).to_numpy(), "wrong": wrong}))
    table = pd.concat(rows)
    print("\nwrong names, by distance of the latents from a class border")
    for low, high in ((0.0, 0.1), (0.1, 0.25), (0.25, 1.0)):
        part = table[(table["margin"] >= low) & (table["margin"] < high)]
        print(f"  {low:.2f} to {high:.2f}: {wilson(int(part['wrong'].sum()), len(part))}")


def say_colours(results: list[Result]) -> None:
    """Print how well mean colours and radius tell the classes apart, slide by slide held out."""
    table = pd.concat([result.truth for result in results], ignore_index=True)
    features, folds = table[["red", "green", "blue", "radius"]], GroupKFold(5)
    models = (
        RandomForestClassifier(500, class_weight="balanced", random_state=0),
        HistGradientBoostingClassifier(class_weight="balanced", random_state=0),
    )
    print(f"\nmean colours and radius alone, n = {len(table)}, slides held out")
    for model in models:
        named = cross_val_predict(model, features, table["label"], groups=table["slide"], cv=folds)
        figure = macro_f1(confusion(table["label"], named, GGS.glomerular))
        print(f"  {type(model).__name__}: macro F1 {figure:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--slides", type=int, default=15)
    given = parser.parse_args()
    settings, out = Settings.load(), make_folder(given.out)
    results = [analysed(phantom(i, out), settings) for i in range(given.slides)]
    threshold = settings.thresholds.detection
    arms = {
        "without filter": [r.without for r in results],
        "with filter": [r.filtered for r in results],
    }
    table = write_detection(arms, threshold, out)
    for line in lines(table[table["protocol"].isin(["ggs", f"score >= {threshold:g}"])]):
        print(line)
    answers = answers_of(results, settings)
    print("\nnames of the circles above the detection threshold")
    for name, figure in write_classes(answers, out).figures().items():
        print(f"  {name}: {figure}")
    say_borderlines(results, settings)
    say_colours(results)


if __name__ == "__main__":
    main()
