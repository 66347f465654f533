"""Tests of the levels between the levels."""

import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_ggs.slides import open_slide
from napari_ggs.slides.pyramid import halve

SIDE = 2050


@pytest.fixture(scope="module")
def fourths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide of two levels, four times apart, whose sides no tile divides."""
    pixels = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("stairs") / "fourths.tif"
    with tifffile.TiffWriter(path) as tiff:
        for level in (pixels, pixels[: SIDE // 4 * 4, : SIDE // 4 * 4][::4, ::4]):
            tiff.write(level, tile=(256, 256), photometric="rgb", compression="lzw")
    return path


def test_no_level_is_far_from_the_one_before(fourths: Path) -> None:
    with open_slide(fourths) as slide:
        steps = [grid.scale.mean for grid in slide.stairs.grids]
        assert steps[:3] == [1, 2, 4]
        assert all(b < 3 * a for a, b in itertools.pairwise(steps))


def test_a_level_between_is_half_the_one_before(fourths: Path) -> None:
    with open_slide(fourths) as slide:
        found = slide.shown_levels[1]
        assert found.shape == (SIDE // 2, SIDE // 2, 3)
        np.testing.assert_array_equal(found[:], halve(slide.levels[0][:]))


def test_the_slide_s_own_levels_are_as_they_were(fourths: Path) -> None:
    with open_slide(fourths) as slide:
        np.testing.assert_array_equal(slide.shown_levels[0][:], slide.levels[0][:])
        np.testing.assert_array_equal(slide.shown_levels[2][:], slide.levels[1][:])
        assert len(slide.shown_levels) == len(slide.levels) + 1


def test_they_are_the_same_in_another_process(fourths: Path) -> None:
    with open_slide(fourths) as slide:
        again = pickle.loads(pickle.dumps(slide.shown_levels[1]))  # noqa: S301
        assert again.store == slide.shown_levels[1].store != slide.levels[1].store
        np.testing.assert_array_equal(again[:], slide.shown_levels[1][:])
