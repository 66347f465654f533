"""Study: sclerosis on the own cohort and on one from elsewhere (GGS paper, Figs. 3 and 4)."""

from pathlib import Path

import pandas as pd

from napari_ggs.evaluation import Roc, RocBand, roc_band
from napari_ggs.evaluation.pictures import roc_picture
from napari_ggs.lesions import GGS, SCHEMES
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, deal, run_arms
from napari_ggs.studies.cohorts import elsewhere, source_of
from napari_ggs.studies.figures import answers_of, figure_table
from napari_ggs.studies.report import Report
from napari_ggs.studies.transfer import by_arm, described, networks
from napari_ggs.training.collecting import renamed

ELSEWHERE = "elsewhere"
INTERNAL, EXTERNAL = "sclerotic_vs_rest", "normal_vs_others"
"""The scores of Fig. 3 and of Fig. 4 (REFERENCE.md section 1)."""


def study_external(stage: Stage, data: Path | None, out: Path) -> Path:
    """ROC curves of the fold models and of their ensemble, on both cohorts; write the report."""
    source = source_of(GGS, stage.scale, data)
    splits = deal(source, "ggs", stage.scale, stage.progress)
    others = {ELSEWHERE: renamed(elsewhere(stage.scale), SCHEMES["ggs"])}
    table = run_arms(networks(source, stage.scale), splits, stage, others)
    inside, outside = by_arm(table), by_arm(table, ELSEWHERE)
    pooled = {arm: ensemble_of(part) for arm, part in outside.items()}
    report = Report(
        "External validation (GGS paper, Figs. 3 and 4)",
        out,
        "Trained on one cohort, tested on its held-out patients and on patients of another "
        "laboratory and scanner. The data differ from the paper's: "
        f"{described(source, table)}; elsewhere, {len(next(iter(pooled.values())))} phantoms.",
    )
    report.paper("The paper: AUC on the external set", published.external())
    names = [f"AUC {INTERNAL}", f"AUC {EXTERNAL}"]
    report.ours("Here: held-out patients", figure_table(inside, GGS, names), "internal")
    report.ours(
        "Here: elsewhere, each run alone", figure_table(outside, GGS, names), "external_runs"
    )
    report.ours(
        "Here: elsewhere, the mean of the runs", figure_table(pooled, GGS, names), "external"
    )
    for title, parts, question in (
        ("internal", inside, INTERNAL),
        ("external", outside, EXTERNAL),
    ):
        curves: dict[str, Roc | RocBand] = {
            arm: _band(part, question) for arm, part in parts.items()
        }
        caption = f"{question}, {title}: mean over the runs, band of one standard deviation."
        report.picture(roc_picture(curves), f"roc_{title}", caption)
    return report.write()


def _band(table: pd.DataFrame, question: str) -> RocBand:
    return roc_band([answers_of(run, GGS).roc(question) for _, run in table.groupby("run")])


def ensemble_of(table: pd.DataFrame) -> pd.DataFrame:
    """The mean answer of all runs about each patch, as one run."""
    about = table.drop_duplicates("file").set_index("file")[["patient", "label"]]
    mean = table.groupby("file")[list(GGS.columns)].mean()
    return about.join(mean).reset_index().assign(run=1)
