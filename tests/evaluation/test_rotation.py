from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs.detection import Detector, detect
from napari_ggs.evaluation import Estimate, Turned, pooled, rotation_consistency
from napari_ggs.evaluation.rotation import turned_back
from napari_ggs.slides import Slide

CIRCLES = [(10, 20, 5), (40, 20, 5), (70, 30, 6)]


def test_consistency_is_twice_the_matched_over_both_totals() -> None:
    other = [(10, 21, 5), (70, 31, 6), (200, 20, 5), (300, 20, 5)]
    found = rotation_consistency(CIRCLES, other)
    assert (found.value, found.n) == (pytest.approx(4 / 7), 7)
    assert rotation_consistency(other, CIRCLES) == found


def test_as_many_pairs_as_can_be_are_matched() -> None:
    between, left, right = (0, 0, 10), (-2, 0, 10), (4, 0, 10)
    # `between` fits both; `right` fits only `between`
    assert rotation_consistency([between, (-5, 0, 10)], [left, right]).value == 1


def test_nothing_on_both_sides_is_undefined() -> None:
    assert np.isnan(rotation_consistency([], []).value)
    assert rotation_consistency(CIRCLES, []).value == 0


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 29), st.integers(0, 29))
def test_a_pixel_of_a_turned_image_goes_back_to_its_place(width, height, x, y) -> None:
    x, y = x % width, y % height
    image = np.zeros((height, width))
    image[y, x] = 1
    [[row, column]] = np.argwhere(np.rot90(image))
    back = turned_back([(column + 0.5, row + 0.5, 1.0)], width)
    assert back.tolist() == [[x + 0.5, y + 0.5, 1.0]]


class Finder:
    """Finds one circle on each tile, where `place` says."""

    mpp, input_px, max_radius_um = 4.0, 256, 200.0

    def __init__(self, place: Callable[[NDArray[np.uint8]], tuple[float, float]]) -> None:
        self.place = place

    def detect(self, images: NDArray[np.uint8], threshold: float) -> list[tuple]:
        found = (np.array([[*self.place(image), 5.0]]) for image in images)
        return [(circles, np.array([threshold])) for circles in found]


def darkest(tile: NDArray[np.uint8]) -> tuple[float, float]:
    """The middle of the darkest pixels: it turns with the tile."""
    grey = tile.sum(axis=2, dtype=int)
    row, column = np.argwhere(grey == grey.min()).mean(axis=0) + 0.5
    return column, row


@pytest.mark.parametrize(("place", "agreement"), [(darkest, 1.0), (lambda _: (128.0, 110.0), 0.0)])
def test_on_a_slide_agrees_what_turns_with_the_tiles_and_nothing_else(
    kidney_slide: Slide, place: Callable, agreement: float
) -> None:
    finder = Finder(place)
    upright, turned = (
        np.concatenate([step.circles for step in detect(kidney_slide, seen, threshold=0.3)])
        for seen in (finder, Turned(finder))
    )
    found = rotation_consistency(upright, turned)
    assert found.n >= 4
    assert found.value == agreement


class Brightest(torch.nn.Module):
    """Finds the one white pixel of a black image, wherever it is."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, pixels: torch.Tensor) -> object:
        from napari_ggs.detection import Maps

        heat = torch.nn.functional.max_pool2d(pixels.mean(1, keepdim=True), 4)
        zero = torch.zeros_like(heat)
        return Maps(heat * 20 - 10, zero + 3, torch.cat([zero, zero], dim=1))


def test_a_detector_blind_to_direction_finds_the_same_on_turned_images() -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[8:12, 40:44] = 255
    detector = Detector(Brightest(), 4.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    [(upright, _)], [(turned, _)] = (
        seen.detect(image[None], 0.5) for seen in (detector, Turned(detector))
    )
    assert len(upright) == 1
    assert rotation_consistency(upright, turned).value == 1


def test_slides_count_by_their_circles_and_five_give_an_interval() -> None:
    few = [Estimate(1.0, 1), Estimate(0.5, 4), Estimate(np.nan, 0)]
    assert (pooled(few).value, pooled(few).n) == (pytest.approx(0.6), 5)
    assert not pooled(few).has_interval
    many = pooled([*few, Estimate(0.0, 2), Estimate(1.0, 9)])
    assert many.value == pytest.approx(0.75)
    assert 0 <= many.low < many.value < many.high <= 1
