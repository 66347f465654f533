"""Where the camera looks, in level-0 pixels of a slide."""

import math

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_ggs.circles import Array
from napari_ggs.store import Field
from napari_ggs.viewer.coordinates import region_in_view, to_points

FILLED = 0.96
"""Share of the canvas that a field takes up: its outline stays in sight."""


def show_field(viewer: ViewerModel, image: Image, field: Field) -> None:
    """Look at a field as closely as all of it can be seen."""
    (top, left), (bottom, right) = _corners(image, field)
    camera = viewer.scene.camera
    camera.center = (0.0, (top + bottom) / 2, (left + right) / 2)
    height, width = viewer.canvas.size
    zoom = FILLED * min(height / (bottom - top), width / (right - left))
    if math.isfinite(zoom) and zoom > 0:
        camera.zoom = zoom


def sees(viewer: ViewerModel, image: Image, field: Field) -> bool:
    """Whether the canvas shows some of a field."""
    x, y, width, height = region_in_view(viewer, image)
    across = x < field.x + field.width and field.x < x + width
    return across and y < field.y + field.height and field.y < y + height


def on_canvas(viewer: ViewerModel, image: Image, field: Field) -> Array:
    """Corners of a field on the canvas, shape (2, 2): top-left and bottom-right as row, column."""
    camera = viewer.scene.camera
    away = _corners(image, field) - np.array(camera.center[-2:])
    middle: Array = np.array(viewer.canvas.size) / 2
    return middle + away * camera.zoom


def _corners(image: Image, field: Field) -> Array:
    """Corners of a field in the world, shape (2, 2): top-left and bottom-right as row, column."""
    ends = [(field.x, field.y), (field.x + field.width, field.y + field.height)]
    return np.array([image.data_to_world(point)[-2:] for point in to_points(ends)])
