"""Patches show the crop with room around it; what the network sees is cut out of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from napari_ggs.circles import as_circles
from napari_ggs.training.cutting import cut, free_circles, window_of
from napari_ggs.training.moving import crops_of, moved_crops
from napari_ggs.training.patches import PATCH_PX, PatchSet
from napari_ggs.training.recipe import Augmentation

MPP, CIRCLE = 0.5, (500.3, 420.8, 150.0)


@pytest.fixture(scope="module")
def disc() -> np.ndarray:
    """A dark disc on pink, 0.5 um/px."""
    y, x = np.mgrid[:900, :1000] + 0.5
    inside = np.hypot(x - CIRCLE[0], y - CIRCLE[1]) < CIRCLE[2]
    return np.where(inside[..., None], (120, 30, 90), (230, 210, 225)).astype(np.uint8)


@pytest.fixture(scope="module")
def patches(disc: np.ndarray) -> PatchSet:
    return PatchSet.of([cut(window_of(disc), CIRCLE, MPP)] * 8, ["normal"] * 8, "patient")


def radius_um(crop: np.ndarray) -> float:
    side_um = 2 * CIRCLE[2] * MPP + 25
    return float(np.sqrt((crop[..., 1] < 120).sum() / np.pi) * side_um / len(crop))


@pytest.mark.parametrize("size", [64, 128, 192])
def test_the_crop_is_centred_and_has_the_classifier_s_margin(patches: PatchSet, size: int) -> None:
    crop = crops_of(patches, size)[0]
    assert crop.shape == (size, size, 3)
    middle = (size - 1) / 2
    assert center_of_mass(crop[..., 1] < 120) == pytest.approx((middle, middle), abs=0.6)
    assert radius_um(crop) == pytest.approx(CIRCLE[2] * MPP, rel=0.02)


def test_moved_crops_stay_within_the_settings(patches: PatchSet) -> None:
    settings = Augmentation(zoom=(0.8, 1.25), shift=0.1)
    moved = moved_crops(patches, 128, np.random.default_rng(0), settings)
    radii = np.array([radius_um(crop) for crop in moved]) / (CIRCLE[2] * MPP)
    assert radii.min() > 0.78
    assert radii.max() < 1.28
    assert radii.std() > 0.03
    centres = np.array([center_of_mass(crop[..., 1] < 120) for crop in moved])
    assert np.abs(centres - 63.5).max() < 0.1 * 64 * 1.25 + 1


def test_moving_follows_the_seed(patches: PatchSet) -> None:
    one, again = (moved_crops(patches, 64, np.random.default_rng(3), Augmentation()) for _ in "ab")
    np.testing.assert_array_equal(one, again)


def test_beyond_the_image_it_is_white(disc: np.ndarray) -> None:
    assert (window_of(disc)(-50, -50, 60, 60)[:50] == 255).all()
    assert (window_of(disc)(5000, 0, 10, 10) == 255).all()


def test_free_circles_keep_clear_of_glomeruli_and_of_the_edge() -> None:
    taken = as_circles([(1000, 1000, 200), (2500, 800, 150)])
    free = free_circles(np.random.default_rng(0), (4000, 2000), taken, MPP, 200)
    assert len(free) > 100
    apart = np.hypot(free[:, None, 0] - taken[:, 0], free[:, None, 1] - taken[:, 1])
    assert (apart > taken[:, 2] + 0.7 * free[:, 2:]).all()
    reach = free[:, 2] + 12.5 / MPP
    assert (free[:, 0] >= reach).all()
    assert (free[:, 1] <= 2000 - reach).all()


def test_patches_are_kept_as_they_are(patches: PatchSet, tmp_path: Path) -> None:
    patches.save(tmp_path / "patches.npz")
    kept = PatchSet.load(tmp_path / "patches.npz")
    for name, value in vars(patches).items():
        np.testing.assert_array_equal(getattr(kept, name), value)


def test_joining_and_choosing_keep_rows_together(patches: PatchSet) -> None:
    other = PatchSet.of([np.zeros((PATCH_PX, PATCH_PX, 3), np.uint8)], ["solidified"], "another")
    both = PatchSet.joined([patches, other])
    chosen = both.where(both.labels == "solidified")
    assert chosen.patients.tolist() == ["another"]
    assert chosen.images.max() == 0
