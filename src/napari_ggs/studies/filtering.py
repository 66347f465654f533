"""Study: the classifier as a filter, and curation (GGS paper, Fig. 5, Tables II and III).

A first detector learns from biopsies; its circles on other slides are corrected, and a second one
learns from both. Each is tested with and without the classifier's filter.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from napari_ggs.classification.classifier import AnyClassifier
from napari_ggs.evaluation import (
    PROTOCOLS,
    Comparison,
    average_precision,
    precision_recall,
    table_of,
)
from napari_ggs.evaluation.pictures import precision_recall_picture
from napari_ggs.evaluation.sclerosis import REJECTION
from napari_ggs.lesions import GGS
from napari_ggs.models import load_classifier
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, deal, run_arms, slug
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.detectors import curated, tested, trained
from napari_ggs.studies.figures import figure_table
from napari_ggs.studies.report import Report
from napari_ggs.studies.slide_cohort import Labelled, of_part, own, phantoms
from napari_ggs.studies.transfer import by_arm, networks

MPP = 1.0
V1, V2 = "CircleNet-V1", "CircleNet-V2"


class Size(NamedTuple):
    """Side of the phantom slides in um, their numbers, and the steps of both light detectors."""

    side_um: float
    slides: dict[str, int]
    steps: tuple[int, int] | tuple[None, None]


SIZES = {
    "small": Size(1500.0, {"biopsy": 1, "nephrectomy": 1, "test": 1}, (4, 4)),
    "medium": Size(3500.0, {"biopsy": 6, "nephrectomy": 12, "test": 6}, (300, 600)),
    "paper": Size(12_000.0, {"biopsy": 42, "nephrectomy": 18, "test": 5}, (None, None)),
}

Images = dict[str, list[Comparison]]


def study_filtering(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train both detectors and the classifier, test all, write the report."""
    classifier, answers = _classifier(stage)
    size = SIZES[stage.scale.name]
    slides = own(data) if data else phantoms(stage.folder, size.slides, size.side_um, MPP)
    found: Images = {V1: [], V2: []}
    filtered: Images = {V1: [], V2: []}
    for _, seed in stage.scale.runs:
        models = _detectors(seed, slides, classifier, size.steps, stage)
        for name, model in models.items():
            for one in of_part(slides, "test"):
                image, passing = tested(model, one, classifier)
                found[name].append(image)
                filtered[name].append(passing)
    return _report(found, filtered, answers, out)


def _classifier(stage: Stage) -> tuple[AnyClassifier, pd.DataFrame]:
    """The pretrained classifier of the transfer study; it has not seen the study's slides."""
    source = source_of(GGS, stage.scale, None)
    arm = networks(source, stage.scale)[-1]
    answers = run_arms([arm], deal(source, "ggs", stage.scale, stage.progress), stage)
    model = stage.folder / f"{slug(arm.name)}-run1.safetensors"
    return load_classifier(model).classifier, answers


def _detectors(
    seed: int,
    slides: Sequence[Labelled],
    classifier: AnyClassifier,
    steps: tuple[int, int] | tuple[None, None],
    stage: Stage,
) -> dict[str, Path]:
    """V1 from the biopsies; V2 also from what V1 found on nephrectomies, once it is corrected."""
    biopsies = of_part(slides, "biopsy")
    first = trained("v1", seed, biopsies, steps[0], stage)
    corrected = [curated(first, one, classifier) for one in of_part(slides, "nephrectomy")]
    return {V1: first, V2: trained("v2", seed, [*biopsies, *corrected], steps[1], stage)}


def _report(found: Images, filtered: Images, answers: pd.DataFrame, out: Path) -> Path:
    report = Report(
        "Filtering by the classifier (GGS paper, Tables II and III, Fig. 5)", out, _about(found[V1])
    )
    report.paper("The paper", published.filtering())
    long = _table({"no": found, "yes": filtered})
    for protocol in PROTOCOLS:
        shown = long[long["protocol"] == protocol]
        report.ours(f"Here, protocol {protocol}", _as_printed(shown), f"filtering_{protocol}")
    report.data(long, "filtering_figures")
    rejection = figure_table(by_arm(answers), GGS, [f"AUC {REJECTION}"])
    report.ours("Telling what is no glomerulus, by the classifier", rejection, "rejection")
    for name in found:
        curves = {"no filter": found[name], "filter": filtered[name]}
        picture = precision_recall_picture({s: precision_recall(i) for s, i in curves.items()})
        report.picture(picture, f"pr_{slug(name)}", f"{name}, IoU .5, all runs.")
    return report.write()


def _about(images: Sequence[Comparison]) -> str:
    there = {image.group: len(image.truth) for image in images}
    return (
        "Detector V1 learns from biopsies, V2 also from V1's circles on nephrectomies after the "
        "false ones were taken out. Tested with and without the classifier's filter. The data "
        f"differ from the paper's: {sum(there.values())} glomeruli on {len(there)} slides."
    )


def _table(arms: Mapping[str, Images]) -> pd.DataFrame:
    """AP of every detector, without and with the filter, under every protocol."""
    tables = [
        table_of(
            average_precision(images, protocol).figures(),
            arm=name,
            filter=said,
            protocol=protocol.name,
        )
        for name in (V1, V2)
        for said, found in arms.items()
        for images in (found[name],)
        for protocol in PROTOCOLS.values()
    ]
    return pd.concat(tables, ignore_index=True)


def _as_printed(long: pd.DataFrame) -> pd.DataFrame:
    cells = long.assign(cell=[f"{value:.3f}" for value in long["value"]])
    table = cells.pivot_table(
        index=["arm", "filter"], columns="figure", values="cell", aggfunc="first", sort=False
    )
    return table.reset_index()
