"""Levels that the file lacks."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.slides import open_slide
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.pyramid import halve, with_synthesised

from .conftest import picture


@given(st.integers(1, 400_000), st.integers(1, 400_000))
def test_the_coarsest_level_is_small_and_each_is_half_the_one_before(
    width: int, height: int
) -> None:
    grids = with_synthesised((Grid(width, height, 256, 256),))
    assert max(grids[-1].width, grids[-1].height) <= 1500
    for finer, coarser in pairwise(grids):
        assert max(finer.width, finer.height) > 1500
        assert (coarser.width, coarser.height) == (-(-finer.width // 2), -(-finer.height // 2))
        assert coarser.scale.x == 2 * finer.scale.x


@pytest.mark.parametrize("shape", [(6, 8), (7, 8), (6, 9), (7, 9), (1, 1)])
def test_halving_averages_blocks_of_four(shape: tuple[int, int]) -> None:
    pixels = picture(shape[1], shape[0])
    padded = np.pad(pixels, ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0)), mode="edge")
    blocks = padded.reshape(-(-shape[0] // 2), 2, -(-shape[1] // 2), 2, 3).mean(axis=(1, 3))
    np.testing.assert_array_equal(halve(pixels), np.floor(blocks + 0.5))


@pytest.mark.parametrize("tile", [(64, 64), (240, 240), (48, 128)])
def test_synthesised_levels_have_no_seams(
    make_tiff: Callable[..., Path], tile: tuple[int, int]
) -> None:
    pixels = picture(143, 3001)
    with open_slide(make_tiff([pixels], tile=tile)) as slide:
        assert [grid.scale.mean for grid in slide.pyramid.grids] == [1, 2, 4]
        half = halve(pixels)
        np.testing.assert_array_equal(slide.levels[1][:], half)
        np.testing.assert_array_equal(slide.levels[2][:], halve(half))


def test_a_closed_slide_says_so_and_counts_nothing(make_tiff: Callable[..., Path]) -> None:
    with open_slide(make_tiff([picture(100, 100)])) as slide:
        pass
    with pytest.raises(ValueError, match=r"slide\.tif is closed"):
        slide.read(0, 0, 10, 10)
    assert slide.unread_tiles == 0
