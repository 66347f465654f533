"""Placement and area average of reads, against independent arithmetic."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs.slides import open_slide, resample
from napari_ggs.slides.grid import Grid, Scale, scale_between
from napari_ggs.slides.resample import best_level

from .conftest import HALF_MICRON, picture


class Levels:
    """Levels held in memory."""

    def __init__(self, *levels: NDArray[np.uint8]) -> None:
        self.levels = levels
        base = levels[0].shape[1], levels[0].shape[0]
        self.canvas = base
        sizes = [(level.shape[1], level.shape[0]) for level in levels]
        self.grids = tuple(Grid(*size, 64, 64, scale_between(base, size)) for size in sizes)

    def region(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        padded = np.pad(
            self.levels[level], ((1000, 1000), (1000, 1000), (0, 0)), constant_values=255
        )
        return padded[y + 1000 : y + 1000 + height, x + 1000 : x + 1000 + width]


def integral_average(
    image: NDArray[np.uint8], x: float, y: float, width: int, height: int, step: float
) -> NDArray[np.float64]:
    """Mean over every output pixel, exactly, from integrals of the image on a white plane."""
    plane = np.pad(image, ((300, 300), (300, 300), (0, 0)), constant_values=255).astype(float)

    def means(values: NDArray[np.float64], start: float, count: int) -> NDArray[np.float64]:
        edges = 300 + start + step * np.arange(count + 1)
        whole = np.floor(edges).astype(int)
        below = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])[whole]
        rest = (edges - whole)[:, None, None] * values[whole]
        return np.diff(below + rest, axis=0) / step

    rows = means(plane, y, height)
    return means(rows.transpose(1, 0, 2), x, width).transpose(1, 0, 2)


corners = st.floats(-20, 100, allow_nan=False)
steps = st.floats(1, 9, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(corners, corners, steps, st.integers(1, 12), st.integers(1, 12))
def test_a_read_is_the_average_over_each_output_pixel(
    x: float, y: float, step: float, width: int, height: int
) -> None:
    image = picture(90, 70)
    found = resample.resample(Levels(image), 0, (x, y), Scale(step, step), (width, height))
    expected = integral_average(image, x, y, width, height, step)
    assert np.abs(found - expected).max() <= 0.501


def ramp(width: int, height: int, reduced: float = 1.0) -> NDArray[np.uint8]:
    """Red grows by 2 grey levels a level-0 px to the right, green downwards; blue is 0."""
    x, y = (2 * reduced * (np.arange(n) + 0.5) for n in (width, height))
    red, green = np.meshgrid(x, y)
    return np.rint(np.stack([red, green, np.zeros_like(red)], axis=-1)).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.floats(4, 50), st.floats(4, 50), st.floats(0.15, 6))
def test_places_are_right_to_a_quarter_of_a_pixel(x: float, y: float, step: float) -> None:
    found = resample.resample(Levels(ramp(120, 110)), 0, (x, y), Scale(step, step), (7, 6))
    centres_x = x + step * (np.arange(7) + 0.5)
    centres_y = y + step * (np.arange(6) + 0.5)
    np.testing.assert_allclose(found[0, :, 0], 2 * centres_x, atol=1.01)
    np.testing.assert_allclose(found[:, 0, 1], 2 * centres_y, atol=1.01)
    assert (found[..., 2] == 0).all()


@pytest.mark.parametrize(
    ("factor", "size"), [(2.0, (59, 54)), (2.5, (48, 44)), (3.3, (36, 33)), (4.0, (30, 27))]
)
@pytest.mark.parametrize("step", [4.0, 5.3])
def test_places_are_right_whatever_the_downsample(
    factor: float, size: tuple[int, int], step: float
) -> None:
    base = ramp(119, 109)
    exact = scale_between((119, 109), size)
    x = 2 * exact.x * (np.arange(size[0]) + 0.5)
    y = 2 * exact.y * (np.arange(size[1]) + 0.5)
    red, green = np.meshgrid(x, y)
    coarse = np.rint(np.stack([red, green, 0 * red], axis=-1)).astype(np.uint8)
    source = Levels(base, coarse)
    assert source.grids[1].scale.mean == pytest.approx(factor, rel=0.02)
    assert best_level(source.grids, step) == 1
    found = resample.resample(source, 1, (5.7, 9.1), Scale(step, step), (12, 10))
    # half a pixel of level 0 is one grey level; rounding twice adds one
    np.testing.assert_allclose(found[0, :, 0], 2 * (5.7 + step * (np.arange(12) + 0.5)), atol=1.01)
    np.testing.assert_allclose(found[:, 0, 1], 2 * (9.1 + step * (np.arange(10) + 0.5)), atol=1.01)


def test_an_aligned_read_is_the_level_itself() -> None:
    image = picture(90, 70)
    found = resample.resample(Levels(image), 0, (13, 9), Scale(1, 1), (30, 20))
    np.testing.assert_array_equal(found, image[9:29, 13:43])


def test_outside_the_canvas_is_white_at_every_resolution() -> None:
    source = Levels(np.zeros((50, 60, 3), dtype=np.uint8))
    for step in (0.4, 1.0, 3.7):
        scale = Scale(step, step)
        for corner in [(-200.0, 10.0), (10.0, -200.0), (60.0, 0.0), (0.0, 50.0), (900.0, 900.0)]:
            assert (resample.resample(source, 0, corner, scale, (5, 4)) == 255).all()
        inside = resample.resample(source, 0, (20.0, 20.0), scale, (4, 3))
        assert (inside == 0).all()


def test_a_pixel_half_outside_is_half_white() -> None:
    source = Levels(np.zeros((50, 60, 3), dtype=np.uint8))
    found = resample.resample(source, 0, (-2.0, 8.0), Scale(4.0, 4.0), (2, 1))
    assert found[0, :, 0].tolist() == [128, 0]


def test_the_last_pixel_of_a_level_reaches_to_the_edge_of_the_canvas() -> None:
    source = Levels(np.full((51, 61, 3), 80, np.uint8), np.full((25, 30, 3), 80, np.uint8))
    found = resample.resample(source, 1, (55.0, 45.0), Scale(3.0, 3.0), (2, 2))
    assert (found == 80).all()


def test_swapping_is_transposing() -> None:
    pixels = picture(31, 17)
    np.testing.assert_array_equal(resample.swapped(pixels), pixels.transpose(1, 0, 2))
    light = pixels.astype(np.float32)
    np.testing.assert_array_equal(resample.swapped(light), light.transpose(1, 0, 2))


def test_strips_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Levels(picture(90, 70))
    whole = resample.resample(source, 0, (3.3, 1.7), Scale(1.9, 1.9), (40, 30))
    monkeypatch.setattr(resample, "STRIP_PIXELS", 200)
    np.testing.assert_array_equal(
        resample.resample(source, 0, (3.3, 1.7), Scale(1.9, 1.9), (40, 30)), whole
    )


def test_a_read_takes_the_nearest_finer_level(make_tiff: Callable[..., Path]) -> None:
    levels = [np.full((256 // n, 256 // n, 3), 10 * n, np.uint8) for n in (1, 2, 4)]
    with open_slide(make_tiff(levels, **HALF_MICRON)) as slide:
        seen = {mpp: int(slide.read(20, 20, 8, 8, mpp=mpp)[0, 0, 0]) for mpp in (0.2, 0.9, 1, 1.9)}
        assert seen == {0.2: 10, 0.9: 10, 1: 20, 1.9: 20}
        assert slide.read(20, 20, 8, 8, mpp=2)[0, 0, 0] == 40
