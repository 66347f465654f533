"""The gate for detectors: what is compared patient by patient, and what is reported beside it.

What decides is a patient's average precision at a circle IoU of .5 (AP50): it needs no threshold,
and is defined for every patient who has a glomerulus. Higher overlaps are left out, since the true
circles are those that some detector found and a person accepted: they would favour that detector.

No class may lose more than .05 of its recall (share found, IoU >= .5, at the detector's own
threshold) over all its glomeruli (`napari_ggs.evaluation.gate`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.comparing import Comparison
from napari_ggs.evaluation.estimates import RESAMPLES
from napari_ggs.evaluation.gate import Judgement, judge
from napari_ggs.evaluation.matching import FALSE
from napari_ggs.evaluation.paired import paired_figures
from napari_ggs.evaluation.precision import precision_recall

SCORE = "AP50 by patient"


@dataclass(frozen=True)
class Detections:
    """What a detector found on some slides.

    Attributes
    ----------
    images : sequence of Comparison
        One for each slide; its ``group`` is the patient. Each patient has a true circle.
    threshold : float
        The detector's own, of the score.
    """

    images: Sequence[Comparison]
    threshold: float


def judge_detectors(
    old: Detections,
    new: Detections,
    labels: Sequence[ArrayLike],
    classes: Sequence[str],
    uses: int = 1,
    *,
    resamples: int = RESAMPLES,
) -> Judgement:
    """Judge a new detector beside the old one, on the same slides in the same order.

    Parameters
    ----------
    old, new : Detections
    labels : sequence of array_like of str
        For each slide the classes of its true circles.
    classes : sequence of str
        In order; those that do not occur are not reported.
    uses : int
        How often these patients have been used, this time included.
    resamples : int
        Of the bootstrap over patients.

    Raises
    ------
    ValueError
        If the slides or their true circles are not the same for both.
    """
    pairs = list(zip(old.images, new.images, strict=True))
    if any(a.group != b.group or not np.array_equal(a.truth, b.truth) for a, b in pairs):
        raise ValueError("Two detectors are compared on the same slides, with the same truth.")
    number = {name: sum(int((np.asarray(w) == name).sum()) for w in labels) for name in classes}
    there = [name for name in classes if number[name]]
    recalls = [f"recall {name}" for name in there]
    everything, groups = sum(number.values()), [image.group for image in old.images]
    areas = [ap50_by_patient(one.images) for one in (old, new)]
    figures = paired_figures(
        [SCORE, "recall", "precision", *recalls],
        _figures_of(old, areas[0], labels, there),
        _figures_of(new, areas[1], labels, there),
        groups,
        [len(areas[0]), everything, everything, *(number[name] for name in there)],
        recalls,
        resamples=resamples,
    )
    return judge(SCORE, areas[1] - areas[0], figures, uses, resamples=resamples)


def ap50_by_patient(images: Sequence[Comparison]) -> Array:
    """AP50 of each patient's slides, in the order of the patients' names."""
    names = sorted({image.group for image in images})
    of_each = ([image for image in images if image.group == name] for name in names)
    return np.array([precision_recall(own).average for own in of_each])


def _figures_of(
    found: Detections, areas: Array, labels: Sequence[ArrayLike], classes: Sequence[str]
) -> Callable[[NDArray[np.int64]], ArrayLike]:
    """All figures of slides drawn several times, whole patients together."""
    rows = zip(found.images, labels, strict=True)
    counts = np.array([_counts(one, found.threshold, own, classes) for one, own in rows])
    first = np.unique([image.group for image in found.images], return_index=True)[1]
    k = len(classes)

    def figures(times: NDArray[np.int64]) -> Array:
        false, *rest = times @ counts
        hits, truths = np.array(rest[:k]), np.array(rest[k:])
        parts = np.array([hits.sum(), hits.sum(), *hits])
        wholes = np.array([truths.sum(), hits.sum() + false, *truths])
        shares = np.divide(parts, wholes, out=np.full(k + 2, np.nan), where=wholes > 0)
        drawn = times[first]
        return np.concatenate([[drawn @ areas / drawn.sum()], shares])

    return figures


def _counts(
    image: Comparison, threshold: float, labels: ArrayLike, classes: Sequence[str]
) -> list[int]:
    """False circles; then hits, then true circles, of each class."""
    matched = image.where(image.scores >= threshold).matched()
    names = np.asarray(labels, dtype=np.str_)
    hit = names[matched[matched >= 0]]
    sums = [int((part == name).sum()) for part in (hit, names) for name in classes]
    return [int((matched == FALSE).sum()), *sums]
