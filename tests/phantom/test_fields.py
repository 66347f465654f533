"""Fields of absolute position: the same value whatever the window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.phantom.atlas import Atlas, band_noise
from napari_ggs.phantom.fields import Noise, enlarge, hashed


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40), st.floats(3, 500), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_noise_on_a_grid_is_the_noise_at_its_points(
    seed: int, scale: float, x0: float, y0: float
) -> None:
    noise = Noise(seed, 5, scale)
    xs = (x0 + np.arange(13) * 7.0).astype(np.float32)
    ys = (y0 + np.arange(9) * 5.0).astype(np.float32)
    x, y = np.meshgrid(xs, ys)
    np.testing.assert_allclose(noise.grid(xs, ys), noise.at(x, y), atol=2e-4)


def test_noise_has_zero_mean_and_unit_deviation() -> None:
    axis = np.arange(0, 4000, 4, dtype=np.float32)
    values = Noise(1, 2, 20.0).grid(axis, axis)
    assert abs(values.mean()) < 0.03
    assert values.std() == pytest.approx(1, abs=0.05)


def test_noises_of_different_channels_are_unrelated() -> None:
    axis = np.arange(0, 2000, 5, dtype=np.float32)
    a, b = (Noise(1, channel, 20.0).grid(axis, axis) for channel in (1, 2))
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


def test_hashes_are_uniform_and_differ_with_every_key() -> None:
    i, j = np.meshgrid(np.arange(-200, 200), np.arange(-200, 200))
    values = hashed(3, 4, i, j)
    counts, _ = np.histogram(values, 16, (0, 1))
    assert values.min() >= 0
    assert values.max() < 1
    np.testing.assert_allclose(counts / counts.mean(), 1, atol=0.06)
    assert abs(np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("factor", [1, 2, 4, 8])
def test_enlarging_keeps_a_linear_field_linear(factor: int) -> None:
    y, x = np.mgrid[-1:13, -1:21].astype(np.float32)
    large = enlarge(3 * x + 5 * y, factor)
    v, u = ((np.arange(n * factor) + 0.5) / factor - 0.5 for n in (12, 20))
    np.testing.assert_allclose(large, 3 * u + 5 * v[:, None], atol=1e-3)


def test_an_atlas_repeats_without_a_seam() -> None:
    tile = band_noise(64, 1.0, 4.0, 9)
    atlas = Atlas(tile)
    np.testing.assert_array_equal(
        atlas.window(-3, 130, 20, 10), np.roll(tile, (-2, 3), (0, 1))[:10, :20]
    )
    step = np.abs(np.diff(tile, axis=1)).mean()
    assert np.abs(tile[:, 0] - tile[:, -1]).mean() < 1.5 * step
