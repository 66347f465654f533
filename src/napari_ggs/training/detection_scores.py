"""How good a detector is on fields whose glomeruli are known."""

from collections.abc import Sequence

import numpy as np

from napari_ggs.circles import Array, nms
from napari_ggs.detection import Detector, detect
from napari_ggs.detection.merging import NMS_IOU
from napari_ggs.evaluation import Comparison, at_threshold, precision_recall
from napari_ggs.glomeruli import LOWEST_SCORE
from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_pixels import FINE, InMemory, OnSlide, shrink


def find(detector: Detector, field: Field) -> Comparison:
    """Run a detector over a field; circles in px of the field beside its truth."""
    circles, scores = _detected(detector, field)
    return Comparison.of(field.circles, circles, scores, field.ignored, group=field.patient)


def _detected(detector: Detector, field: Field) -> tuple[Array, Array]:
    if isinstance(field.pixels, OnSlide):
        slide = field.pixels.slide
        steps = list(detect(slide, detector, threshold=LOWEST_SCORE))
        scale = field.pixels.mpp / slide.require_mpp()
        circles = np.concatenate([step.circles for step in steps]) / scale
        return circles, np.concatenate([step.scores for step in steps])
    assert isinstance(field.pixels, InMemory)
    image = shrink(field.pixels.image, FINE)
    [(circles, scores)] = detector.detect(image[None], LOWEST_SCORE)
    kept = nms(circles, scores, NMS_IOU)
    return circles[kept] * FINE, scores[kept]


def ap50(found: Sequence[Comparison]) -> float:
    """AP at a circle IoU of .5, as COCO computes it; NaN without any glomerulus."""
    return precision_recall(found).average if found else float("nan")


def figures(found: Sequence[Comparison], threshold: float, prefix: str) -> dict[str, float]:
    """Figures for a model card, at one detection threshold.

    Returns
    -------
    dict of str to float
        ``glomeruli``, ``ap50`` and, at the threshold: ``found`` (IoU >= .5), ``false_circles``,
        ``radius_ratio`` (median of found over true). What is not defined is left out.
    """
    point = at_threshold(found, threshold)
    numbers = {
        "glomeruli": float(point.recall.n),
        "ap50": ap50(found),
        "found": float(point.hits),
        "false_circles": float(point.false),
        "radius_ratio": point.radius_ratio.value,
    }
    known = {name: value for name, value in numbers.items() if not np.isnan(value)}
    return {f"{prefix}_{name}": round(value, 4) for name, value in known.items()}
