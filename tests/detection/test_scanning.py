from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_ggs.circles import match
from napari_ggs.detection import DetectionStep, Detector, Region, detect
from napari_ggs.slides import Slide, open_slide
from tests.detection.conftest import GREY, draw, scatter

Write = Callable[[NDArray[np.uint8], float], Path]
SIDE_UM = 2600.0
SLIDE_MPP = 2.0


@pytest.fixture(scope="module")
def truth() -> NDArray[np.float64]:
    """Discs of 40 to 110 um in level-0 px; some lie on the tiles' borders."""
    return scatter(np.random.default_rng(1), 60, SIDE_UM / SLIDE_MPP, 20, 55)


@pytest.fixture(scope="module")
def slide(write: Write, truth: NDArray[np.float64]) -> Slide:
    side = int(SIDE_UM / SLIDE_MPP)
    return open_slide(write(draw(truth, side, side), SLIDE_MPP))


def gathered(steps: list[DetectionStep]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    circles = np.concatenate([step.circles for step in steps])
    scores = np.concatenate([step.scores for step in steps])
    order = np.lexsort(circles.T)
    return circles[order], scores[order]


def test_finds_every_disc_once_across_tiles(
    slide: Slide, detector: Detector, truth: NDArray[np.float64]
) -> None:
    steps = list(detect(slide, detector, threshold=0.3))
    circles, scores = gathered(steps)
    assert steps[-1].total > 4, "more than one tile, each way"
    assert sorted(match(circles, truth, scores)) == list(range(len(truth)))


def test_the_circles_do_not_depend_on_the_batch(slide: Slide, detector: Detector) -> None:
    circles, scores = gathered(list(detect(slide, detector, batch_size=1)))
    for size in (3, 16):
        others, other_scores = gathered(list(detect(slide, detector, batch_size=size)))
        np.testing.assert_allclose(others, circles, atol=0.05)
        np.testing.assert_allclose(other_scores, scores, atol=1e-4)


def test_the_circles_do_not_depend_on_the_slides_resolution(
    slide: Slide, detector: Detector, truth: NDArray[np.float64], write: Write
) -> None:
    finer = np.repeat(np.repeat(slide.read(0, 0, slide.width, slide.height), 2, 0), 2, 1)
    with open_slide(write(finer, SLIDE_MPP / 2)) as twice:
        circles, scores = gathered(list(detect(twice, detector, threshold=0.3)))
    matched = match(circles / 2, truth, scores)
    assert sorted(matched) == list(range(len(truth)))


def test_steps_count_tiles_and_seconds(slide: Slide, detector: Detector) -> None:
    steps = list(detect(slide, detector, batch_size=2))
    total = steps[0].total
    assert [step.done for step in steps] == [*range(2, total, 2), total]
    assert all(step.network_seconds > 0 for step in steps)


def test_a_region_emits_only_its_own_centres(
    slide: Slide, detector: Detector, truth: NDArray[np.float64]
) -> None:
    region = Region(300, 400, 500, 350)
    circles, scores = gathered(list(detect(slide, detector, threshold=0.3, region=region)))
    assert all(region.contains(x, y) for x, y, _ in circles)
    inner = Region(310, 410, 480, 330)
    inside = [i for i, (x, y, _) in enumerate(truth) if inner.contains(x, y)]
    assert len(inside) > 3
    assert set(inside) <= set(match(circles, truth, scores))


def test_cancelling_keeps_what_was_found(slide: Slide, detector: Detector) -> None:
    asked = iter([False, False, True])
    steps = list(detect(slide, detector, batch_size=2, cancelled=lambda: next(asked)))
    assert steps[-1].done == 4 < steps[-1].total
    everything, _ = gathered(list(detect(slide, detector)))
    circles, _ = gathered(steps)
    assert len(everything) > len(circles) > 0


def test_glass_is_a_result(detector: Detector, write: Write) -> None:
    glass = np.full((600, 600, 3), GREY, np.uint8)
    with open_slide(write(glass, SLIDE_MPP)) as slide:
        [step] = detect(slide, detector)
    assert (step.done, step.total, step.circles.shape) == (0, 0, (0, 3))


def test_a_slide_smaller_than_a_tile_is_searched(detector: Detector, write: Write) -> None:
    image = np.full((300, 400, 3), GREY, np.uint8)
    image[40:260, 40:300] = draw(np.array([[120.0, 110.0, 40.0]]), 220, 260)
    with open_slide(write(image, SLIDE_MPP)) as slide:
        circles, _ = gathered(list(detect(slide, detector, threshold=0.3)))
    distance = np.hypot(*(circles[:, :2] - [160, 150]).T)
    assert (distance < 8).sum() == 1
