"""Rotation consistency: whether a detector finds the same circles on a turned image."""

from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from napari_ggs.circles import Array, as_circles, iou, nms
from napari_ggs.evaluation.estimates import Estimate

if TYPE_CHECKING:
    from napari_ggs.detection import Detector


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


def consistency_under_rotation(
    detector: "Detector", image: NDArray[np.uint8], score: float = 0.5
) -> Estimate:
    """Run a detector on an image as it is and turned by 90 degrees; compare what it finds.

    Parameters
    ----------
    detector : Detector
    image : ndarray of uint8, shape (h, w, 3)
        At the detector's own um/px.
    score : float
        Least detection score.
    """
    upright = _found(detector, image, score)
    turned = _found(detector, np.rot90(image), score)
    return rotation_consistency(upright, turned_back(turned, image.shape[1]))


def _found(detector: "Detector", image: NDArray[np.uint8], score: float) -> Array:
    [(circles, scores)] = detector.detect(image[None], score)
    return circles[nms(circles, scores)]
