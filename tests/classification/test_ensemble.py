"""An ensemble says what its members say on average, and how far they disagree."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ggs.classification import Classifier, Ensemble, build_network, crops
from napari_ggs.classification.ensemble import shrunk
from napari_ggs.lesions import BINARY, GGS, Scheme
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.slides import open_slide

HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Fixed:
    """Says the same of every patch."""

    answer: tuple[float, ...]
    scheme: Scheme = GGS
    margin_um: float = 12.5
    input_px: int = 32

    def classify(self, images: np.ndarray) -> np.ndarray:
        assert images.shape[1:] == (self.input_px, self.input_px, 3)
        return np.tile(np.array(self.answer, dtype=float), (len(images), 1))


@pytest.fixture(scope="module")
def members() -> tuple[Classifier, ...]:
    made = []
    for seed in range(3):
        torch.manual_seed(seed)
        network = build_network("test_efficientnet", 5).eval()
        made.append(Classifier(network, GGS, 12.5, 64, HALF, HALF, temperature=0.2 + seed))
    return tuple(made)


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)


def test_it_says_the_mean_of_the_calibrated_members(
    members: tuple[Classifier, ...], patches: np.ndarray
) -> None:
    said = [member.classify(patches) for member in members]
    found = Ensemble(members).classify(patches)
    np.testing.assert_allclose(found, sum(said) / 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_the_standard_error_is_that_of_the_mean() -> None:
    three = Ensemble(tuple(Fixed((p, 1 - p, 0, 0, 0)) for p in (0.2, 0.5, 0.8)))
    opinion = three.opinion(np.zeros((2, 32, 32, 3), np.uint8))
    np.testing.assert_allclose(opinion.probabilities[:, 0], 0.5)
    np.testing.assert_allclose(opinion.standard_error[:, 0], 0.3 / np.sqrt(3))
    np.testing.assert_allclose(opinion.standard_error[:, 2:], 0)


def test_no_patches_give_no_rows(members: tuple[Classifier, ...]) -> None:
    assert Ensemble(members).classify(np.empty((0, 64, 64, 3), np.uint8)).shape == (0, 5)


def test_patches_of_another_size_are_refused_and_not_resized(
    members: tuple[Classifier, ...],
) -> None:
    with pytest.raises(ValueError, match="Patches have the shape"):
        Ensemble(members).classify(np.zeros((1, 80, 80, 3), np.uint8))


def test_members_with_other_margins_or_classes_are_refused(
    members: tuple[Classifier, ...],
) -> None:
    with pytest.raises(ValueError, match=r"margin_um \(12.5, 20.0\)"):
        Ensemble((members[0], replace(members[1], margin_um=20.0)))
    with pytest.raises(ValueError, match="different classes"):
        Ensemble((members[0], replace(members[1], scheme=BINARY)))
    with pytest.raises(ValueError, match="two classifiers or more"):
        Ensemble(members[:1])


def test_a_member_with_a_smaller_input_sees_almost_what_it_would_have_cut_itself(
    tmp_path: Path,
) -> None:
    phantom = PhantomSlide(800, 800, mpp=1.0, seed=4, outline="field")
    circles = np.array([[300.0, 320.0, 90.0], [420.0, 400.0, 60.0]])
    write_slide(phantom, tmp_path / "kidney.svs")
    with open_slide(tmp_path / "kidney.svs") as slide:
        large, small = (crops(slide, circles, 12.5, side) for side in (96, 64))
    assert np.abs(shrunk(large, 64).astype(int) - small).mean() < 3.5
    assert shrunk(large, 96) is large


def test_the_input_is_the_largest_of_the_members() -> None:
    both = Ensemble((Fixed((1, 0, 0, 0, 0), input_px=48), Fixed((0, 1, 0, 0, 0), input_px=32)))
    assert both.input_px == 48
    found = both.classify(np.zeros((1, 48, 48, 3), np.uint8))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0, 0, 0]])
