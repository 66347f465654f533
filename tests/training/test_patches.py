"""Patches show the crop with room around it; what the network sees is cut out of them."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from napari_ggs.circles import as_circles
from napari_ggs.training.classifier_recipe import PatchAugmentation
from napari_ggs.training.cutting import cut, free_circles, window_of
from napari_ggs.training.moving import crops_of, moved_crops
from napari_ggs.training.patches import PATCH_PX, PatchSet

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
    settings = PatchAugmentation(zoom=(0.8, 1.25), shift=0.1)
    moved = moved_crops(patches, 128, np.random.default_rng(0), settings)
    radii = np.array([radius_um(crop) for crop in moved]) / (CIRCLE[2] * MPP)
    assert radii.min() > 0.78
    assert radii.max() < 1.28
    assert radii.std() > 0.03
    centres = np.array([center_of_mass(crop[..., 1] < 120) for crop in moved])
    assert np.abs(centres - 63.5).max() < 0.1 * 64 * 1.25 + 1


def test_joined_sets_keep_their_order_and_pixels() -> None:
    rng = np.random.default_rng(0)
    whole = [
        PatchSet.of(list(rng.integers(0, 256, (n, 40, 40, 3), np.uint8)), ["normal"] * n, name)
        for n, name in ((3, "a"), (2, "b"))
    ]
    joined = PatchSet.joined([whole[0].where(np.array([2, 0])), whole[1]])
    assert joined.names.tolist() == ["a/3", "a/1", "b/1", "b/2"]
    expected = np.concatenate([whole[0].pixels[[2, 0]], whole[1].pixels])
    np.testing.assert_array_equal(joined.images, expected)
    assert len(PatchSet.joined([PatchSet.of([], [], "")] * 2)) == 0


STILL = PatchAugmentation(zoom=(1.0, 1.0), shift=0, turn=0)


def arrow() -> PatchSet:
    """A dark corner at the top left, once for each of 40 patches of which all is shown."""
    image = np.full((96, 96, 3), 220, np.uint8)
    image[:24, :24] = 20
    return PatchSet.of([image] * 40, ["normal"] * 40, "patient", context=1.0)


def test_without_turning_crops_are_only_mirrored_both_ways() -> None:
    crops = moved_crops(arrow(), 48, np.random.default_rng(0), STILL)
    dark = [tuple(np.argwhere(crop[..., 0] < 100).mean(axis=0) > 24) for crop in crops]
    assert set(dark) == {(False, False), (False, True), (True, False), (True, True)}
    assert all((crop[..., 0] < 100).sum() == 12 * 12 for crop in crops)


def test_turns_stay_within_the_largest() -> None:
    settings = STILL.model_copy(update={"turn": 30.0})
    crops = moved_crops(arrow(), 48, np.random.default_rng(0), settings)
    centres = np.abs([center_of_mass(crop[..., 0] < 100) - np.array(23.5) for crop in crops])
    angles = np.rad2deg(np.arctan2(centres[:, 0], centres[:, 1])) - 45
    assert 15 < np.abs(angles).max() < 31


def test_what_is_cut_off_at_the_edges_is_at_most_the_share(patches: PatchSet) -> None:
    settings = STILL.model_copy(update={"crop": 1 / 16})
    many = patches.where(np.arange(40) % 8)
    crops = moved_crops(many, 128, np.random.default_rng(0), settings)
    spans = np.array([span for crop in crops for span in spans_um(crop)]) / (2 * CIRCLE[2] * MPP)
    assert spans.min() > 0.97
    assert 1.08 < spans.max() < 1 / (1 - 2 / 16) + 0.03


def test_random_resized_crops_keep_their_share_of_the_area(patches: PatchSet) -> None:
    settings = STILL.model_copy(update={"resized_crop": 0.5})
    many = patches.where(np.arange(60) % 8)
    crops = moved_crops(many, 96, np.random.default_rng(0), settings)
    shown = np.array([(2 * CIRCLE[2] * MPP) ** 2 / np.prod(spans_um(crop)) for crop in crops])
    dark, ends = crops[..., 1] < 120, [0, -1]
    inside = ~(dark[:, ends].any(axis=(1, 2)) | dark[:, :, ends].any(axis=(1, 2)))
    assert inside.sum() > 3
    assert shown[inside].min() > 0.45
    assert shown[inside].max() < 1.05


def spans_um(crop: np.ndarray) -> tuple[float, float]:
    """Height and width of the disc, were the crop as wide as it is without moving."""
    side_um = 2 * CIRCLE[2] * MPP + 25
    dark = crop[..., 1] < 120
    return tuple(float(dark.any(axis=i).sum()) * side_um / len(crop) for i in (1, 0))


def test_moving_follows_the_seed(patches: PatchSet) -> None:
    one, again = (
        moved_crops(patches, 64, np.random.default_rng(3), PatchAugmentation()) for _ in "ab"
    )
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
    for name in ("images", "labels", "patients", "context", "repeats", "names"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(patches, name))


def test_a_part_shares_the_pixels_of_the_whole(patches: PatchSet) -> None:
    part = patches.where(np.array([5, 2]))
    assert part.pixels is patches.pixels
    assert part.names.tolist() == ["patient/6", "patient/3"]
    np.testing.assert_array_equal(part.images, patches.images[[5, 2]])


def test_joining_and_choosing_keep_rows_together(patches: PatchSet) -> None:
    other = PatchSet.of([np.zeros((PATCH_PX, PATCH_PX, 3), np.uint8)], ["solidified"], "another")
    both = PatchSet.joined([patches, other])
    chosen = both.where(both.labels == "solidified")
    assert chosen.patients.tolist() == ["another"]
    assert chosen.images.max() == 0
