"""One slide beside its truth: what the pipeline finds there, and what the filter makes of it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs import console
from napari_ggs.batch import Settings
from napari_ggs.circles import Array
from napari_ggs.detection import detect
from napari_ggs.evaluation import (
    Comparison,
    Estimate,
    Turned,
    at_threshold,
    compare,
    kept,
    rotation_consistency,
    true_classes,
)
from napari_ggs.evaluation.rotation import LEAST_SCORE
from napari_ggs.glomeruli import circles_of
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide
from napari_ggs.studies.detectors import LOWEST
from napari_ggs.studies.truth import Truth

UNNAMED = "glomerulus"
"""A true glomerulus whose class nobody gave."""


@dataclass(frozen=True)
class Assessed:
    """One slide beside its truth.

    Attributes
    ----------
    without, filtered : Comparison
        All detections; those that the classifier takes for glomeruli.
    truth : ndarray of str, shape (k,)
        What each circle above the detection threshold really is: see `true_classes`.
    probabilities : ndarray, shape (k, classes)
    consistency : Estimate
        Agreement of the circles from `LEAST_SCORE` on with those found on turned tiles.
    tissue_mm2 : float
        Area of the tissue that could be read.
    """

    without: Comparison
    filtered: Comparison
    truth: NDArray[np.str_]
    probabilities: Array
    consistency: Estimate
    tissue_mm2: float


def assess_slide(slide: Slide, truth: Truth, settings: Settings) -> Assessed:
    """Run the pipeline over a slide, compare with its truth, say in a line how it went."""
    table = _found(slide, settings)
    without, rows = compare(
        table, truth.circles, truth.ignored, slide.require_mpp(), str(slide.path)
    )
    filtered = without.where(kept(rows, settings.scheme, settings.thresholds.glomerulus))
    names, probabilities = _named(without, rows, truth, settings)
    consistency = _consistency(table, slide, settings)
    tissue = slide.tissue().area_mm2 * (1 - slide.unread_fraction())
    one = Assessed(without, filtered, names, probabilities, consistency, tissue)
    console.line(f"{slide.name}: {_outcome(one, settings.thresholds.detection)}")
    return one


def _consistency(table: pd.DataFrame, slide: Slide, settings: Settings) -> Estimate:
    """Run the detector again, on turned tiles, and compare."""
    upright = circles_of(table[table["detection_score"] >= LEAST_SCORE])
    turned = detect(slide, Turned(settings.detector.detector), threshold=LEAST_SCORE)
    return rotation_consistency(upright, np.concatenate([step.circles for step in turned]))


def _found(slide: Slide, settings: Settings) -> pd.DataFrame:
    """Every circle from the authors' threshold on, so that AP compares with theirs."""
    slide.require_mpp()
    lowest = min(LOWEST, settings.thresholds.detection)
    steps = detect_and_classify(
        slide,
        settings.detector.detector,
        settings.classifier.classifier,
        thresholds=replace(settings.thresholds, detection=lowest),
    )
    with console.progress(slide.name) as advance:
        for step in steps:
            advance(step.done / max(step.total, 1))
    assert step.table is not None, "the last item of a run has the table"
    return step.table


def _named(
    comparison: Comparison, rows: pd.DataFrame, truth: Truth, settings: Settings
) -> tuple[NDArray[np.str_], Array]:
    """True class and probabilities of what is above the detection threshold and was classified."""
    labels = np.where(truth.labels == "", UNNAMED, truth.labels)
    names = true_classes(comparison, labels)
    probabilities = rows[list(settings.scheme.columns)].to_numpy(dtype=float)
    known = (names != "") & (comparison.scores >= settings.thresholds.detection)
    known &= ~np.isnan(probabilities).any(axis=1)
    return names[known], probabilities[known]


def _outcome(one: Assessed, threshold: float) -> str:
    plain, filtered = (at_threshold([image], threshold) for image in (one.without, one.filtered))
    return (
        f"{plain.hits} of {plain.recall.n} glomeruli found and {plain.false} false circles; "
        f"{filtered.hits} and {filtered.false} with filter; {one.tissue_mm2:.1f} mm2 of tissue"
    )
