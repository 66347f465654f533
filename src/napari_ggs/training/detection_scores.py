"""How good a detector is on fields whose glomeruli are known."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.circles import Array, iou, match, nms
from napari_ggs.detection import Detector, detect
from napari_ggs.detection.merging import NMS_IOU
from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_pixels import FINE, InMemory, OnSlide, shrink

LOWEST_SCORE = 0.05
RECALL_POINTS = 101


class Found(NamedTuple):
    """What a detector found in one field, and what it should have; circles in px of the field.

    Attributes
    ----------
    circles : ndarray, shape (k, 3)
    scores : ndarray, shape (k,)
    matched : ndarray of int, shape (k,)
        Index of the true circle (IoU >= .5), or -1. Finds in ignored places are left out.
    truth : ndarray, shape (n, 3)
    """

    circles: Array
    scores: Array
    matched: NDArray[np.intp]
    truth: Array


def find(detector: Detector, field: Field) -> Found:
    """Run a detector over a field and match what it finds."""
    circles, scores = _detected(detector, field)
    matched = match(circles, field.circles, scores)
    counts = (matched >= 0) | ~_ignored(circles, field.ignored)
    return Found(circles[counts], scores[counts], matched[counts], field.circles)


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


def _ignored(circles: Array, ignored: Array) -> NDArray[np.bool_]:
    """Circles with their centre in an ignored one, or that overlap one by half."""
    apart = np.hypot(circles[:, :1] - ignored[:, 0], circles[:, 1:2] - ignored[:, 1])
    near = (apart <= ignored[:, 2]) | (iou(circles, ignored) >= 0.5)
    return np.asarray(near.any(axis=1))


def average_precision(found: Iterable[Found]) -> float:
    """AP at a circle IoU of .5, over 101 recall points as COCO does; NaN without any glomerulus."""
    fields = list(found)
    truths = sum(len(one.truth) for one in fields)
    if truths == 0:
        return float("nan")
    scores = np.concatenate([one.scores for one in fields])
    hits = np.concatenate([one.matched >= 0 for one in fields])[np.argsort(-scores, kind="stable")]
    recall = np.cumsum(hits) / truths
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    points = np.linspace(0, 1, RECALL_POINTS)
    return float(best[np.searchsorted(recall, points, side="left")].mean())


def figures(found: Sequence[Found], threshold: float, prefix: str) -> dict[str, float]:
    """Figures for a model card, at one detection threshold.

    Returns
    -------
    dict of str to float
        ``glomeruli``, ``ap50`` and, at the threshold: ``found`` (IoU >= .5), ``false_circles``,
        ``radius_ratio`` (median of found over true; absent if none is found).
    """
    kept = [(one, one.scores >= threshold) for one in found]
    ratios = np.concatenate([_ratios(one, sure) for one, sure in kept])
    numbers = {
        "glomeruli": float(sum(len(one.truth) for one in found)),
        "ap50": average_precision(found),
        "found": float(len(ratios)),
        "false_circles": float(sum(((one.matched < 0) & sure).sum() for one, sure in kept)),
    }
    if len(ratios):
        numbers["radius_ratio"] = float(np.median(ratios))
    known = {name: value for name, value in numbers.items() if not np.isnan(value)}
    return {f"{prefix}_{name}": round(value, 4) for name, value in known.items()}


def _ratios(found: Found, sure: NDArray[np.bool_]) -> Array:
    hit = sure & (found.matched >= 0)
    ratios: Array = found.circles[hit, 2] / found.truth[found.matched[hit], 2]
    return ratios
