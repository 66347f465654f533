"""Augmentation changes how tissue looks and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.training.augment import appearance, compress, defocus, restain, shading
from napari_ggs.training.recipe import Augmentation

NOTHING = Augmentation(stain=0, tone=0, light=0, blur_px=0, noise=0, jpeg=(0, 0))


def some_images(n: int = 4, size: int = 48) -> np.ndarray:
    """Smooth pink fields with a purple square."""
    images = np.full((n, size, size, 3), (225, 180, 210), np.uint8)
    images[:, 12:24, 12:24] = (110, 60, 140)
    return images


@given(seed=st.integers(0, 10**6), size=st.sampled_from([16, 33, 48]))
@settings(max_examples=20, deadline=None)
def test_shape_and_type_stay(seed: int, size: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (3, size, size, 3), np.uint8)
    varied = appearance(images, np.random.default_rng(seed), Augmentation())
    assert varied.shape == images.shape
    assert varied.dtype == np.uint8


def test_images_are_not_changed_in_place() -> None:
    images = some_images()
    appearance(images, np.random.default_rng(0), Augmentation())
    np.testing.assert_array_equal(images, some_images())


def test_switched_off_it_changes_nothing() -> None:
    images = some_images()
    varied = appearance(images, np.random.default_rng(0), NOTHING)
    assert np.abs(varied.astype(int) - images).max() <= 1


def test_each_image_has_its_own_draw() -> None:
    varied = appearance(some_images(2), np.random.default_rng(0), Augmentation())
    assert (varied[0] != varied[1]).any()


def test_the_seed_decides() -> None:
    first, again = (
        appearance(some_images(), np.random.default_rng(7), Augmentation()) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


def test_structure_stays_in_its_place() -> None:
    varied = appearance(some_images(20), np.random.default_rng(1), Augmentation())
    square, around = varied[:, 15:21, 15:21], varied[:, 30:45, 30:45]
    assert (square.mean((1, 2, 3)) < around.mean((1, 2, 3)) - 20).all()


def test_other_stain_keeps_white_glass_white() -> None:
    glass = np.full((8, 8, 3), 240, np.uint8)
    for seed in range(10):
        stained = restain(glass, np.random.default_rng(seed), 1.0)
        np.testing.assert_allclose(stained, 240 / 255, atol=1e-3)


def test_other_stain_changes_the_balance_of_the_stains() -> None:
    colours = [restain(some_images(1)[0], np.random.default_rng(s), 1.0)[15, 15] for s in range(20)]
    hue = np.array(colours) / np.sum(colours, axis=1, keepdims=True)
    assert hue.std(axis=0).max() > 0.01


@given(seed=st.integers(0, 1000))
def test_uneven_light_stays_within_its_limit(seed: int) -> None:
    light = shading((20, 30), np.random.default_rng(seed), 0.25)
    assert light.shape == (20, 30, 1)
    assert light.max() <= 1 + 0.25 * np.sqrt(2) / 2 + 1e-5
    assert light.min() >= 1 - 0.25 * (1 + np.sqrt(2) / 2) - 1e-5


def test_defocus_keeps_the_mean() -> None:
    pixels = some_images(1)[0].astype(np.float32) / 255
    for seed in range(6):
        blurred = defocus(pixels, np.random.default_rng(seed), 2.0)
        assert blurred.mean() == pytest.approx(pixels.mean(), rel=1e-3)


def test_jpeg_keeps_the_colours_in_order() -> None:
    image = some_images(1)[0]
    compressed = [compress(image, np.random.default_rng(s), (40, 95)) for s in range(8)]
    assert any((c != image).any() for c in compressed)
    assert all(np.abs(c.mean((0, 1)) - image.mean((0, 1))).max() < 4 for c in compressed)
