"""Geometry of circles: overlap, suppression, fusion, matching. Arrays in, arrays out.

A set of circles is an array of shape (n, 3): x, y, radius in one unit (level-0 pixels
unless said otherwise).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


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


def nearest_around(circles: ArrayLike, x: float, y: float) -> int | None:
    """Index of the circle around a place whose centre is nearest to it; None if there is none."""
    xyr = as_circles(circles)
    distance = np.hypot(xyr[:, 0] - x, xyr[:, 1] - y)
    around = np.flatnonzero(distance <= xyr[:, 2])
    return int(around[distance[around].argmin()]) if len(around) else None


def inside(circles: ArrayLike, box: Box, margin: float = 0.0) -> NDArray[np.bool_]:
    """Circles that reach no more than `margin` of their radius out of a box."""
    left, top, right, bottom = box
    x, y, radius = as_circles(circles).T
    reach = radius * (1 - margin)
    kept = (x - reach >= left) & (y - reach >= top) & (x + reach <= right) & (y + reach <= bottom)
    return np.asarray(kept)


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
    rivals = _overlapping(array, threshold)
    fallen = np.zeros(len(array), dtype=bool)
    kept = []
    for i in score_order(array, scores).tolist():
        if not fallen[i]:
            kept.append(i)
            fallen[list(rivals.get(i, ()))] = True
    return np.asarray(kept, dtype=np.intp)


def _overlapping(circles: Array, threshold: float) -> dict[int, dict[int, float]]:
    """For each circle, those that it overlaps by more than `threshold`, and their IoU."""
    pairs = touching(circles)
    overlaps = paired_iou(circles[pairs[:, 0]], circles[pairs[:, 1]])
    over = overlaps > threshold
    found: dict[int, dict[int, float]] = {}
    for (i, j), overlap in zip(pairs[over].tolist(), overlaps[over].tolist(), strict=True):
        found.setdefault(i, {})[j] = overlap
        found.setdefault(j, {})[i] = overlap
    return found


class Fused(NamedTuple):
    """Circles that several detectors found, as one.

    Attributes
    ----------
    circles : ndarray, shape (k, 3)
    scores : ndarray, shape (k,)
        Falling.
    votes : ndarray of int, shape (k,)
        How many detectors found each.
    """

    circles: Array
    scores: Array
    votes: NDArray[np.intp]


def fuse(found: Sequence[tuple[ArrayLike, ArrayLike]], threshold: float = 0.5) -> Fused:
    """Weighted circle fusion: what several detectors found, each glomerulus once.

    From the best score down, a circle gathers from each other detector the circle that overlaps
    it most, if by more than `threshold`. x, y, radius and score of the group are their means,
    weighted by score (REFERENCE.md section 2). Nothing depends on the detectors' order.

    Parameters
    ----------
    found : sequence of (circles (n, 3), scores (n,))
        One pair for each detector; scores above 0.
    threshold : float
        IoU above which two circles are the same glomerulus.
    """
    sets = [as_circles(circles) for circles, _ in found]
    scores = np.concatenate([np.asarray(scores, dtype=np.float64) for _, scores in found])
    rows = np.column_stack([np.concatenate(sets), scores])
    owners = np.repeat(np.arange(len(sets)), [len(circles) for circles in sets])
    groups = _groups(rows, owners, threshold)
    means = [np.average(rows[group], axis=0, weights=scores[group]) for group in groups]
    fused = np.array(means).reshape(-1, 4)
    votes = np.array([len(group) for group in groups], dtype=np.intp)
    order = score_order(fused[:, :3], fused[:, 3])
    return Fused(fused[order, :3], fused[order, 3], votes[order])


def _groups(rows: Array, owners: NDArray[np.intp], threshold: float) -> list[list[int]]:
    """Indices of the circles (x, y, radius, score) of each glomerulus, at most one per owner."""
    near = _overlapping(rows[:, :3], threshold)
    order = score_order(rows[:, :3], rows[:, 3])
    rank = np.argsort(order)
    free = np.ones(len(rows), dtype=bool)
    groups = []
    for first in order.tolist():
        if free[first]:
            partners = _partners(
                near.get(first, {}), owners, rank, free & (owners != owners[first])
            )
            groups.append([first, *partners])
            free[groups[-1]] = False
    return groups


def _partners(
    overlaps: dict[int, float],
    owners: NDArray[np.intp],
    rank: NDArray[np.intp],
    allowed: NDArray[np.bool_],
) -> Iterable[int]:
    """Of each owner the allowed circle that overlaps most, the better ranked where two do."""
    best: dict[int, int] = {}
    for i in sorted(overlaps, key=lambda i: (overlaps[i], -rank[i])):
        if allowed[i]:
            best[int(owners[i])] = i
    return best.values()


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
