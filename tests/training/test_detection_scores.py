"""The figures of a detector's card, by hand."""

import math

import pytest

from napari_ggs.evaluation import Comparison
from napari_ggs.training.detection_scores import ap50, figures

TRUTH = [[100.0, 100, 20], [300, 100, 30]]


def test_figures_count_at_the_threshold() -> None:
    """Precision 1 up to a recall of .5 (51 of the 101 points), then 2/3."""
    one = Comparison.of(TRUTH, [[100, 100, 22], [300, 100, 27], [5, 5, 9]], [0.9, 0.1, 0.6])
    assert figures([one], 0.2, "test") == {
        "test_glomeruli": 2,
        "test_ap50": pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-4),
        "test_found": 1,
        "test_false_circles": 1,
        "test_radius_ratio": 1.1,
    }


def test_without_truth_only_false_circles_are_counted() -> None:
    empty = Comparison.of([], [[5, 5, 9]], [0.6])
    expected = {"test_glomeruli": 0, "test_found": 0, "test_false_circles": 1}
    assert figures([empty], 0.2, "test") == expected


def test_no_field_has_no_figure() -> None:
    assert math.isnan(ap50([]))
