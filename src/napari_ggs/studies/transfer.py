"""Study: does a network that starts from published weights do better (GGS paper, Table I)?"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from napari_ggs.lesions import GGS
from napari_ggs.studies import published
from napari_ggs.studies.arms import Arm, Stage, deal, run_arms
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.figures import figure_table, wide
from napari_ggs.studies.pictures import INTERVALS, intervals_picture
from napari_ggs.studies.report import Report
from napari_ggs.studies.scales import Scale
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.recipe import load_recipe, recipe_path
from napari_ggs.training.sources import Source

BASE = "paper_ggs_bit_r50x1"
LIGHT_LR = 5e-4

_NETWORKS = {
    "ResNet50-RandInit": ("resnet50", False, 1e-4),
    "ResNet50-ImageNet": ("resnet50", True, 1e-4),
    "ResNet50-BiT-M": ("bit_r50x1", True, 1e-4),
    "ResNet101-RandInit": ("resnet101", False, 1e-5),
    "ResNet101-ImageNet": ("resnet101", True, 1e-5),
    "ResNet101-BiT-M": ("bit_r101x1", True, 1e-5),
}
"""Backbone, pretrained or not, learning rate. timm has no weights of BiT-S."""

_LIGHT_NETWORKS = {"Lite0-RandInit": False, "Lite0-ImageNet": True}

FIGURES = [*(f"F1 {name}" for name in GGS.classes), "macro F1", "balanced accuracy"]


def ggs_plan(source: Source) -> ClassifierRecipe:
    """The GGS paper's recipe over a cohort."""
    recipe = load_recipe(recipe_path(BASE), ClassifierRecipe)
    return recipe.model_copy(update={"data": (source,)})


def networks(source: Source, scale: Scale) -> list[Arm]:
    """An arm for each initialisation and architecture."""
    plan = ggs_plan(source)
    if scale.light is not None:
        plans = {
            name: _with(scale.of(plan, LIGHT_LR), {"pretrained": pretrained})
            for name, pretrained in _LIGHT_NETWORKS.items()
        }
        return [Arm(name, one) for name, one in plans.items()]
    return [
        Arm(name, _with(plan, {"backbone": backbone, "pretrained": pretrained}, lr))
        for name, (backbone, pretrained, lr) in _NETWORKS.items()
    ]


def _with(
    plan: ClassifierRecipe, network: Mapping[str, object], lr: float | None = None
) -> ClassifierRecipe:
    changed = plan.network.model_copy(update=dict(network))
    optimiser = plan.optimiser.model_copy(update={"lr": lr} if lr else {})
    return plan.model_copy(update={"network": changed, "optimiser": optimiser})


def study_transfer(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train from scratch and from published weights; write the report."""
    source = source_of(GGS, stage.scale, data)
    splits = deal(source, "ggs", stage)
    table = run_arms(networks(source, stage.scale), splits, stage)
    report = Report(
        "Transfer learning (GGS paper, Table I)",
        out,
        "F1 by class on held-out patients, mean ± standard deviation over the repeats. The data "
        f"differ from the paper's: {described(source, table)}.",
        stage.scale,
    )
    report.paper("The paper", published.transfer())
    long = figure_table(by_arm(table), GGS, FIGURES)
    report.ours("Here", wide(long), "transfer")
    report.data(long, "transfer_figures")
    report.picture(intervals_picture(long), "transfer", INTERVALS)
    return report.write()


def by_arm(table: pd.DataFrame, title: str = "test") -> dict[str, pd.DataFrame]:
    """The answers about one set, by arm, in the order in which they were run."""
    chosen = table[table["set"] == title]
    return {str(arm): part for arm, part in chosen.groupby("arm", sort=False)}


def described(source: Source, table: pd.DataFrame) -> str:
    """What the data are, in a few words."""
    tested = table[table["set"] == "test"].drop_duplicates("file")
    what = "phantoms with made-up patients" if source.kind == "phantom" else "own patches"
    return f"{what}, tested on {len(tested)} patches of {tested['patient'].nunique()} patients"
