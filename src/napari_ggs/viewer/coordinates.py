"""Level-0 pixels and napari's coordinates: converted here and nowhere else.

Ours are x, y with (0, 0) at the top-left *corner* of the first pixel. napari's data coordinates
are row, column with (0, 0) at the *centre* of the first pixel, so (row, column) =
(y - .5, x - .5); a layer's scale (um per pixel) makes world coordinates of them.
"""

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from numpy.typing import ArrayLike

from napari_ggs.circles import Array
from napari_ggs.viewer.messages import Rectangle

HALF_PIXEL = 0.5


def to_points(xy: ArrayLike) -> Array:
    """Turn x, y in level-0 pixels into napari's row, column; both of shape (n, 2)."""
    return np.asarray(xy, dtype=float).reshape(-1, 2)[:, ::-1] - HALF_PIXEL


def from_points(points: ArrayLike) -> Array:
    """Turn napari's row, column into x, y in level-0 pixels; both of shape (n, 2)."""
    return np.asarray(points, dtype=float).reshape(-1, 2)[:, ::-1] + HALF_PIXEL


def region_around(points: ArrayLike) -> Rectangle:
    """The level-0 rectangle (x, y, width, height) that holds napari's points of shape (n, 2)."""
    xy = from_points(points)
    (x, y), (right, bottom) = xy.min(axis=0), xy.max(axis=0)
    return float(x), float(y), float(right - x), float(bottom - y)


def region_in_view(viewer: ViewerModel, image: Image) -> Rectangle:
    """The level-0 rectangle of a slide that the canvas shows."""
    height, width = viewer.canvas.size
    camera = viewer.scene.camera
    half = np.array([height, width]) / (2 * camera.zoom)
    centre = np.array(camera.center[-2:])
    return region_around([image.world_to_data(centre - half), image.world_to_data(centre + half)])
