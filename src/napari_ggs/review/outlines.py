"""Polygons on a slide: the convex hull of a mask, and how far points are from an outline."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from skimage.measure import points_in_poly

from napari_ggs.circles import Array

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in level-0 px, in order; the last one joins the first."""


def hull(mask: NDArray[np.bool_], corner: tuple[int, int], downsample: float) -> Polygon:
    """The convex hull of the pixels of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        With at least one pixel.
    corner : tuple of int
        Row and column of its top-left pixel on the slide, in mask px.
    downsample : float
        Level-0 px per mask px.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    ends = [(x, y) for x in (left, right) for y in (rows, rows + 1)]
    corners = np.concatenate([np.column_stack(end) for end in ends])
    around = corners[ConvexHull(corners).vertices] + corner[::-1]
    return tuple((float(x), float(y)) for x, y in around * downsample)


def signed_distance(points: Array, outline: Polygon) -> Array:
    """How far points lie outside of a polygon; negative inside.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        x, y.
    outline : Polygon

    Returns
    -------
    ndarray, shape (n,)
        Distance to the nearest point of the outline, in the unit of the points.
    """
    corners = np.array(outline, dtype=float)
    edges = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    nearest = np.min([_to_edge(points, start, end) for start, end in edges], axis=0)
    return np.where(points_in_poly(points, corners), -nearest, nearest)


def _to_edge(points: Array, start: Array, end: Array) -> Array:
    along = end - start
    length = along @ along
    place = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.asarray(np.hypot(*(points - start - place[:, None] * along).T))
