"""Level-0 pixels and napari's coordinates agree to the half pixel."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from napari.components import ViewerModel
from napari.layers import Image

from napari_ggs.viewer.coordinates import from_points, region_around, region_in_view, to_points

XY = arrays(float, st.tuples(st.integers(1, 5), st.just(2)), elements=st.floats(-1e6, 1e6))


def test_the_centre_of_the_first_pixel_is_napari_s_origin() -> None:
    assert to_points([[0.5, 0.5]]).tolist() == [[0.0, 0.0]]
    assert to_points([[10.0, 3.0]]).tolist() == [[2.5, 9.5]]


@given(xy=XY)
def test_there_and_back(xy: np.ndarray) -> None:
    np.testing.assert_allclose(from_points(to_points(xy)), xy, atol=1e-9)


@given(xy=XY)
def test_a_region_holds_its_corners(xy: np.ndarray) -> None:
    x, y, width, height = region_around(to_points(xy))
    np.testing.assert_allclose([x, y], xy.min(axis=0), atol=1e-9)
    np.testing.assert_allclose([x + width, y + height], xy.max(axis=0), atol=1e-6)


def test_the_view_is_a_rectangle_of_level_0_pixels(viewer: ViewerModel, image: Image) -> None:
    viewer.canvas.size = (400, 600)
    viewer.scene.camera.center = (0, 300, 500)
    viewer.scene.camera.zoom = 2.0
    mpp = image.metadata["slide"].mpp
    x, y, width, height = region_in_view(viewer, image)
    np.testing.assert_allclose([width, height], [300 / mpp, 200 / mpp])
    centre = [x + width / 2, y + height / 2]
    np.testing.assert_allclose(centre, [500 / mpp + 0.5, 300 / mpp + 0.5])
