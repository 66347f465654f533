"""Shapes to circles: the circle of equal area at the centroid.

The rule of every truth circle (REFERENCE.md section 5). The smallest enclosing circle, which
section 6 names for QuPath outlines and CircleNet's own converter takes, is 25 to 30 % larger on
real glomeruli, enough to push the IoU with an equal-area circle below .5, so it is used nowhere.

Points are an array of shape (n, 2): x, y in px, (0, 0) being a corner of the first pixel. A shape
without an area (a point, a line, an outline that was never drawn) has no circle: None.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Circle = tuple[float, float, float]
"""x, y, radius."""

Size = tuple[float, float]
"""Width and height of an annotated image in px."""

VERTICES = 64
"""Of the polygon that stands for a circle in formats that have none."""


def ring(x: float, y: float, radius: float) -> NDArray[np.float64]:
    """The regular polygon of a circle's area and centre, not closed, shape (`VERTICES`, 2)."""
    step = 2 * np.pi / VERTICES
    turn, reach = np.arange(VERTICES) * step, radius * np.sqrt(step / np.sin(step))
    return np.column_stack([x + reach * np.cos(turn), y + reach * np.sin(turn)])


def disc(area: float, x: float, y: float) -> Circle | None:
    """The circle of an area at a centroid.

    Raises
    ------
    ValueError
        If the area is no number, as where a coordinate is missing.
    """
    if not np.isfinite(area):
        raise ValueError(f"a shape has an area of {area}: a coordinate is missing or no number")
    return (x, y, float(np.sqrt(area / np.pi))) if area > 0 else None


def polygon(outer: Iterable[ArrayLike], holes: Iterable[ArrayLike] = ()) -> Circle | None:
    """Of the outlines of one object, less its holes; closed or not, either way round.

    Raises
    ------
    ValueError
        If the points are no pairs of finite numbers.
    """
    moments = sum((_moments(ring) for ring in outer), np.zeros(3))
    area, x, y = moments - sum((_moments(ring) for ring in holes), np.zeros(3))
    return disc(area, x / area, y / area) if area else None


def _moments(ring: ArrayLike) -> NDArray[np.float64]:
    """Area, and area times x and y of the centroid, of one outline (the shoelace formula)."""
    points = np.asarray(ring, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] < 2:
        raise ValueError(f"an outline is a list of x, y; found the shape {points.shape}")
    origin = points[0, :2]  # far from (0, 0) the differences of products would lose digits
    x, y = (points[:, :2] - origin).T
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * after_y - after_x * y
    area = cross.sum() / 2
    centre = np.array([((x + after_x) * cross).sum(), ((y + after_y) * cross).sum()]) / 6
    first = np.concatenate([[area], centre + area * origin])
    return first if area > 0 else -first


def box(x: float, y: float, width: float, height: float) -> Circle | None:
    """Of a rectangle: its own area, not that of the ellipse within."""
    return disc(abs(width * height), x + width / 2, y + height / 2)


def ellipse(points: ArrayLike) -> Circle | None:
    """Of the ellipse whose bounding box has these corners (or just contains these points)."""
    array = np.asarray(points, dtype=np.float64)[:, :2]
    low, high = array.min(axis=0), array.max(axis=0)
    x, y = (low + high) / 2
    width, height = high - low
    return disc(float(np.pi * width * height / 4), float(x), float(y))


def mask(pixels: NDArray[np.bool_]) -> Circle | None:
    """Of the pixels that are set, shape (h, w)."""
    rows, columns = np.nonzero(pixels)
    if not len(rows):
        return None
    return disc(len(rows), float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)
