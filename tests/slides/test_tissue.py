"""Where tissue is found, and where not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_ggs.slides import Slide, open_slide

from .conftest import overwrite, write_tiff

Pixels = NDArray[np.uint8]
TWO_MICRONS = {"resolution": (5000.0, 5000.0), "resolutionunit": "CENTIMETER"}
PALE_PAS = (238, 222, 234)
PINK = (205, 150, 190)


def glass(width: int, height: int, colour: tuple[int, int, int] = (244, 244, 243)) -> Pixels:
    """Empty glass with the noise of a camera."""
    noise = np.random.default_rng(3).normal(0, 2, (height, width, 3))
    return np.clip(np.rint(np.array(colour) + noise), 0, 255).astype(np.uint8)


def with_disc(
    pixels: Pixels, x: int, y: int, radius: int, colour: tuple[int, int, int] = PINK
) -> Pixels:
    """Draw a grainy disc."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    inside = np.hypot(columns + 0.5 - x, rows + 0.5 - y) < radius
    grain = np.random.default_rng(4).normal(0, 6, (int(inside.sum()), 3))
    pixels[inside] = np.clip(np.array(colour) + grain, 0, 255)
    return pixels


@pytest.fixture
def slide_of(tmp_path: Path) -> Callable[..., Slide]:
    def make(pixels: Pixels, mpp: bool = True) -> Slide:
        scale = TWO_MICRONS if mpp else {}
        return open_slide(write_tiff(tmp_path / "slide.tif", [pixels], tile=(256, 256), **scale))

    return make


@pytest.mark.parametrize(
    "colour",
    [
        (255, 255, 255),
        (244, 244, 243),
        (243, 243, 243),
        (236, 232, 224),
        (222, 224, 230),
        (236, 230, 212),
    ],
)
def test_empty_glass_has_no_tissue(
    slide_of: Callable[..., Slide], colour: tuple[int, int, int]
) -> None:
    tissue = slide_of(glass(375, 250, colour)).tissue()
    assert not tissue.mask.any()
    assert tissue.area_mm2 == 0
    assert not tissue.covers(0, 0, 375, 250)


@pytest.mark.parametrize("colour", [PALE_PAS, PINK, (120, 90, 150), (40, 30, 45), (128, 128, 128)])
def test_a_disc_of_tissue_is_measured(
    slide_of: Callable[..., Slide], colour: tuple[int, int, int]
) -> None:
    tissue = slide_of(with_disc(glass(500, 400), 225, 175, 125, colour)).tissue()
    area = np.pi * (125 * 0.002) ** 2
    assert tissue.mpp == pytest.approx(8)
    assert tissue.downsample == pytest.approx(4)
    assert tissue.area_mm2 == pytest.approx(area, rel=0.12)
    rows, columns = np.nonzero(tissue.mask)
    assert (columns.mean() + 0.5) * tissue.downsample == pytest.approx(225, abs=2)
    assert (rows.mean() + 0.5) * tissue.downsample == pytest.approx(175, abs=2)


@pytest.mark.parametrize("colour", [PALE_PAS, PINK])
def test_a_slide_that_tissue_covers_is_all_tissue(
    slide_of: Callable[..., Slide], colour: tuple[int, int, int]
) -> None:
    pixels = with_disc(glass(300, 300), 150, 150, 500, colour)
    pixels = with_disc(pixels, 150, 150, 75, (170, 100, 160))
    assert slide_of(pixels).tissue().mask.mean() > 0.99


def test_filled_grey_is_not_tissue(slide_of: Callable[..., Slide]) -> None:
    pixels = with_disc(glass(400, 400), 125, 125, 75)
    pixels[200:, 200:] = 243
    assert not slide_of(pixels).tissue().covers(208, 208, 180, 180)


def test_small_holes_are_filled_large_ones_and_specks_are_not(
    slide_of: Callable[..., Slide],
) -> None:
    pixels = with_disc(glass(600, 600), 300, 300, 250)
    for x, radius in [(150, 20), (350, 100)]:
        pixels = with_disc(pixels, x, 300, radius, (244, 244, 243))
    pixels = with_disc(pixels, 25, 25, 10)
    tissue = slide_of(pixels).tissue()
    assert tissue.covers(149, 299, 2, 2)
    assert not tissue.covers(325, 275, 50, 50)
    assert not tissue.covers(0, 0, 50, 50)


def test_covers_asks_about_level_0_pixels_and_forgives_the_outside(
    slide_of: Callable[..., Slide],
) -> None:
    tissue = slide_of(with_disc(glass(400, 300), 100, 100, 50)).tissue()
    assert tissue.covers(98, 98, 1, 1)
    assert tissue.covers(-125, -125, 250, 250)
    assert not tissue.covers(250, 200, 225, 225)
    assert not tissue.covers(-225, -225, 125, 125)
    assert not tissue.covers(5000, 5000, 10, 10)


def test_without_a_resolution_the_mask_is_a_sixteenth(slide_of: Callable[..., Slide]) -> None:
    tissue = slide_of(with_disc(glass(1600, 1200), 800, 600, 400), mpp=False).tissue()
    assert tissue.downsample == 16
    assert tissue.mask.shape == (75, 100)
    assert tissue.mask.sum() == pytest.approx(np.pi * 25**2, rel=0.15)
    assert np.isnan(tissue.mpp)
    assert np.isnan(tissue.area_mm2)


def test_tissue_in_unread_tiles_is_inferred_from_what_is_beside_it(tmp_path: Path) -> None:
    pixels = with_disc(glass(512, 384), 250, 200, 150)
    path = write_tiff(
        tmp_path / "s.tif", [pixels], tile=(64, 64), compression="deflate", **TWO_MICRONS
    )
    whole = open_slide(path).tissue().mask
    overwrite(path, 0, [3 * 8 + 3, 0])  # one tile amid the tissue, one of glass
    with open_slide(path) as slide:
        assert (slide.tissue().mask == whole).mean() > 0.995
        assert slide.unread_tiles == 2
        assert slide.unread_fraction() == pytest.approx(64**2 / (np.pi * 150**2), rel=0.1)


def test_missed_tissue_is_what_no_rectangle_shows_or_what_is_unread(
    slide_of: Callable[..., Slide],
) -> None:
    pixels = with_disc(with_disc(glass(400, 200), 100, 100, 80), 300, 100, 80)
    tissue = slide_of(pixels).tissue()
    left, right = (0, 0, 200, 200), (200, 0, 200, 200)
    assert tissue.missed([], [left, right]) == 0
    assert tissue.missed([], [left]) == pytest.approx(0.5, abs=0.01)
    assert tissue.missed([left], [left, right]) == pytest.approx(0.5, abs=0.01)
    assert tissue.missed([left], [left]) == 1
    assert tissue.missed([(0, 0, 100, 200)], [left]) == pytest.approx(0.75, abs=0.01)
    assert tissue.missed([(-50, -50, 10, 10)]) == 0


@pytest.mark.parametrize("side", [250, 253, 256])
def test_nothing_is_missed_where_all_was_seen_whatever_the_size(
    slide_of: Callable[..., Slide], side: int
) -> None:
    slide = slide_of(with_disc(glass(side, side), 125, 125, 400))
    tissue = slide.tissue()
    assert tissue.mask[-1, -1]
    assert tissue.missed([], [(0, 0, side, side)]) == 0
    assert tissue.missed([(0, 0, side, side)], [(0, 0, side, side)]) == 1
    assert tissue.missed([], [(0, 0, side - 8, side)]) == pytest.approx(8 / side, abs=0.02)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "share"),
    [
        ("slides/CMU-1-Small-Region.svs", 0.42),
        ("slides/tcga-cr-7395-01a-01-ts1.svs", 0.65),
        ("aidpath/regions/aidpath_region_A.tif", 0.59),
        ("aidpath/regions/aidpath_region_B.tif", 0.46),
    ],
)
def test_the_tissue_of_real_slides_is_found(real_data: Path, file: str, share: float) -> None:
    with open_slide(real_data / file) as slide:
        assert slide.tissue().mask.mean() == pytest.approx(share, abs=0.04)
        assert slide.unread_fraction() == 0


@pytest.mark.real_data
def test_a_floating_glomerulus_is_tissue_and_a_missing_tile_is_not(real_data: Path) -> None:
    with open_slide(real_data / "aidpath/regions/aidpath_region_A.tif") as slide:
        assert slide.tissue().covers(1490, 420, 20, 20)  # the floating glomerulus
    with open_slide(real_data / "aidpath/regions/aidpath_region_B.tif") as slide:
        assert not slide.tissue().covers(40, 1080, 1900, 900)  # the tile that is missing
