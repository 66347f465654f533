"""Noise and level sets keep their place in micrometres at any resolution."""

import numpy as np
import pytest

from napari_ggs.phantom.texture import (
    cells,
    jittered_seeds,
    line,
    noise,
    noise_at,
    resample,
    scatter,
    smoothstep,
)


@pytest.mark.parametrize("scale", [1.5, 4.0, 20.0])
def test_noise_has_mean_0_and_deviation_1(scale: float) -> None:
    field = noise(np.random.default_rng(0), (600, 600), scale, octaves=2)
    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=0.15)
    assert field.std() == pytest.approx(1, abs=0.15)


def test_stretched_noise_varies_slowly_along_the_stretch() -> None:
    x, y = np.meshgrid(np.arange(300.0), np.arange(300.0))
    field = noise_at(np.random.default_rng(0), y / 3, x / 40)
    along, across = np.abs(np.diff(field, axis=1)).mean(), np.abs(np.diff(field, axis=0)).mean()
    assert across > 5 * along
    assert field.std() == pytest.approx(1, abs=0.2)


def test_noise_around_a_circle_closes() -> None:
    turn = np.linspace(0, 1, 721)[None]
    field = noise_at(np.random.default_rng(0), 7.3 + 0 * turn, turn * 9, period=9)
    assert field[0, 0] == pytest.approx(field[0, -1], abs=1e-5)


@pytest.mark.parametrize("um", [0.1, 0.25, 0.37, 0.5, 1.0, 2.0])
def test_resampling_keeps_places(um: float) -> None:
    axis = (np.arange(200, dtype=np.float32) + 0.5) * 0.5
    ramp = np.broadcast_to(axis, (200, 200)).copy()
    n = int(100 / um)
    fine = resample(ramp, 0.5, um, (n, n))
    inner = slice(int(3 / um), int(97 / um))
    expected = (np.arange(n)[inner] + 0.5) * um
    assert np.abs(fine[inner, inner] - expected).max() < 0.01


def test_coarsening_averages_areas() -> None:
    field = noise(np.random.default_rng(0), (64, 64), 2.0)
    expected = field.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    assert resample(field, 0.5, 2.0, (16, 16)) == pytest.approx(expected, abs=1e-5)


def test_cells_know_their_nearest_seed_and_the_border() -> None:
    seeds = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 40.0]])
    found = cells(seeds, np.array([[1.0, 4.0, 9.0]]), np.array([[0.0, 3.0, 0.0]]))
    assert found.own.tolist() == [[0, 0, 1]]
    assert found.edge == pytest.approx(np.array([[4.0, 1.0, 4.0]]), abs=1e-4)
    nothing = np.zeros(found.border.shape, bool)
    assert (found.edge_where(nothing, 9.0) == 9.0).all()


def test_seeds_fill_the_square_at_the_spacing() -> None:
    seeds = jittered_seeds(np.random.default_rng(0), 100.0, 10.0)
    assert len(seeds) == pytest.approx(200 * 200 / (10 * 8.66), rel=0.15)


def test_scattered_places_keep_apart_and_follow_the_weight() -> None:
    weight = np.zeros((100, 200), np.float32)
    weight[:, 100:] = 1
    places = scatter(np.random.default_rng(0), weight, 40, 6.0)
    assert 20 < len(places) <= 40
    assert places[:, 0].min() >= 100
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)[~np.eye(len(places), dtype=bool)]
    assert gaps.min() >= 6.0


def test_nothing_is_scattered_where_there_is_no_weight() -> None:
    assert scatter(np.random.default_rng(0), np.zeros((9, 9), np.float32), 5, 1.0).shape == (0, 2)


def test_a_line_is_as_wide_as_asked_and_a_step_rises() -> None:
    level = np.linspace(-4, 4, 801, dtype=np.float32)
    drawn = line(level, 2.0)
    assert drawn.max() == pytest.approx(1)
    assert np.ptp(level[drawn > 0.5]) == pytest.approx(2.0, abs=0.1)
    step = smoothstep(level, -1, 1)
    assert (step[0], step[400], step[-1]) == pytest.approx((0, 0.5, 1))
    assert (np.diff(step) >= 0).all()
