"""The classifier turns patches into probabilities."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_ggs.classification import Classifier, build_network
from napari_ggs.lesions import GGS

HALF = (0.5, 0.5, 0.5)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(3)
    network = build_network("efficientnet_lite0", 5).eval()
    return Classifier(network, GGS, 12.5, 64, HALF, HALF)


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), np.uint8)


def test_rows_are_probabilities(classifier: Classifier, patches: np.ndarray) -> None:
    p = classifier.classify(patches)
    assert p.shape == (7, 5)
    assert p.dtype == np.float64
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_batch_does_not_matter(classifier: Classifier, patches: np.ndarray, size: int) -> None:
    parts = [classifier.classify(patches[i : i + size]) for i in range(0, 7, size)]
    np.testing.assert_allclose(np.concatenate(parts), classifier.classify(patches), atol=1e-4)


def test_no_patches_give_no_rows(classifier: Classifier) -> None:
    assert classifier.classify(np.empty((0, 64, 64, 3), np.uint8)).shape == (0, 5)


def test_temperature_flattens_and_keeps_the_order(
    classifier: Classifier, patches: np.ndarray
) -> None:
    sharp, flat = (replace(classifier, temperature=t).classify(patches) for t in (0.5, 5.0))
    assert (sharp.max(axis=1) > flat.max(axis=1)).all()
    np.testing.assert_array_equal(sharp.argmax(axis=1), flat.argmax(axis=1))


def test_patches_of_another_size_are_refused(classifier: Classifier) -> None:
    with pytest.raises(ValueError, match="Patches have the shape"):
        classifier.classify(np.zeros((1, 32, 32, 3), np.uint8))
