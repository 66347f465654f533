"""Geometry of circles: overlap, suppression, matching. Arrays in, arrays out.

A set of circles is an array of shape (n, 3): x, y, radius in one unit (level-0 pixels
unless said otherwise).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]


def as_circles(circles: ArrayLike) -> Array:
    """Return `circles` as a float array of shape (n, 3); an empty list becomes (0, 3)."""
    array = np.asarray(circles, dtype=np.float64)
    if array.size == 0:
        return array.reshape(0, 3)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"Circles have the shape (n, 3): x, y, radius. Found {array.shape}.")
    return array


def paired_iou(first: ArrayLike, second: ArrayLike) -> Array:
    """Intersection over union of each pair of circles, row by row.

    The intersection is the exact lens area (REFERENCE.md section 2; CircleNet, eqs. 5 to 8):
    ``r1^2 f(t1) + r2^2 f(t2)`` with ``f(t) = t - sin t cos t``.

    Parameters
    ----------
    first, second : array_like, shape (n, 3)
        x, y, radius. Radii are non-negative.

    Returns
    -------
    ndarray, shape (n,)
        Values in [0, 1]; two circles of radius 0 have an IoU of 0.
    """
    a, b = as_circles(first), as_circles(second)
    r1, r2 = a[:, 2], b[:, 2]
    lens = _lens_area(np.hypot(a[:, 0] - b[:, 0], a[:, 1] - b[:, 1]), r1, r2)
    union = np.pi * (r1**2 + r2**2) - lens
    return np.divide(lens, union, out=np.zeros_like(lens), where=union > 0)


def _lens_area(distance: Array, r1: Array, r2: Array) -> Array:
    small = np.minimum(r1, r2)
    area = np.where(distance <= np.abs(r1 - r2), np.pi * small**2, 0.0)
    crossing = (distance > np.abs(r1 - r2)) & (distance < r1 + r2) & (small > 0)
    d, p, q = distance[crossing], r1[crossing], r2[crossing]
    area[crossing] = _segment(d, p, q) + _segment(d, q, p)
    return np.clip(area, 0.0, np.pi * small**2)


def _segment(distance: Array, radius: Array, other: Array) -> Array:
    """Area of the circular segment that `radius` contributes to the lens."""
    cosine = (radius**2 + distance**2 - other**2) / (2 * radius * distance)
    t = np.arccos(np.clip(cosine, -1.0, 1.0))
    return radius**2 * (t - np.sin(t) * np.cos(t))


def iou(first: ArrayLike, second: ArrayLike) -> Array:
    """Intersection over union of every pair: shape (n, m) for n and m circles."""
    a, b = as_circles(first), as_circles(second)
    rows = np.repeat(a, len(b), axis=0)
    return paired_iou(rows, np.tile(b, (len(a), 1))).reshape(len(a), len(b))


def touching(circles: ArrayLike) -> NDArray[np.intp]:
    """Index pairs (i < j) of circles whose discs may overlap, shape (k, 2).

    Found with a k-d tree within twice the largest radius, then kept if the discs meet, so the
    cost grows with the number of neighbours and not with n^2.
    """
    array = as_circles(circles)
    if len(array) < 2:
        return np.empty((0, 2), dtype=np.intp)
    pairs = cKDTree(array[:, :2]).query_pairs(2 * array[:, 2].max(), output_type="ndarray")
    a, b = array[pairs[:, 0]], array[pairs[:, 1]]
    meet = np.hypot(*(a[:, :2] - b[:, :2]).T) < a[:, 2] + b[:, 2]
    kept: NDArray[np.intp] = pairs[meet]
    return kept


def score_order(circles: ArrayLike, scores: ArrayLike) -> NDArray[np.intp]:
    """Indices by falling score; ties by y, x, radius, so that the order never depends on input."""
    array = as_circles(circles)
    return np.lexsort((array[:, 2], array[:, 0], array[:, 1], -np.asarray(scores, dtype=float)))


def nms(circles: ArrayLike, scores: ArrayLike, threshold: float = 0.35) -> NDArray[np.intp]:
    """Greedy non-maximum suppression by circle IoU.

    Parameters
    ----------
    circles : array_like, shape (n, 3)
    scores : array_like, shape (n,)
    threshold : float
        A circle falls if its IoU with a kept one of a higher score exceeds this. CircleNet's
        authors merge tiles at 0.35.

    Returns
    -------
    ndarray of int
        Indices of the kept circles by falling score.
    """
    array = as_circles(circles)
    pairs = touching(array)
    over = pairs[paired_iou(array[pairs[:, 0]], array[pairs[:, 1]]) > threshold]
    rivals: dict[int, list[int]] = {}
    for i, j in over.tolist():
        rivals.setdefault(i, []).append(j)
        rivals.setdefault(j, []).append(i)
    fallen = np.zeros(len(array), dtype=bool)
    kept = []
    for i in score_order(array, scores).tolist():
        if not fallen[i]:
            kept.append(i)
            fallen[rivals.get(i, [])] = True
    return np.asarray(kept, dtype=np.intp)


def match(
    found: ArrayLike, truth: ArrayLike, scores: ArrayLike, threshold: float = 0.5
) -> NDArray[np.intp]:
    """Match found circles to true ones, best score first, one to one.

    Returns
    -------
    ndarray of int, shape (len(found),)
        Index of the matched true circle (IoU >= `threshold`, the best still free), or -1.
    """
    overlap = iou(found, truth)
    matched = np.full(len(overlap), -1, dtype=np.intp)
    for i in score_order(found, scores).tolist():
        if overlap.shape[1] and overlap[i].max() >= threshold:
            matched[i] = overlap[i].argmax()
            overlap[:, matched[i]] = -1.0
    return matched
