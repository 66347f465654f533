"""Study: sclerosis on the own cohort and on one from elsewhere (GGS paper, Figs. 3 and 4)."""

from pathlib import Path

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.evaluation import Roc, RocBand
from napari_ggs.evaluation.pictures import roc_picture
from napari_ggs.lesions import GGS
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, deal, run_arms
from napari_ggs.studies.cohorts import elsewhere as drawn_elsewhere
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.figures import answers_of, band_of, figure_table, rows
from napari_ggs.studies.pictures import BAND
from napari_ggs.studies.report import Report
from napari_ggs.studies.scales import Scale
from napari_ggs.studies.transfer import by_arm, described, networks
from napari_ggs.training.collecting import patches_of, renamed
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.splits import Split

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
    _refuse_shared(splits[0], others[ELSEWHERE])
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
        return renamed(drawn_elsewhere(scale), GGS)
    if not (data / ELSEWHERE).is_dir():
        raise UserError(
            f"{data} must hold two folders of patches (patient/class/*.png): cohort, to train on, "
            f"and {ELSEWHERE}, the external set."
        )
    return patches_of(source_of(GGS, scale, data / ELSEWHERE), GGS, lambda *_: None)


def _refuse_shared(split: Split, elsewhere: PatchSet) -> None:
    """An external set has none of the patients who taught the models."""
    cohort = {*split.training.patients, *split.validation.patients, *split.test.patients}
    if shared := sorted(cohort & set(elsewhere.patients)):
        raise UserError(
            f"The patient {shared[0]} is in the cohort and in {ELSEWHERE}: an external set must "
            "have other patients."
        )


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
    bands = {arm: band_of(part, INTERNAL) for arm, part in inside.items()}
    report.picture(roc_picture(bands), "roc_internal", f"{INTERNAL}, held-out patients. {BAND}")
    curves: dict[str, Roc | RocBand] = {a: band_of(p, EXTERNAL) for a, p in outside.items()}
    curves |= {f"{a}, ensemble": answers_of(p, GGS).roc(EXTERNAL) for a, p in pooled.items()}
    caption = f"{EXTERNAL}, elsewhere. {BAND} The ensemble's has none."
    report.picture(roc_picture(curves), "roc_external", caption)


def ensemble_of(table: pd.DataFrame) -> pd.DataFrame:
    """The mean answer about each patch of the models of a repeat.

    A repeat is what shares a seed; where each seed trained one fold only, all runs are one.
    """
    folds = table.groupby("seed")["fold"].nunique()
    repeat = table["seed"] if folds.max() > 1 else table["seed"].min()
    named = table.assign(seed=repeat)
    about = ["seed", "file", "patient", "label"]
    return named.groupby(about, as_index=False, sort=False)[list(GGS.columns)].mean()
