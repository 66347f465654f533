import numpy as np
import pytest

from napari_ggs.circles import match
from napari_ggs.detection import Detector
from tests.detection.conftest import draw, scatter


def test_finds_every_disc_and_nothing_else(detector: Detector) -> None:
    truth = scatter(np.random.default_rng(5), 12, 256, 10, 26)
    [(circles, scores)] = detector.detect(draw(truth, 256, 256)[None], 0.3)
    assert sorted(match(circles, truth, scores)) == list(range(len(truth)))


def test_images_of_any_size_are_taken(detector: Detector) -> None:
    whole = draw(np.array([[60.0, 50.0, 20.0]]), 101, 133)
    [(circles, scores)] = detector.detect(whole[None], 0.3)
    assert match(circles, [(60, 50, 20)], scores, 0.6).tolist() == [0]


def test_an_image_is_seen_alike_alone_and_in_a_batch(detector: Detector) -> None:
    rng = np.random.default_rng(3)
    images = np.stack([draw(scatter(rng, 5, 128, 8, 24), 128, 128) for _ in range(5)])
    together = detector.detect(images, 0.1)
    for image, (circles, scores) in zip(images, together, strict=True):
        [(alone, alone_scores)] = detector.detect(image[None], 0.1)
        np.testing.assert_allclose(alone, circles, atol=1e-2)
        np.testing.assert_allclose(alone_scores, scores, atol=1e-4)


def test_no_circle_is_larger_than_the_detector_may_find(detector: Detector) -> None:
    small = Detector(detector.network, 4.0, detector.mean, detector.std, max_radius_um=48.0)
    [(circles, _)] = small.detect(draw(np.array([[64.0, 64.0, 24.0]]), 128, 128)[None], 0.3)
    assert circles[:, 2].tolist() == [12.0]


def test_no_images_have_no_circles(detector: Detector) -> None:
    assert detector.detect(np.empty((0, 64, 64, 3), np.uint8), 0.1) == []


def test_says_what_shape_it_wants(detector: Detector) -> None:
    with pytest.raises(ValueError, match=r"\(n, h, w, 3\). Found \(64, 64, 3\)"):
        detector.detect(np.empty((64, 64, 3), np.uint8), 0.1)
