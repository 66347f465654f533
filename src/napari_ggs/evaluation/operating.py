"""What a detector finds at one threshold: recall, precision, and how well circles sit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_ggs.circles import Array
from napari_ggs.evaluation.comparing import Comparison
from napari_ggs.evaluation.estimates import Estimate, median, wilson
from napari_ggs.evaluation.matching import FALSE


@dataclass(frozen=True)
class OperatingPoint:
    """Detection at one threshold.

    Attributes
    ----------
    threshold : float
        Least detection score.
    recall : Estimate
        Share of the true circles that are found; n true circles, Wilson's interval.
    precision : Estimate
        Share of what is found that is true; n found circles, those on ignored ones left out.
    centre_recall : Estimate
        Share of the true circles with a found centre within half their radius.
    radius_ratio : Estimate
        Median of found over true radius; n matched pairs.
    """

    threshold: float
    recall: Estimate
    precision: Estimate
    centre_recall: Estimate
    radius_ratio: Estimate

    @property
    def hits(self) -> int:
        """Number of true circles that are found."""
        return self.radius_ratio.n

    @property
    def false(self) -> int:
        """Number of false circles."""
        return self.precision.n - self.hits

    def figures(self) -> dict[str, Estimate]:
        """Every figure by its name."""
        return {
            "recall": self.recall,
            "precision": self.precision,
            "centre recall": self.centre_recall,
            "radius ratio": self.radius_ratio,
        }


def at_threshold(
    images: Sequence[Comparison], threshold: float, iou: float = 0.5
) -> OperatingPoint:
    """Detection at a threshold of the score (REFERENCE.md section 5)."""
    sure = [image.where(image.scores >= threshold) for image in images]
    truths = sum(len(image.truth) for image in sure)
    matched = [image.matched(iou) for image in sure]
    ratios = np.concatenate([_ratios(*pair) for pair in zip(sure, matched, strict=True)])
    false = sum(int((one == FALSE).sum()) for one in matched)
    return OperatingPoint(
        threshold,
        recall=wilson(len(ratios), truths),
        precision=wilson(len(ratios), len(ratios) + false),
        centre_recall=wilson(sum(map(_centres, sure)), truths),
        radius_ratio=median(ratios),
    )


def _ratios(image: Comparison, matched: np.ndarray) -> Array:
    hit = matched >= 0
    ratios: Array = image.found[hit, 2] / image.truth[matched[hit], 2]
    return ratios


def _centres(image: Comparison) -> int:
    """Number of true circles with a found centre within half their radius."""
    x, y, radius = image.truth.T
    apart = np.hypot(image.found[:, :1] - x, image.found[:, 1:2] - y)
    return int((apart <= radius / 2).any(axis=0).sum())
