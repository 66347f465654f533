"""Rotation consistency: whether a detector finds the same circles on a turned image."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from napari_ggs.circles import Array, as_circles, iou
from napari_ggs.evaluation.estimates import Estimate, bootstrap

if TYPE_CHECKING:
    from napari_ggs.detection import AnyDetector


LEAST_SCORE = 0.5
"""Detection score from which circles are compared (REFERENCE.md section 2)."""


def rotation_consistency(first: ArrayLike, second: ArrayLike, threshold: float = 0.5) -> Estimate:
    """Agreement of two sets of circles: 2 x matched / (n1 + n2) (REFERENCE.md section 2).

    Parameters
    ----------
    first, second : array_like, shape (n1, 3), (n2, 3)
        In one system of coordinates.
    threshold : float
        Pairs overlap by more than this IoU; as many as can be are matched, one to one.

    Returns
    -------
    Estimate
        n = n1 + n2, without an interval (the two sets are not independent); NaN if both are
        empty.
    """
    a, b = as_circles(first), as_circles(second)
    near = iou(a, b) > threshold
    matched = int(near[linear_sum_assignment(near, maximize=True)].sum())
    n = len(a) + len(b)
    return Estimate(2 * matched / n if n else nan, n)


def turned_back(circles: ArrayLike, width: float) -> Array:
    """Circles found on ``numpy.rot90(image)`` in the coordinates of the image, `width` px wide."""
    x, y, radius = as_circles(circles).T
    return np.column_stack([width - y, x, radius])


@dataclass(frozen=True)
class Turned:
    """A detector that sees every image turned by 90 degrees; its circles are turned back.

    Attributes
    ----------
    detector : AnyDetector
    """

    detector: "AnyDetector"

    @property
    def mpp(self) -> float:
        """See `napari_ggs.detection.AnyDetector`."""
        return self.detector.mpp

    @property
    def input_px(self) -> int:
        """See `napari_ggs.detection.AnyDetector`."""
        return self.detector.input_px

    @property
    def max_radius_um(self) -> float:
        """See `napari_ggs.detection.AnyDetector`."""
        return self.detector.max_radius_um

    def detect(
        self, images: NDArray[np.uint8], threshold: float
    ) -> list[tuple[Array, NDArray[np.float64]]]:
        """Circles on the images as they are, found on the turned ones."""
        turned = np.ascontiguousarray(np.rot90(images, axes=(1, 2)))
        width = images.shape[2]
        return [
            (turned_back(circles, width), scores)
            for circles, scores in self.detector.detect(turned, threshold)
        ]


def pooled(slides: Sequence[Estimate]) -> Estimate:
    """Rotation consistency over several slides, with an interval over slides if it can be."""
    n = np.array([one.n for one in slides])
    agreeing = n * np.nan_to_num([one.value for one in slides])

    def share(drawn: NDArray[np.int64]) -> list[float]:
        total = drawn @ n
        return [drawn @ agreeing / total if total else nan]

    [found] = bootstrap(share, range(len(slides)), [int(n.sum())])
    return found
