"""Glomeruli look as their latents say, at every resolution."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.phantom.glomerulus import (
    Stamp,
    draw_latents,
    outline_mask,
    render_glomerulus,
)
from napari_ggs.phantom.latents import DIAMETERS_UM, Latents
from napari_ggs.phantom.texture import resample

KINDS = tuple(DIAMETERS_UM)
OPEN = Latents(diameter_um=150)
OBSOLETE = Latents(diameter_um=130, collapse=0.85, matrix=0.5, fill=1.0, ischaemia=0.7)
SOLID = Latents(diameter_um=120, matrix=0.97, space=0.3)


def _drawn(latents: Latents, mpp: float = 0.5, seed: int = 0) -> Stamp:
    return render_glomerulus(latents, mpp, np.random.default_rng(seed))


def _ring(stamp: Stamp, outer: float, inner: float) -> np.ndarray:
    """Places between two shares of the equal-area radius, around the middle."""
    n = len(stamp.mask)
    y, x = np.mgrid[:n, :n] + 0.5 - n / 2
    share = np.hypot(x, y) / np.sqrt(stamp.mask.sum() / np.pi)
    return (share < outer) & (share >= inner)


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1), mpp=st.sampled_from([0.25, 0.5])
)
def test_a_stamp_is_finite_and_as_large_as_its_diameter(kind: str, seed: int, mpp: float) -> None:
    rng = np.random.default_rng(seed)
    latents = draw_latents(kind, rng)
    stamp = render_glomerulus(latents, mpp, rng)
    radius_um = np.sqrt(stamp.mask.sum() / np.pi) * mpp
    assert radius_um == pytest.approx(latents.diameter_um / 2, rel=0.06)
    assert all(np.isfinite(field).all() for field in stamp)
    assert min(stamp.haematoxylin.min(), stamp.pas.min(), stamp.alpha.min()) >= 0
    assert stamp.alpha.max() <= 1
    assert max(stamp.alpha[0].max(), stamp.alpha[:, -1].max()) == 0
    assert {field.shape for field in stamp} == {stamp.mask.shape}
    assert [field.dtype.name for field in stamp] == ["float32"] * 3 + ["bool"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_structure_is_the_same_at_both_resolutions(kind: str) -> None:
    latents = draw_latents(kind, np.random.default_rng(5))
    fine, coarse = _drawn(latents, 0.25), _drawn(latents, 0.5)
    for field in (0, 1):
        shrunk = resample(fine[field], 0.25, 0.5, coarse.mask.shape)
        assert np.corrcoef(shrunk.ravel(), coarse[field].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("mpp", [0.25, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_the_outline_is_had_without_drawing_the_rest(kind: str, mpp: float) -> None:
    latents = draw_latents(kind, np.random.default_rng(6))
    outline = outline_mask(latents, mpp, np.random.default_rng(0))
    assert np.mean(outline != _drawn(latents, mpp).mask) < 1e-3


def test_a_coarse_stamp_is_the_average_of_a_fine_one() -> None:
    fine, coarse = _drawn(OPEN, 0.5), _drawn(OPEN, 2.0)
    assert coarse.pas.shape[0] * 4 == pytest.approx(fine.pas.shape[0], abs=4)
    assert coarse.pas.mean() == pytest.approx(fine.pas.mean(), rel=0.02)


def test_the_same_seed_draws_the_same_stamp_and_another_seed_another() -> None:
    first, again, other = _drawn(OPEN, seed=1), _drawn(OPEN, seed=1), _drawn(OPEN, seed=2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.pas, other.pas)


def test_an_open_tuft_has_lumens_walls_and_nuclei() -> None:
    stamp = _drawn(OPEN)
    pas, haematoxylin = stamp.pas[stamp.mask], stamp.haematoxylin[stamp.mask]
    assert np.mean(pas < 0.1) > 0.2
    assert np.mean(pas > 0.3) > 0.05
    assert 0.03 < np.mean(haematoxylin > 0.35) < 0.25


def test_collagen_fills_the_space_of_an_obsolescent_glomerulus() -> None:
    def empty(fill: float) -> float:
        stamp = _drawn(replace(OBSOLETE, fill=fill))
        return float(np.mean(stamp.pas[_ring(stamp, 0.9, 0.0)] < 0.06))

    assert empty(1.0) < 0.05
    assert empty(1.0) < empty(0.6)


def test_a_collapsed_tuft_is_denser_than_the_collagen_around_it() -> None:
    stamp = _drawn(replace(OBSOLETE, pole_angle=0.0))
    n = len(stamp.mask)
    inside = _ring(stamp, 0.8, 0.0)
    pole_side = inside & (np.arange(n) > 0.6 * n)
    other_side = inside & (np.arange(n) < 0.35 * n)
    assert stamp.pas[pole_side].mean() > 1.3 * stamp.pas[other_side].mean()


def test_matrix_fills_a_solidified_glomerulus() -> None:
    stamp = _drawn(SOLID)
    inside = _ring(stamp, 0.85, 0.0)
    assert np.median(stamp.pas[inside]) > 0.3
    assert np.mean(stamp.pas[inside] < 0.06) < 0.05
    assert np.mean(stamp.haematoxylin[inside] > 0.35) < 0.1


def test_a_disappearing_glomerulus_has_no_capsule_and_a_gradual_border() -> None:
    whole = _drawn(replace(SOLID, capsule=1.0))
    broken = _drawn(replace(SOLID, capsule=0.1))

    def capsule(stamp: Stamp) -> float:
        return float(np.percentile(stamp.pas[_ring(stamp, 1.02, 0.9)], 90))

    assert capsule(whole) > 1.2 * capsule(broken)

    def gradual(stamp: Stamp) -> float:
        return float(np.mean((stamp.alpha > 0.1) & (stamp.alpha < 0.9)))

    assert gradual(broken) > 2 * gradual(whole)


def test_periglomerular_fibrosis_thickens_the_capsule_around_an_open_tuft() -> None:
    plain, fibrosed = _drawn(OPEN), _drawn(replace(OPEN, periglomerular=0.9))
    assert fibrosed.pas[_ring(fibrosed, 0.96, 0.82)].mean() > 0.2
    assert (
        plain.pas[_ring(plain, 0.96, 0.82)].mean()
        < fibrosed.pas[_ring(fibrosed, 0.96, 0.82)].mean()
    )
    assert np.mean(fibrosed.pas[_ring(fibrosed, 0.5, 0.0)] < 0.1) > 0.1


def test_a_sclerosed_segment_leaves_the_rest_open() -> None:
    def empty(segmental: float) -> float:
        stamp = _drawn(replace(OPEN, segmental=segmental))
        return float(np.mean(stamp.pas[_ring(stamp, 0.85, 0.0)] < 0.12))

    assert empty(0.0) > empty(0.25) > empty(0.49) > 0.1


def test_a_tangential_cut_has_hardly_a_capsule() -> None:
    def rim(tangential: float) -> float:
        stamp = _drawn(replace(OPEN, diameter_um=90, tangential=tangential))
        return float(stamp.pas[_ring(stamp, 1.0, 0.93)].max())

    assert rim(1.0) < 0.8 * rim(0.0)
