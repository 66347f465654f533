"""Shapes become circles of their area at their centroid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.exchange import shapes

FAR = st.floats(-1e5, 1e5)
TURNS = np.linspace(0, 2 * np.pi, 200, endpoint=False)


@given(x=FAR, y=FAR, width=st.floats(1, 1e4), height=st.floats(1, 1e4), start=st.integers(0, 3))
def test_a_rectangle_is_the_same_as_a_box_and_as_an_outline(x, y, width, height, start) -> None:
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    boxed = shapes.box(x, y, width, height)
    assert boxed == pytest.approx((x + width / 2, y + height / 2, np.sqrt(width * height / np.pi)))
    for outline in (np.roll(corners, start, axis=0), corners[::-1], [*corners, corners[0]]):
        assert shapes.polygon([outline]) == pytest.approx(boxed, rel=1e-9, abs=1e-6)


@given(x=FAR, y=FAR, a=st.floats(5, 1e3), b=st.floats(5, 1e3))
@settings(max_examples=50)
def test_an_ellipse_and_its_outline_are_the_same_circle(x, y, a, b) -> None:
    outline = np.column_stack([x + a * np.cos(TURNS), y + b * np.sin(TURNS)])
    found = shapes.ellipse([[x - a, y - b], [x + a, y + b]])
    assert found == pytest.approx((x, y, np.sqrt(a * b)), rel=1e-9)
    assert shapes.polygon([outline]) == pytest.approx(found, rel=1e-3, abs=1e-3 * max(a, b))


def test_holes_and_parts_count() -> None:
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]])
    hole = square / 2
    x, y, radius = shapes.polygon([square], [hole])
    assert np.pi * radius**2 == pytest.approx(75)
    assert (x, y) == pytest.approx(((500 - 62.5) / 75, (500 - 62.5) / 75))
    assert shapes.polygon([square, square + 20])[:2] == pytest.approx((15, 15))


def test_a_mask_is_measured_at_the_centres_of_its_pixels() -> None:
    mask = np.zeros((20, 30), dtype=bool)
    mask[2:6, 10:18] = True
    assert shapes.mask(mask) == pytest.approx(shapes.box(10, 2, 8, 4))


def test_a_coordinate_that_is_no_number_is_a_fault_and_not_a_missing_shape() -> None:
    nan = float("nan")
    for shape in (
        lambda: shapes.polygon([[[0, 0], [9, nan], [9, 9]]]),
        lambda: shapes.ellipse([[0, nan], [9, 9]]),
        lambda: shapes.box(0, 0, nan, 4),
    ):
        with pytest.raises(ValueError, match="a coordinate is missing or no number"):
            shape()


@given(x=FAR, y=FAR, radius=st.floats(5, 1e4))
def test_a_ring_has_the_area_and_the_centre_of_its_circle(x, y, radius) -> None:
    points = shapes.ring(x, y, radius)
    assert points.shape == (shapes.VERTICES, 2)
    assert shapes.polygon([points]) == pytest.approx((x, y, radius), rel=1e-9, abs=1e-6)


def test_what_has_no_area_is_no_circle() -> None:
    assert shapes.polygon([[[5, 5], [9, 9]]]) is None
    assert shapes.box(1, 1, 0, 5) is None
    assert shapes.mask(np.zeros((4, 4), dtype=bool)) is None
