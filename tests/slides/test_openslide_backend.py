"""OpenSlide behind the same Slide: damaged tiles, transparency, tiles of many pixels."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.slides import Slide
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.openslide_backend import OpenSlideBackend, over_white

from .conftest import HALF_MICRON, overwrite, picture

MakeTiff = Callable[..., Path]


@pytest.fixture
def damaged(make_tiff: MakeTiff) -> Path:
    """2 x 3 tiles of 256 px; the second and the last cannot be decoded."""
    path = make_tiff([picture(768, 512)], tile=(256, 256), compression="deflate", **HALF_MICRON)
    overwrite(path, 0, [1, 5])
    return path


def test_reading_goes_on_after_a_damaged_tile(damaged: Path) -> None:
    backend = OpenSlideBackend(damaged)
    expected = picture(768, 512)
    for row, column in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 0)]:
        if (row, column) in [(0, 1), (1, 2)]:
            with pytest.raises(TileError, match=f"row {row}, column {column}"):
                backend.decode(0, row, column)
        else:
            tile = expected[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256]
            np.testing.assert_array_equal(backend.decode(0, row, column), tile)


def test_threads_lose_only_the_damaged_tiles(damaged: Path) -> None:
    slide = Slide(damaged, OpenSlideBackend(damaged))
    places = [(row, column) for row in range(2) for column in range(3)] * 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: slide.read(place[1] * 256, place[0] * 256, 256, 256), places))
    assert slide.pyramid.faults.tiles() == [(0, 1), (1, 2)]
    assert slide.unread_tiles == 2
    assert slide.unread_fraction() == pytest.approx(2 / 6, abs=0.03)


def test_a_file_that_vanishes_leaves_grey_and_not_an_exception(damaged: Path) -> None:
    slide = Slide(damaged, OpenSlideBackend(damaged))
    damaged.unlink()
    slide.read(256, 0, 256, 256)  # the damaged tile: the handle cannot be opened again
    assert (slide.read(0, 0, 256, 256) == 243).all()
    assert slide.unread_tiles == 2


def test_small_tiles_are_read_several_at_a_time(make_tiff: MakeTiff) -> None:
    pixels = picture(500, 300)
    backend = OpenSlideBackend(make_tiff([pixels], tile=(48, 48), compression="deflate"))
    grid = backend.grids[0]
    assert (grid.tile_width, grid.tile_height) == (288, 288)
    np.testing.assert_array_equal(backend.decode(0, 1, 1), pixels[288:, 288:])


@pytest.mark.parametrize("size", [(333, 233), (292, 204), (999, 700)])
def test_levels_of_odd_factors_are_placed_to_half_a_pixel_of_level_0(
    make_tiff: MakeTiff, size: tuple[int, int]
) -> None:
    """Two grey levels a pixel: the mean difference says how far a tile is beside its place."""
    width, height = size
    ramps = np.broadcast_to((2 * np.arange(width) % 240)[:, None], (height, width, 3))
    base = picture(1000, 701)
    backend = OpenSlideBackend(make_tiff([base, ramps.astype(np.uint8)], compression="deflate"))
    grid = backend.grids[1]
    for column in range(grid.columns):
        x, _, across, _ = grid.tile_box(0, column)
        difference = (
            backend.decode(1, 0, column).astype(int) - ramps[: grid.tile_height, x:][:, :across]
        )
        steep = np.abs(difference) < 100  # not where the ramp begins anew
        assert steep.mean() > 0.9
        assert abs(difference[steep].mean()) / 2 <= 0.5 / grid.scale.x + 0.05


def test_transparent_pixels_are_white() -> None:
    rgba = np.array([[[10, 20, 30, 255], [0, 0, 0, 0], [100, 100, 100, 51]]], dtype=np.uint8)
    assert over_white(rgba).tolist() == [[[10, 20, 30], [255, 255, 255], [224, 224, 224]]]


@pytest.mark.real_data
def test_what_dicom_says_of_a_patient_is_not_passed_on(real_data: Path) -> None:
    folder = real_data / "slides/CMU-1-Small-Region_dicom"
    backend = OpenSlideBackend(min(folder.iterdir()))
    assert set(backend.properties) <= {"format", "magnification"}
