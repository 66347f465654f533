"""Colour jitter and erasing stay within their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.training.classifier_recipe import PatchAugmentation
from napari_ggs.training.jitter import AREAS, erase, jittered, varied

OFF = PatchAugmentation(stain=0, tone=0, light=0, blur_px=0, noise=0, jpeg=(0, 0))


def image(size: int = 40) -> np.ndarray:
    pixels = np.full((size, size, 3), (200, 150, 180), np.uint8)
    pixels[:10] = (90, 40, 110)
    return pixels


def test_switched_off_nothing_changes() -> None:
    images = np.stack([image(), image()])
    np.testing.assert_array_equal(varied(images, np.random.default_rng(0), OFF), images)


def test_no_jitter_is_none() -> None:
    np.testing.assert_array_equal(jittered(image(), np.random.default_rng(0), 0.0), image())


@given(seed=st.integers(0, 300))
@settings(deadline=None)
def test_brightness_stays_within_its_share(seed: int) -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert 59 <= jittered(grey, np.random.default_rng(seed), 0.4).mean() <= 141


def test_brightness_contrast_and_saturation_all_vary() -> None:
    seen = [jittered(image(), np.random.default_rng(s), 0.4).astype(float) for s in range(60)]
    light = np.array([pixels.mean() for pixels in seen])
    contrast = np.array([pixels[20].mean() / pixels[0].mean() for pixels in seen])
    colour = np.array([np.ptp(pixels[20, 0]) / pixels[20, 0].mean() for pixels in seen])
    for values in (light, contrast, colour):
        assert values.std() / values.mean() > 0.1


@given(seed=st.integers(0, 300))
@settings(deadline=None)
def test_one_rectangle_is_erased(seed: int) -> None:
    pixels = np.zeros((60, 60, 3), np.uint8)
    erase(pixels, np.random.default_rng(seed))
    gone = pixels.any(axis=2)
    rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
    area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) / 3600
    assert gone.sum() / 3600 > 0.98 * area
    assert AREAS[0] * 0.5 < area <= AREAS[1]


def test_erasing_happens_as_often_as_it_says() -> None:
    settings = OFF.model_copy(update={"erasing": 0.5})
    images = np.zeros((200, 16, 16, 3), np.uint8)
    changed = varied(images, np.random.default_rng(0), settings).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(0.5, abs=0.1)
