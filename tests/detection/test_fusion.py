"""Several detectors agree on circles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_ggs.circles import match
from napari_ggs.detection import Detector, FusedDetector, detect
from napari_ggs.slides import open_slide
from tests.detection.conftest import MPP, draw, scatter

Found = Sequence[tuple[float, float, float, float]]
BLANK = np.zeros((1, 64, 64, 3), np.uint8)


@dataclass(frozen=True)
class Told:
    """Finds what it was told: x, y, radius, score."""

    found: Found
    mpp: float = 4.0
    input_px: int = 256
    max_radius_um: float = 160.0

    def detect(
        self, images: NDArray[np.uint8], threshold: float
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        rows = np.array([row for row in self.found if row[3] >= threshold]).reshape(-1, 4)
        return [(rows[:, :3], rows[:, 3])] * len(images)


def fused(*found: Found, threshold: float = 0.1) -> NDArray[np.float64]:
    [(circles, scores)] = FusedDetector(tuple(map(Told, found))).detect(BLANK, threshold)
    return np.column_stack([circles, scores])


def test_agreeing_circles_become_their_score_weighted_mean() -> None:
    found = fused([(10, 10, 8, 0.6)], [(12, 10, 8, 0.2)])
    np.testing.assert_allclose(found, [[10.5, 10, 8, 0.5]])


def test_one_detector_is_enough_only_if_it_is_sure() -> None:
    found = fused([(10, 10, 8, 0.89), (40, 40, 8, 0.9)], [], [])
    np.testing.assert_allclose(found, [[40, 40, 8, 0.9]])


def test_half_an_overlap_is_not_yet_the_same_glomerulus() -> None:
    far, near = (np.array([(10.0 + shift, 10, 8, 0.5)]) for shift in (6, 4))
    assert len(fused([(10, 10, 8, 0.5)], far)) == 0
    assert len(fused([(10, 10, 8, 0.5)], near)) == 1


def test_a_detector_that_finds_a_glomerulus_twice_has_one_vote() -> None:
    assert len(fused([(10, 10, 8, 0.6), (10.5, 10, 8, 0.5)], [])) == 0


def test_a_threshold_takes_circles_away_and_changes_none() -> None:
    first, second = [(10, 10, 8, 0.95), (40, 40, 9, 0.3)], [(11, 10, 8, 0.2), (41, 40, 9, 0.2)]
    everything = fused(first, second)
    assert len(everything) == 2
    for threshold in (0.24, 0.5, 0.9):
        kept = everything[everything[:, 3] >= threshold]
        np.testing.assert_array_equal(fused(first, second, threshold=threshold), kept)


def test_every_image_of_a_batch_is_fused_by_itself() -> None:
    members = (Told([(10, 10, 8, 0.6)]), Told([(11, 10, 8, 0.6)]))
    found = FusedDetector(members).detect(np.zeros((3, 64, 64, 3), np.uint8), 0.1)
    assert [len(scores) for _, scores in found] == [1, 1, 1]


@pytest.mark.parametrize("field", ["mpp", "input_px"])
def test_detectors_that_want_other_tiles_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=rf"differ in {field} \("):
        FusedDetector((Told([]), Told([], **{field: 2})))


def test_one_detector_is_no_fusion() -> None:
    with pytest.raises(ValueError, match="two detectors"):
        FusedDetector((Told([]),))


def test_a_detector_fused_with_itself_finds_the_same_on_a_slide(
    detector: Detector, write: Callable[[NDArray[np.uint8], float], Path]
) -> None:
    truth = scatter(np.random.default_rng(8), 30, 500, 10, 28)
    with open_slide(write(draw(truth, 500, 500), MPP)) as slide:
        [alone, both] = [
            np.concatenate([step.circles for step in detect(slide, each, threshold=0.3)])
            for each in (detector, FusedDetector((detector, detector)))
        ]
    np.testing.assert_allclose(both[np.lexsort(both.T)], alone[np.lexsort(alone.T)], atol=1e-6)
    assert sorted(match(both, truth, np.ones(len(both)))) == list(range(len(truth)))
