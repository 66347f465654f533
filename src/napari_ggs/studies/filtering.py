"""Study: the classifier as a filter, and curation (GGS paper, Fig. 5, Tables II and III).

A first detector learns from biopsies; its circles on other slides are corrected, and a second one
learns from both. Each is tested with and without the classifier's filter.
"""

from collections.abc import Mapping, Sequence, Set
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.evaluation import (
    PROTOCOLS,
    Comparison,
    Estimate,
    average_precision,
    mean_and_deviation,
    precision_recall,
)
from napari_ggs.evaluation.pictures import precision_recall_picture, roc_picture
from napari_ggs.evaluation.sclerosis import REJECTION
from napari_ggs.lesions import GGS
from napari_ggs.studies import published
from napari_ggs.studies.arms import Stage, deal, run_arms, slug, trained
from napari_ggs.studies.cohorts import source_of
from napari_ggs.studies.detectors import curated, tested, trained_detector
from napari_ggs.studies.figures import band_of, cell, figure_table, rows
from napari_ggs.studies.pictures import BAND
from napari_ggs.studies.report import Report
from napari_ggs.studies.scales import Scale
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

Images = dict[tuple[str, int], list[Comparison]]
"""What a detector, by name and seed, found on the test slides."""


def study_filtering(stage: Stage, data: Path | None, out: Path) -> Path:
    """Train both detectors and the classifier, test all, write the report.

    Own data are a folder of slides with ``manifest.csv`` and ``patches``, labelled patches for
    the classifier as ``patient/class/*.png``.
    """
    slides = _slides(stage, data)
    classifier, answers = _classifier(stage, data / "patches" if data else None, slides)
    steps = SIZES[stage.scale.name].steps
    found: Images = {}
    filtered: Images = {}
    for seed in sorted({seed for _, seed in stage.scale.runs}):
        for name, model in _detectors(seed, slides, steps, stage).items():
            images = [
                tested(model, one, classifier, stage.device) for one in of_part(slides, "test")
            ]
            found[name, seed] = [image for image, _ in images]
            filtered[name, seed] = [passing for _, passing in images]
    return _report(found, filtered, answers, out, stage.scale, data is None)


def _slides(stage: Stage, data: Path | None) -> list[Labelled]:
    if data is not None:
        return own(data)
    size = SIZES[stage.scale.name]
    return phantoms(stage.folder, size.slides, size.side_um, MPP)


def _classifier(
    stage: Stage, patches: Path | None, slides: Sequence[Labelled]
) -> tuple[Path, pd.DataFrame]:
    """The last classifier of the transfer study, which filters, and what all of them answer."""
    source = source_of(GGS, stage.scale, patches)
    arms, splits = networks(source, stage.scale), deal(source, "ggs", stage)
    fold, _ = stage.scale.runs[0]
    split = splits[fold - 1]
    _refuse_known(slides, {*split.training.patients, *split.validation.patients})
    answers = run_arms(arms, splits, stage)
    return trained(arms[-1], 0, split, stage), answers


def _refuse_known(slides: Sequence[Labelled], learnt: Set[str]) -> None:
    """Who taught the classifier that filters cannot test it (REFERENCE.md section 3)."""
    if known := sorted({one.patient for one in of_part(slides, "test")} & learnt):
        raise UserError(
            f"The patient {known[0]} is in the part test of the slides and in the patches that the "
            "classifier learns from: take the patient's patches out."
        )


def _detectors(
    seed: int,
    slides: Sequence[Labelled],
    steps: tuple[int, int] | tuple[None, None],
    stage: Stage,
) -> dict[str, Path]:
    """V1 from the biopsies; V2 also from what V1 found on nephrectomies, once it is corrected."""
    biopsies = of_part(slides, "biopsy")
    first = trained_detector("v1", seed, biopsies, steps[0], stage)
    corrected = [curated(first, one, stage.device) for one in of_part(slides, "nephrectomy")]
    return {V1: first, V2: trained_detector("v2", seed, [*biopsies, *corrected], steps[1], stage)}


def _report(
    found: Images,
    filtered: Images,
    answers: pd.DataFrame,
    out: Path,
    scale: Scale,
    drawn: bool,
) -> Path:
    first = min(seed for _, seed in found)
    title = "Filtering by the classifier (GGS paper, Tables II and III, Fig. 5)"
    report = Report(title, out, _about(found[V1, first], drawn), scale)
    report.paper("The paper", published.filtering())
    long = _table({"no": found, "yes": filtered})
    for protocol in PROTOCOLS:
        shown = long[long["protocol"] == protocol]
        report.ours(f"Here, protocol {protocol}", _as_printed(shown), f"filtering_{protocol}")
    report.data(long, "filtering_figures")
    rejection = figure_table(by_arm(answers), GGS, [f"AUC {REJECTION}"])
    report.ours("Telling what is no glomerulus, by classifier", rows(rejection), "rejection")
    bands = {arm: band_of(part, REJECTION) for arm, part in by_arm(answers).items()}
    report.picture(roc_picture(bands), "roc_rejection", f"{REJECTION}, held-out patients. {BAND}")
    for name in (V1, V2):
        curves = {"no filter": found[name, first], "filter": filtered[name, first]}
        picture = precision_recall_picture({s: precision_recall(i) for s, i in curves.items()})
        report.picture(picture, f"pr_{slug(name)}", f"{name}, IoU .5, seed {first}.")
    return report.write()


def _about(images: Sequence[Comparison], drawn: bool) -> str:
    return (
        "Detector V1 learns from biopsies, V2 also from V1's circles on nephrectomies after the "
        "false ones were named as such; what V1 missed there is not taught. Tested with and "
        "without the classifier's filter. The data differ from the paper's: "
        f"{sum(len(image.truth) for image in images)} glomeruli on {len(images)} "
        f"{'phantom ' * drawn}slides. Mean ± standard deviation over the seeds."
    )


def _table(arms: Mapping[str, Images]) -> pd.DataFrame:
    """AP of every detector, without and with the filter, under every protocol.

    ``low`` and ``high`` are the means of the seeds' intervals over patients.
    """
    table = []
    for name, said, protocol in product((V1, V2), arms, PROTOCOLS):
        seeds = [images for (arm, _), images in arms[said].items() if arm == name]
        each = [average_precision(images, PROTOCOLS[protocol]).figures() for images in seeds]
        about = {"arm": name, "filter": said, "protocol": protocol}
        table += [about | {"figure": f} | _summary([one[f] for one in each]) for f in each[0]]
    return pd.DataFrame(table)


def _summary(estimates: Sequence[Estimate]) -> dict[str, float]:
    mean, deviation = mean_and_deviation([one.value for one in estimates])
    low, high = (np.mean([getattr(one, end) for one in estimates]) for end in ("low", "high"))
    ends = {"low": float(low), "high": float(high)}
    return {"mean": float(mean), "sd": float(deviation), **ends, "n": estimates[0].n}


def _as_printed(long: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(long["mean"], long["sd"], strict=True)
    titles = [f"{name} (n = {n})" for name, n in zip(long["figure"], long["n"], strict=True)]
    table = long.assign(cell=[cell(*pair) for pair in pairs], title=titles)
    shown = table.pivot_table(
        index=["arm", "filter"], columns="title", values="cell", aggfunc="first", sort=False
    )
    return shown.reset_index()
