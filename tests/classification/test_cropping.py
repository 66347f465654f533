"""Crops are centred on the circle, scale with it, and do not depend on the slide's resolution."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import center_of_mass

from napari_ggs.classification import crop, crops
from napari_ggs.slides import Slide, SlideError, open_slide

CENTRE_UM, RADIUS_UM = (301.3, 248.9), 80.0


def disc_slide(folder: Path, mpp: float, size_um: float = 600) -> Slide:
    """A slide with one dark disc."""
    n = round(size_um / mpp)
    y, x = (np.mgrid[:n, :n] + 0.5) * mpp
    inside = np.hypot(x - CENTRE_UM[0], y - CENTRE_UM[1]) < RADIUS_UM
    image = np.where(inside[..., None], (120, 30, 90), (230, 210, 225)).astype(np.uint8)
    path = folder / f"disc_{mpp}.tif"
    tifffile.imwrite(path, image, tile=(256, 256), photometric="rgb")
    return open_slide(path, mpp=mpp)


def disc_circle(slide: Slide) -> np.ndarray:
    return np.array([*CENTRE_UM, RADIUS_UM]) / slide.require_mpp()


@pytest.mark.parametrize("mpp", [0.25, 0.5, 2.0])
def test_the_circle_is_in_the_middle_at_the_right_scale(tmp_path: Path, mpp: float) -> None:
    with disc_slide(tmp_path, mpp) as slide:
        dark = crop(slide, disc_circle(slide), margin_um=12.5, input_px=256)[..., 1] < 120
    row, column = center_of_mass(dark)
    assert (row, column) == pytest.approx((127.5, 127.5), abs=0.6)
    radius_px = np.sqrt(dark.sum() / np.pi)
    assert radius_px * (2 * RADIUS_UM + 25) / 256 == pytest.approx(RADIUS_UM, rel=0.01)


def test_two_resolutions_give_the_same_crop(tmp_path: Path) -> None:
    with disc_slide(tmp_path, 0.25) as fine, disc_slide(tmp_path, 0.5) as coarse:
        a, b = (crop(s, disc_circle(s), 12.5, 128).astype(int) for s in (fine, coarse))
    assert np.abs(a - b).mean() < 1


def test_beyond_the_slide_it_is_white(tmp_path: Path) -> None:
    with disc_slide(tmp_path, 2.0) as slide:
        patch = crop(slide, (0.0, 0.0, 20.0), margin_um=0, input_px=64)
    assert (patch[:30] == 255).all()
    assert (patch[34:, 34:] < 255).all()


def test_many_crops_are_each_one(tmp_path: Path) -> None:
    circles = [(100, 100, 20), (150, 120, 30)]
    with disc_slide(tmp_path, 2.0) as slide:
        many = crops(slide, circles, 12.5, 32)
        each = [crop(slide, circle, 12.5, 32) for circle in circles]
    np.testing.assert_array_equal(many, each)


def test_a_slide_without_microns_per_pixel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, np.full((300, 300, 3), 200, np.uint8), photometric="rgb")
    with open_slide(path) as slide, pytest.raises(SlideError, match="microns per pixel"):
        crop(slide, (100, 100, 50), 12.5, 64)
