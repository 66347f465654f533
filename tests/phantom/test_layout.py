"""The plan of a slide: what lies where, and how many of each kind."""

import numpy as np
import pytest

from napari_ggs.circles import touching
from napari_ggs.phantom.latents import DIAMETERS_UM
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.outline import OUTLINES, draw_shape
from napari_ggs.phantom.places import COHORT, drawn_mix


def _layout(seed: int = 1, outline: str = "wedge", mix: dict[str, float] | None = None) -> Layout:
    return Layout(5000, 4000, seed, outline, mix)  # type: ignore[arg-type]


@pytest.mark.parametrize("outline", OUTLINES)
def test_the_same_seed_gives_the_same_plan(outline: str) -> None:
    assert _layout(4, outline).glomeruli == _layout(4, outline).glomeruli
    assert _layout(4, outline).glomeruli != _layout(5, outline).glomeruli


@pytest.mark.parametrize("outline", OUTLINES)
def test_nothing_laid_into_tissue_overlaps(outline: str) -> None:
    layout = _layout(2, outline)
    places = [*layout.glomeruli, *layout.mimics]
    assert len(layout.glomeruli) > 4
    assert len(touching([(p.x, p.y, p.room) for p in places])) == 0


@pytest.mark.parametrize("outline", ["wedge", "needle"])
def test_centres_lie_in_tissue(outline: str) -> None:
    layout = _layout(3, outline)
    x, y = np.array([(p.x, p.y) for p in layout.glomeruli], np.float32).T
    assert (layout.tissue_at(x, y) > 0).all()


def test_glomeruli_are_as_dense_as_in_cortex() -> None:
    density = [len(Layout(4000, 4000, seed, "field", None).glomeruli) / 16 for seed in range(5)]
    assert 1.5 < np.mean(density) < 5
    assert max(density) / min(density) > 1.15


def test_the_mix_is_respected_to_the_nearest_glomerulus() -> None:
    mix = {"normal": 0.5, "obsolescent": 0.25, "solidified": 0.25}
    kinds = [p.kind for p in Layout(4500, 4500, 8, "field", mix).glomeruli]
    for kind, share in mix.items():
        assert abs(kinds.count(kind) - share * len(kinds)) <= 3
    assert set(kinds) == set(mix)


def test_without_a_mix_slides_differ_but_the_cohort_comes_out() -> None:
    mixes = [drawn_mix(np.random.default_rng(seed)) for seed in range(2000)]
    for kind, share in COHORT.items():
        drawn = np.array([mix[kind] for mix in mixes])
        assert drawn.mean() == pytest.approx(share, abs=0.03)
    assert np.std([mix["obsolescent"] for mix in mixes]) > 0.2


def test_an_unknown_kind_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="crescentic") as error:
        _layout(mix={"crescentic": 1.0})
    assert all(kind in str(error.value) for kind in DIAMETERS_UM)


@pytest.mark.parametrize("seed", range(4))
def test_needles_are_strips_of_about_a_millimetre(seed: int) -> None:
    shape = draw_shape("needle", 14_000, 6_000, seed)
    inside = shape.inside.values
    assert 350 < inside.max() < 750
    assert 0.03 < (inside > 0).mean() < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_a_wedge_leaves_glass_all_around(seed: int) -> None:
    inside = draw_shape("wedge", 15_000, 12_000, seed).inside.values
    assert 0.45 < (inside > 0).mean() < 0.85
    rim = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    assert (rim > 0).mean() < 0.02


def test_no_glomerulus_lies_in_the_capsule_or_the_medulla() -> None:
    layout = Layout(10_000, 11_000, 5, "wedge", None)
    x, y = np.array([(p.x, p.y) for p in layout.glomeruli], np.float32).T
    depth = layout.depth_at(x, y)
    assert depth.min() > 90
    assert depth.max() < 6600
