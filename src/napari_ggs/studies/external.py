"""Study: sclerosis on the own cohort and on one from elsewhere (GGS paper, Figs. 3 and 4)."""

from pathlib import Path

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.evaluation import Roc, RocBand, roc_band
from napari_ggs.evaluation.pictures import roc_picture
from napari_ggs.lesions import GGS
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, deal, run_arms
from napari_ggs.studies.cohorts import elsewhere, source_of
from napari_ggs.studies.figures import answers_of, figure_table, rows
from napari_ggs.studies.report import Report
from napari_ggs.studies.scales import Scale
from napari_ggs.studies.transfer import by_arm, described, networks
from napari_ggs.training.collecting import patches_of, renamed
from napari_ggs.training.patches import PatchSet

ELSEWHERE = "elsewhere"
INTERNAL, EXTERNAL = "sclerotic_vs_rest", "normal_vs_others"
"""The scores of Fig. 3 and of Fig. 4 (REFERENCE.md section 1)."""


def study_external(stage: Stage, data: Path | None, out: Path) -> Path:
    """ROC curves of the fold models and of their ensemble, on both cohorts; write the report.

    With own data, ``data/cohort`` is trained on and ``data/elsewhere`` is the external set; both
    hold patches as ``patient/class/*.png``.
    """
    source = source_of(GGS, stage.scale, data / "cohort" if data else None)
    others = {ELSEWHERE: _external_set(stage.scale, data)}
    splits = deal(source, "ggs", stage)
    table = run_arms(networks(source, stage.scale), splits, stage, others)
    report = Report(
        "External validation (GGS paper, Figs. 3 and 4)",
        out,
        "Trained on one cohort, tested on its held-out patients and on patients of another "
        "laboratory and scanner. The data differ from the paper's: "
        f"{described(source, table)}; elsewhere, {len(others[ELSEWHERE])} patches of "
        f"{'own data' if data else 'phantoms'}.",
        stage.scale,
    )
    report.paper("The paper: AUC on the external set", published.external())
    _tell(report, by_arm(table), by_arm(table, ELSEWHERE))
    return report.write()


def _external_set(scale: Scale, data: Path | None) -> PatchSet:
    if data is None:
        return renamed(elsewhere(scale), GGS)
    if not (data / ELSEWHERE).is_dir():
        raise UserError(
            f"{data} must hold two folders of patches (patient/class/*.png): cohort, to train on, "
            f"and {ELSEWHERE}, the external set."
        )
    return patches_of(source_of(GGS, scale, data / ELSEWHERE), GGS, lambda *_: None)


def _tell(
    report: Report, inside: dict[str, pd.DataFrame], outside: dict[str, pd.DataFrame]
) -> None:
    names = [f"AUC {INTERNAL}", f"AUC {EXTERNAL}"]
    pooled = {arm: ensemble_of(part) for arm, part in outside.items()}
    for heading, parts, name in (
        ("Here: held-out patients", inside, "internal"),
        ("Here: elsewhere, each run alone", outside, "external_runs"),
        ("Here: elsewhere, the ensemble of the runs", pooled, "external"),
    ):
        report.ours(heading, rows(figure_table(parts, GGS, names)), name)
    caption = f"{INTERNAL}, held-out patients: mean over the runs, band of one standard deviation."
    report.picture(
        roc_picture({a: _band(p, INTERNAL) for a, p in inside.items()}), "roc_internal", caption
    )
    curves: dict[str, Roc | RocBand] = {arm: _band(part, EXTERNAL) for arm, part in outside.items()}
    curves |= {f"{a}, ensemble": answers_of(p, GGS).roc(EXTERNAL) for a, p in pooled.items()}
    caption = f"{EXTERNAL}, elsewhere: mean over the runs with a band of one standard deviation, "
    report.picture(roc_picture(curves), "roc_external", f"{caption}and the ensemble.")


def _band(table: pd.DataFrame, question: str) -> RocBand:
    return roc_band([answers_of(run, GGS).roc(question) for _, run in table.groupby("run")])


def ensemble_of(table: pd.DataFrame) -> pd.DataFrame:
    """The mean answer about each patch of the models of a repeat.

    A repeat is what shares a seed; where each seed trained one fold only, all runs are one.
    """
    folds = table.groupby("seed")["fold"].nunique()
    repeat = table["seed"] if folds.max() > 1 else table["seed"].min()
    named = table.assign(seed=repeat)
    about = ["seed", "file", "patient", "label"]
    return named.groupby(about, as_index=False, sort=False)[list(GGS.columns)].mean()
