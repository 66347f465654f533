"""Cortex: lumina, walls and nuclei in realistic amounts."""

import numpy as np
import pytest

from napari_ggs.phantom.cortex import Cortex
from napari_ggs.phantom.grid import HALO, PAD, SIDE, grid_of
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.tubules import NOBODY, Tubules


@pytest.fixture(scope="module")
def layout() -> Layout:
    return Layout(3000, 3000, 6, "field", {"normal": 1.0})


@pytest.mark.parametrize("mpp", [0.25, 0.2428, 0.5, 0.7, 1.0])
def test_the_coarse_grid_covers_the_block(mpp: float) -> None:
    grid = grid_of(2, -1, mpp)
    xs, _ = grid.axes()
    assert SIDE % grid.factor == 0
    assert len(xs) == SIDE // grid.factor + 2 * HALO
    first = xs[HALO] - grid.factor * mpp / 2
    assert first == pytest.approx((2 * 1024 - PAD) * mpp, rel=1e-5)


def test_walls_are_where_the_depth_is_zero_and_every_tubule_has_one(layout: Layout) -> None:
    axis = np.arange(500, 900, 2, dtype=np.float32)
    geometry = Tubules(layout, 6).geometry(axis, axis)
    inside = geometry.depth > 0
    assert 0.45 < inside.mean() < 0.95
    assert (geometry.owner[inside] != NOBODY).all()
    changes = geometry.owner[:, 1:] != geometry.owner[:, :-1]
    assert (np.minimum(geometry.depth[:, 1:], geometry.depth[:, :-1])[changes] < 1.0).all()


def test_tubules_leave_the_room_of_a_glomerulus_free(layout: Layout) -> None:
    place = layout.glomeruli[0]
    axis_x = np.arange(place.x - 30, place.x + 30, 2, dtype=np.float32)
    axis_y = np.arange(place.y - 30, place.y + 30, 2, dtype=np.float32)
    assert (Tubules(layout, 6).geometry(axis_x, axis_y).depth < 0).all()


def test_neighbouring_windows_agree_on_the_geometry(layout: Layout) -> None:
    tubules = Tubules(layout, 6)
    axis = np.arange(400, 800, 2, dtype=np.float32)
    large = tubules.geometry(axis, axis)
    small = tubules.geometry(axis[50:120], axis[30:90])
    np.testing.assert_allclose(small.depth, large.depth[30:90, 50:120], atol=2e-3)


def test_stains_have_the_amounts_of_real_cortex(layout: Layout) -> None:
    """Percentiles measured on AIDPATH's regions (99th percentile = 1), with room for styles."""
    haematoxylin, pas, cover = Cortex(layout, 6).paint(grid_of(1, 1, 0.5))
    assert (cover == 1).all()
    tissue = haematoxylin + pas > 0.12
    assert 0.5 < tissue.mean() < 0.95
    assert 0.10 < np.median(pas[tissue]) < 0.28
    assert 0.3 < np.percentile(pas[tissue], 95) < 0.75
    assert 0.05 < np.median(haematoxylin[tissue]) < 0.2
    assert 0.4 < np.percentile(haematoxylin[tissue], 95) < 0.9


def test_the_pattern_does_not_repeat_with_the_blocks(layout: Layout) -> None:
    cortex = Cortex(layout, 6)
    first, second = (cortex.paint(grid_of(k, 1, 0.5))[1] for k in (1, 2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1
