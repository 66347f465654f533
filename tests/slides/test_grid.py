"""Windows cut into tiles, and the scale between two levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.slides.grid import Grid, scale_between

sides = st.integers(1, 60)


@given(sides, sides, sides, sides, st.integers(-30, 70), st.integers(-30, 70), sides, sides)
def test_parts_cover_every_pixel_of_a_window_once(
    width: int, height: int, across: int, down: int, x: int, y: int, w: int, h: int
) -> None:
    grid = Grid(width, height, across, down)
    level = np.arange(1, width * height + 1).reshape(height, width)
    window = np.zeros((h, w), dtype=int)
    for part in grid.parts(x, y, w, h):
        left, top, tile_width, tile_height = grid.tile_box(part.row, part.column)
        tile = level[top : top + tile_height, left : left + tile_width]
        window[part.in_window] += tile[part.in_tile]
    padded = np.pad(level, 140)
    np.testing.assert_array_equal(window, padded[y + 140 : y + 140 + h, x + 140 : x + 140 + w])


@pytest.mark.parametrize(
    ("base", "level", "expected"),
    [
        ((4443, 3567), (2221, 1783), (2, 2)),
        ((300, 250), (37, 31), (8, 8)),
        ((1000, 700), (500, 350), (2, 2)),
        ((1001, 701), (501, 351), (2, 2)),
        ((46000, 32914), (11500, 8228), (4, 4)),
    ],
)
def test_rounded_sizes_mean_a_whole_factor(
    base: tuple[int, int], level: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert scale_between(base, level) == expected


def test_a_factor_that_is_not_whole_stretches_the_level_over_the_canvas() -> None:
    scale = scale_between((1000, 700), (400, 281))
    assert scale == (2.5, 700 / 281)
    assert scale.mean == pytest.approx(2.4955, abs=1e-4)
