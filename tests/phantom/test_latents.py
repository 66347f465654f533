"""Classes follow from latents, sizes follow the literature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.lesions import CIRCLEMIX, GGS
from napari_ggs.phantom.latents import DIAMETERS_UM, Latents, draw_latents, label_of

KINDS = tuple(DIAMETERS_UM)


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1))
def test_what_is_drawn_as_a_class_is_of_that_class(kind: str, seed: int) -> None:
    assert label_of(draw_latents(kind, np.random.default_rng(seed))) == kind


@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1))
def test_all_shares_lie_between_0_and_1(kind: str, seed: int) -> None:
    latents = vars(draw_latents(kind, np.random.default_rng(seed)))
    shares = {k: v for k, v in latents.items() if k not in ("diameter_um", "pole_angle")}
    assert all(0 <= value <= 1 for value in shares.values())
    assert latents["segmental"] < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_diameters_have_the_published_percentiles(kind: str) -> None:
    rng = np.random.default_rng(1)
    diameters = [draw_latents(kind, rng).diameter_um for _ in range(3000)]
    assert np.percentile(diameters, [5, 50, 95]) == pytest.approx(DIAMETERS_UM[kind], rel=0.04)


def test_the_classes_are_those_of_the_schemes() -> None:
    assert set(KINDS) == set(CIRCLEMIX.classes)
    assert set(GGS.glomerular) < set(KINDS)


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "normal"),
        ({"collapse": 0.49, "matrix": 0.49, "fill": 0.9}, "normal"),
        ({"segmental": 0.49, "ischaemia": 1.0, "tangential": 1.0}, "normal"),
        ({"periglomerular": 0.5}, "periglomerular fibrosis"),
        ({"collapse": 0.5, "fill": 0.5}, "obsolescent"),
        ({"matrix": 0.5, "fill": 0.49}, "solidified"),
        ({"matrix": 0.9, "fill": 0.9, "capsule": 0.49}, "disappearing"),
        ({"matrix": 0.9, "periglomerular": 1.0}, "solidified"),
    ],
)
def test_thresholds_decide_the_class(changes: dict[str, float], label: str) -> None:
    assert label_of(Latents(diameter_um=150, **changes)) == label


@pytest.mark.parametrize(
    ("kind", "latent", "low", "high"),
    [
        ("solidified", "fill", 0.35, 0.5),
        ("obsolescent", "fill", 0.5, 0.65),
        ("solidified", "capsule", 0.5, 0.65),
        ("disappearing", "capsule", 0.35, 0.5),
        ("normal", "periglomerular", 0.35, 0.5),
    ],
)
def test_borderlines_are_drawn_on_both_sides(
    kind: str, latent: str, low: float, high: float
) -> None:
    rng = np.random.default_rng(2)
    values = np.array([getattr(draw_latents(kind, rng), latent) for _ in range(600)])
    assert 0.01 < np.mean((values > low) & (values < high)) < 0.5


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'crescent' is no class.*solidified"):
        draw_latents("crescent", np.random.default_rng(0))
