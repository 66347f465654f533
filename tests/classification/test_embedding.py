"""Embeddings are what the last layer of a classifier sees, of the crops that it classifies."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from napari_ggs.classification import (
    Classifier,
    Ensemble,
    Hierarchy,
    build_network,
    classify_stream,
    crops,
    embed_stream,
)
from napari_ggs.classification.embedding import joined
from napari_ggs.lesions import GGS, Scheme
from napari_ggs.slides import Slide, open_slide
from tests.slides.conftest import overwrite

HALF = (0.5, 0.5, 0.5)
SCLEROTIC = Scheme("part", tuple(lesion for lesion in GGS.lesions if lesion.name in GGS.sclerotic))
CIRCLES = np.array([[400.0, 400, 60], [800, 600, 90], [1200, 900, 75], [500, 1200, 80]])


def made(seed: int, scheme: Scheme = GGS, backbone: str = "test_efficientnet") -> Classifier:
    torch.manual_seed(seed)
    network = build_network(backbone, len(scheme.classes)).eval()
    return Classifier(network, scheme, 12.5, 64, HALF, HALF, temperature=0.1)


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), np.uint8)


@pytest.mark.parametrize("backbone", ["test_efficientnet", "efficientnet_lite0", "resnet50"])
def test_they_are_what_the_last_layer_is_given(patches: np.ndarray, backbone: str) -> None:
    classifier, given = made(0, backbone=backbone), []
    last = classifier.network.get_classifier()
    last.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].flatten(1)))
    expected = classifier.classify(patches)
    seen = classifier.embed(patches)
    np.testing.assert_array_equal(seen.probabilities, expected)
    np.testing.assert_allclose(seen.features, functional.normalize(given[0]).numpy(), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(seen.features, axis=1), 1, rtol=1e-5)
    assert seen.features.dtype == np.float32


def test_the_cosine_of_an_ensemble_is_the_mean_of_its_members(patches: np.ndarray) -> None:
    members = tuple(made(seed) for seed in range(3))
    seen = Ensemble(members).embed(patches)
    each = [member.embed(patches).features for member in members]
    cosines = np.mean([features @ features.T for features in each], axis=0)
    np.testing.assert_allclose(seen.features @ seen.features.T, cosines, atol=1e-5)
    np.testing.assert_allclose(seen.probabilities, Ensemble(members).classify(patches))


def test_a_hierarchy_embeds_as_its_parent_does_and_answers_as_a_whole(
    patches: np.ndarray,
) -> None:
    parent, child = made(0), made(1, SCLEROTIC)
    both = Hierarchy(parent, (child,))
    seen = both.embed(patches)
    np.testing.assert_array_equal(seen.features, parent.embed(patches).features)
    np.testing.assert_array_equal(seen.probabilities, both.classify(patches))


def test_no_patches_have_no_embeddings_of_the_same_length(patches: np.ndarray) -> None:
    classifier = made(0)
    seen = classifier.embed(patches[:0])
    assert seen.features.shape == (0, classifier.embed(patches).features.shape[1])
    assert seen.probabilities.shape == (0, 5)


def test_the_circles_of_a_slide_are_embedded_by_the_crops_that_are_classified(
    kidney_slide: Slide,
) -> None:
    classifier = made(0)
    parts = [*embed_stream(kidney_slide, CIRCLES, classifier, batch_size=3)]
    assert [len(part.features) for part in parts] == [3, 1]
    seen = joined(parts)
    expected = classifier.embed(crops(kidney_slide, CIRCLES, 12.5, 64))
    np.testing.assert_allclose(seen.features, expected.features, atol=1e-5)
    (named,) = classify_stream(kidney_slide, [(CIRCLES, np.ones(4))], classifier)
    np.testing.assert_allclose(seen.probabilities, named.probabilities, atol=1e-4)
    assert not [*embed_stream(kidney_slide, np.empty((0, 3)), classifier)]


def test_a_circle_whose_pixels_cannot_be_read_has_no_probabilities(
    kidney: Path, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.svs"
    path.write_bytes(kidney.read_bytes())
    overwrite(path, 0, [0])
    with open_slide(path) as slide:
        (seen,) = embed_stream(slide, [(60.0, 60, 15), (800, 600, 90)], made(0))
    assert np.isnan(seen.probabilities).all(axis=1).tolist() == [True, False]


def test_who_cancels_gets_what_is_there(kidney_slide: Slide) -> None:
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 1

    found = [*embed_stream(kidney_slide, CIRCLES, made(0), batch_size=1, cancelled=cancelled)]
    assert 0 < len(found) < len(CIRCLES)
