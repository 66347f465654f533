"""Circles are classified as they come, in order, while the next crops are read."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import ArrayLike

from napari_ggs.classification import (
    Classifier,
    build_network,
    classify_stream,
    crops,
)
from napari_ggs.lesions import GGS
from napari_ggs.slides import Slide, open_slide

HALF = (0.5, 0.5, 0.5)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(5)
    return Classifier(build_network("efficientnet_lite0", 5).eval(), GGS, 12.5, 64, HALF, HALF)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slide]:
    image = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    path = tmp_path_factory.mktemp("slide") / "noise.tif"
    tifffile.imwrite(path, image, tile=(256, 256), photometric="rgb")
    with open_slide(path, mpp=1.0) as opened:
        yield opened


def probabilities(slide: Slide, circles: ArrayLike, classifier: Classifier) -> np.ndarray:
    steps = [(circles, np.ones(len(np.asarray(circles))))]
    found = classify_stream(slide, steps, classifier, batch_size=3)
    return np.concatenate([batch.probabilities for batch in found])


def some_circles(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return np.stack([rng.uniform(0, 800, n), rng.uniform(0, 600, n), rng.uniform(20, 90, n)], 1)


def test_circles_are_classified_as_their_crops(slide: Slide, classifier: Classifier) -> None:
    circles = some_circles(7)
    found = probabilities(slide, circles, classifier)
    expected = classifier.classify(crops(slide, circles, 12.5, 64))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_every_step_comes_back_in_order_with_its_scores(
    slide: Slide, classifier: Classifier
) -> None:
    circles, scores = some_circles(6), np.linspace(0.1, 0.9, 6)
    steps = [(circles[:2], scores[:2]), ([], []), (circles[2:], scores[2:])]
    found = list(classify_stream(slide, steps, classifier))
    assert [len(batch.circles) for batch in found] == [2, 0, 4]
    np.testing.assert_array_equal(np.concatenate([b.circles for b in found]), circles)
    np.testing.assert_array_equal(np.concatenate([b.scores for b in found]), scores)
    assert found[1].probabilities.shape == (0, 5)


def test_a_large_step_comes_back_in_pieces(slide: Slide, classifier: Classifier) -> None:
    steps = [(some_circles(7), np.ones(7))]
    found = list(classify_stream(slide, steps, classifier, batch_size=3))
    assert [len(batch.circles) for batch in found] == [3, 3, 1]


def test_a_step_is_given_out_as_soon_as_the_next_one_is_there(
    slide: Slide, classifier: Classifier
) -> None:
    drawn = []

    def steps() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for number in range(4):
            drawn.append(number)
            yield some_circles(1), np.ones(1)

    stream = classify_stream(slide, steps(), classifier)
    next(stream)
    assert drawn == [0, 1]
    stream.close()


def test_when_cancelled_it_keeps_what_is_done(slide: Slide, classifier: Classifier) -> None:
    asked = iter([False, True])
    circles, steps = some_circles(9), [(some_circles(9), np.ones(9))]
    found = list(
        classify_stream(slide, steps, classifier, batch_size=3, cancelled=lambda: next(asked))
    )
    assert [batch.circles.tolist() for batch in found] == [circles[:3].tolist()]
    assert np.isfinite(found[0].probabilities).all()


def test_closing_the_stream_ends_its_threads(slide: Slide, classifier: Classifier) -> None:
    stream = classify_stream(slide, [(some_circles(2), np.ones(2))] * 3, classifier)
    next(stream)
    stream.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("crops")]


def test_a_fault_while_reading_is_raised(tmp_path: Path, classifier: Classifier) -> None:
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, np.full((300, 300, 3), 200, np.uint8), photometric="rgb")
    with open_slide(path) as plain, pytest.raises(Exception, match="microns per pixel"):
        probabilities(plain, [(100, 100, 50)], classifier)


def test_a_crop_that_touches_unreadable_pixels_has_no_probabilities(
    tmp_path: Path, classifier: Classifier
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (512, 512, 3), np.uint8)
    path = tmp_path / "damaged.tif"
    tifffile.imwrite(path, image, tile=(256, 256), photometric="rgb", compression="deflate")
    with tifffile.TiffFile(path) as tiff:
        first = tiff.pages.first.dataoffsets[0]
    with path.open("r+b") as file:
        file.seek(first)
        file.write(b"junk")
    circles = [(128, 128, 60), (200, 400, 40), (300, 300, 50), (390, 390, 60)]
    with open_slide(path, mpp=1.0) as slide:
        found = probabilities(slide, circles, classifier)
    assert np.isnan(found).any(axis=1).tolist() == [True, False, True, False]


def test_a_crop_from_an_intact_coarse_level_is_classified_whatever_was_read_before(
    tmp_path: Path, classifier: Classifier
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (512, 512, 3), np.uint8)
    path = tmp_path / "damaged.tif"
    tiled = {"tile": (256, 256), "photometric": "rgb", "compression": "deflate"}
    with tifffile.TiffWriter(path) as writer:
        writer.write(image, **tiled)
        writer.write(image[::2, ::2], subfiletype=1, **tiled)
    with tifffile.TiffFile(path) as tiff:
        first = tiff.pages.first.dataoffsets[0]
    with path.open("r+b") as file:
        file.seek(first)
        file.write(b"junk")
    coarse, fine = [(128, 128, 60)], [(128, 128, 20)]
    with open_slide(path, mpp=1.0) as slide:
        before = probabilities(slide, coarse, classifier)
        assert np.isnan(probabilities(slide, fine, classifier)).all()
        after = probabilities(slide, coarse, classifier)
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(after, before)
