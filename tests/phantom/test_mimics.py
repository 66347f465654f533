"""Hard negatives: every kind is drawn, in the sizes of glomeruli."""

import numpy as np
import pytest

from napari_ggs.phantom.mimics import MIMICS, render_mimic


def _share_open(kind: str, seed: int) -> float:
    stamp = render_mimic(kind, 0.5, np.random.default_rng(seed))
    return float(np.mean(stamp.pas[stamp.mask] < 0.05))


@pytest.mark.parametrize("kind", MIMICS)
def test_every_kind_is_drawn_in_the_sizes_of_glomeruli(kind: str) -> None:
    for seed in range(3):
        stamp = render_mimic(kind, 0.5, np.random.default_rng(seed))
        assert 25 < np.sqrt(stamp.mask.sum() / np.pi) * 0.5 < 130
        assert [field.dtype.name for field in stamp] == ["float32"] * 3 + ["bool"]
        assert all(np.isfinite(field).all() for field in stamp)
        assert min(stamp.haematoxylin.min(), stamp.pas.min(), stamp.alpha.min()) >= 0
        assert stamp.alpha.max() <= 1
        assert max(stamp.alpha[0].max(), stamp.alpha[:, -1].max()) == 0


@pytest.mark.parametrize("kind", MIMICS)
def test_a_kind_is_the_same_at_both_resolutions_and_from_the_same_seed(kind: str) -> None:
    fine, coarse, again = (
        render_mimic(kind, mpp, np.random.default_rng(8)) for mpp in (0.25, 0.5, 0.5)
    )
    shrunk = fine.pas.reshape(*coarse.mask.shape[:1], 2, -1, 2).mean(axis=(1, 3))
    assert np.corrcoef(shrunk.ravel(), coarse.pas.ravel())[0, 1] > 0.9
    assert np.array_equal(coarse.pas, again.pas)


def test_an_empty_tubule_is_empty_and_a_scar_is_not() -> None:
    assert np.mean([_share_open("cyst", seed) for seed in range(4)]) > 0.4
    assert np.mean([_share_open("scar", seed) for seed in range(4)]) < 0.05


def test_inflammation_is_full_of_nuclei() -> None:
    stamp = render_mimic("inflammation", 0.5, np.random.default_rng(0))
    assert np.mean(stamp.haematoxylin[stamp.mask] > 0.4) > 0.2


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'crescent' is no hard negative.*artery"):
        render_mimic("crescent", 0.5, np.random.default_rng(0))
