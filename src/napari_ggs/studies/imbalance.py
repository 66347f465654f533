"""Study of our own: what focal loss and balanced sampling do for rare classes."""

from pathlib import Path

from napari_ggs.lesions import GGS
from napari_ggs.studies.arms import Arm, Stage, deal, run_arms
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.figures import figure_table, wide
from napari_ggs.studies.pictures import INTERVALS, intervals_picture
from napari_ggs.studies.report import Report
from napari_ggs.studies.transfer import FIGURES, LIGHT_LR, by_arm, described, ggs_plan
from napari_ggs.training.classifier_recipe import ClassifierRecipe, Loss

LOSSES = {"cross entropy": Loss(gamma=0.0), "focal loss": Loss(gamma=2.5)}
SAMPLINGS = ("plain", "balanced")


def arms_of(plan: ClassifierRecipe) -> list[Arm]:
    """Every loss with every sampling."""
    return [
        Arm(f"{name}, {sampling}", plan.model_copy(update={"loss": loss, "sampling": sampling}))
        for name, loss in LOSSES.items()
        for sampling in SAMPLINGS
    ]


def study_imbalance(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train every combination; write the report."""
    source = source_of(GGS, stage.scale, data)
    splits = deal(source, "ggs", stage)
    table = run_arms(arms_of(stage.scale.of(ggs_plan(source), LIGHT_LR)), splits, stage)
    report = Report(
        "Imbalance: loss and sampling",
        out,
        "No table of the papers: they use focal loss and balanced sampling together. Held-out "
        f"patients, mean ± standard deviation over the repeats; {described(source, table)}.",
        stage.scale,
    )
    long = figure_table(by_arm(table), GGS, FIGURES)
    report.ours("Here", wide(long), "imbalance")
    report.data(long, "imbalance_figures")
    report.picture(intervals_picture(long), "imbalance", INTERVALS)
    return report.write()
