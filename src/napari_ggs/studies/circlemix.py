"""Study: CircleMix and the hierarchy (CircleMix paper, Tables 1 and 2, Fig. 3)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from napari_ggs.classification import Hierarchy
from napari_ggs.devices import DeviceName, device_of
from napari_ggs.evaluation.pictures import confusion_picture
from napari_ggs.lesions import BINARY, CIRCLEMIX, Scheme
from napari_ggs.models.finding import find
from napari_ggs.models.loading import build_classifier
from napari_ggs.studies import published
from napari_ggs.studies.arms import Arm, Models, Stage, deal, run_arms
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.figures import answers_of, cell, figure_table
from napari_ggs.studies.pictures import INTERVALS, intervals_picture
from napari_ggs.studies.report import Report
from napari_ggs.studies.transfer import described
from napari_ggs.training.classifier_recipe import ClassifierRecipe, Mixing
from napari_ggs.training.recipe import load_recipe, recipe_path
from napari_ggs.training.sources import Source

BASE = "paper_circlemix_b0_hierarchy"
LIGHT_LR = 0.01
MIXINGS = {
    "none": Mixing(kind="none"),
    "CutMix": Mixing(kind="cutmix"),
    "CircleMix": Mixing(kind="circlemix"),
}
FIGURES = ("balanced accuracy", "macro F1")


def plans(source: Source) -> tuple[ClassifierRecipe, ClassifierRecipe]:
    """The paper's recipes over a cohort: five classes with all children, and two classes."""
    tree = load_recipe(recipe_path(BASE), ClassifierRecipe)
    tree = tree.model_copy(update={"data": (source,)})
    return tree, tree.model_copy(update={"scheme": "binary", "children": ()})


def combined(plan: ClassifierRecipe, files: Sequence[Path], device: DeviceName) -> Models:
    """The parent alone, and with each child alone: C5, C5+NC2, C5+C3, C5+C2."""
    parent, *children = (build_classifier(find(file), device_of(device)) for file in files)
    names = [f"C5+{child.name.upper()}" for child in plan.children]
    both = {n: Hierarchy(parent, (child,)) for n, child in zip(names, children, strict=True)}
    return {"C5": parent, **both}


def study_circlemix(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train with no mixing, CutMix and CircleMix; write the report."""
    source = source_of(CIRCLEMIX, stage.scale, data)
    tree, two = (stage.scale.of(plan, LIGHT_LR) for plan in plans(source))
    five = run_arms(_arms("C5", tree), deal(source, "circlemix", stage), stage)
    pair = run_arms(_arms("binary", two), deal(source, "binary", stage), stage)
    report = Report(
        "CircleMix and the hierarchy (CircleMix paper, Tables 1 and 2)",
        out,
        "Balanced accuracy and macro F1 on held-out patients, mean ± standard deviation over the "
        f"repeats. The data differ from the paper's: {described(source, five)}.",
        stage.scale,
    )
    report.paper("The paper (percent)", published.circlemix())
    long = pd.concat([_long(pair, BINARY), _long(five, CIRCLEMIX)], ignore_index=True)
    report.ours("Here (percent)", _as_printed(long), "circlemix")
    report.data(long, "circlemix_figures")
    for figure in FIGURES:
        part = long[long["figure"] == figure]
        shown = part.assign(arm=part["mixing"], figure=part["model"])
        name = figure.lower().replace(" ", "_")
        report.picture(intervals_picture(shown), name, f"{figure.capitalize()}. {INTERVALS}")
    for (arm, model), part in five.groupby(["arm", "model"], sort=False):
        if model in ("C5", "C5+NC2"):
            answers = answers_of(part, CIRCLEMIX)
            picture = confusion_picture(answers.matrix, CIRCLEMIX.classes)
            mixing = _mixing(arm)
            name = f"confusion_{mixing}_{model}".lower().replace("+", "_")
            report.picture(picture, name, f"{model}, mixing: {mixing}; all repeats together.")
    return report.write()


def _arms(title: str, plan: ClassifierRecipe) -> list[Arm]:
    def answering(files: Sequence[Path], device: DeviceName) -> Models:
        return combined(plan, files, device)

    return [
        Arm(
            f"{title}, {name}",
            plan.model_copy(update={"mixing": mixing}),
            answering if plan.children else None,
        )
        for name, mixing in MIXINGS.items()
    ]


def _long(table: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """Figures of every mixing with every model."""
    named = table.assign(model=table["model"].where(table["model"] != "", "binary"))
    groups = named.groupby(["arm", "model"], sort=False)
    parts = {f"{_mixing(arm)}, {model}": part for (arm, model), part in groups}
    found = figure_table(parts, scheme, FIGURES)
    found[["mixing", "model"]] = found["arm"].str.split(", ", expand=True)
    return found.drop(columns="arm")


def _mixing(arm: object) -> str:
    return str(arm).split(", ")[1]


def _as_printed(long: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(long["mean"], long["sd"], strict=True)
    titles = [f"{m} (n = {n})" for m, n in zip(long["model"], long["n"], strict=True)]
    table = long.assign(cell=[cell(100 * mean, 100 * sd) for mean, sd in pairs], title=titles)
    shown = table.pivot_table(
        index=["mixing", "figure"], columns="title", values="cell", aggfunc="first", sort=False
    )
    return shown.reset_index()
