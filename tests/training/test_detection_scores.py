"""Average precision and the other figures, by hand."""

import math

import numpy as np
import pytest

from napari_ggs.training.detection_scores import Found, average_precision, figures

TRUTH = np.array([[100.0, 100, 20], [300, 100, 30]])


def found(circles: list[list[float]], scores: list[float], matched: list[int]) -> Found:
    return Found(
        np.array(circles).reshape(-1, 3), np.array(scores), np.array(matched, dtype=int), TRUTH
    )


def test_all_found_and_nothing_else_is_one() -> None:
    assert average_precision([found(TRUTH.tolist(), [0.5, 0.9], [0, 1])]) == 1


def test_a_false_circle_between_two_hits() -> None:
    """Precision 1 up to a recall of .5 (51 of the 101 points), then 2/3."""
    one = found([*TRUTH.tolist(), [5, 5, 9]], [0.9, 0.3, 0.6], [0, 1, -1])
    assert average_precision([one]) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_what_is_never_found_counts_as_zero() -> None:
    assert average_precision([found([TRUTH[0].tolist()], [0.9], [0])]) == pytest.approx(51 / 101)
    assert average_precision([found([], [], [])]) == 0


def test_without_truth_there_is_no_figure() -> None:
    empty = Found(np.empty((0, 3)), np.empty(0), np.empty(0, dtype=int), np.empty((0, 3)))
    assert math.isnan(average_precision([empty]))
    assert figures([empty], 0.2, "test") == {
        "test_glomeruli": 0,
        "test_found": 0,
        "test_false_circles": 0,
    }


def test_figures_count_at_the_threshold() -> None:
    one = found([[100, 100, 22], [300, 100, 27], [5, 5, 9]], [0.9, 0.1, 0.6], [0, 1, -1])
    assert figures([one], 0.2, "test") == {
        "test_glomeruli": 2,
        "test_ap50": pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-4),
        "test_found": 1,
        "test_false_circles": 1,
        "test_radius_ratio": 1.1,
    }
