import numpy as np
import pytest

from napari_ggs.evaluation import Comparison, at_threshold
from napari_ggs.evaluation.comparing import ABSORBED, on_ignored
from napari_ggs.evaluation.matching import FALSE, assign


def test_each_find_knows_its_true_circle() -> None:
    image = Comparison.of(
        truth=[(0, 0, 10), (100, 0, 10)],
        found=[(100, 1, 10), (300, 0, 10), (0, 2, 11), (200, 0, 10)],
        scores=[0.3, 0.9, 0.6, 0.5],
        ignored=[(200, 3, 8)],
    )
    assert image.scores.tolist() == [0.9, 0.6, 0.5, 0.3]
    assert image.matched().tolist() == [FALSE, 0, ABSORBED, 1]


def test_a_find_on_a_cut_glomerulus_that_also_fits_a_whole_one_is_a_hit() -> None:
    image = Comparison.of([(0, 0, 10)], [(0, 0, 10)], [0.5], ignored=[(1, 0, 10)])
    assert image.matched().tolist() == [0]


def test_a_whole_circle_around_the_visible_half_of_a_glomerulus_is_absorbed() -> None:
    whole, radius = (0.0, 50.0, 20.0), 20.0
    centroid = 4 * radius / (3 * np.pi)  # of the half disc that the image's edge leaves
    half = (centroid, 50.0, radius / np.sqrt(2))
    assert on_ignored([whole], [half]).tolist() == [True]
    assert on_ignored([(60, 50, 20)], [half]).tolist() == [False]


def test_what_is_set_aside_is_taken_only_if_nothing_else_will_do() -> None:
    overlap = np.array([[0.9, 0.6], [0.8, 0.7]])
    assert assign(overlap, np.array([True, False]), 0.5).tolist() == [1, 0]
    assert assign(overlap, np.array([False, False]), 0.5).tolist() == [0, 1]
    assert assign(overlap, np.array([True, False]), 0.65).tolist() == [0, 1]


def test_recall_and_precision_at_a_threshold_leave_out_what_is_ignored() -> None:
    image = Comparison.of(
        truth=[(0, 0, 10), (100, 0, 10), (200, 0, 10)],
        found=[(0, 0, 11), (100, 0, 9), (500, 0, 9), (700, 0, 9), (200, 0, 10)],
        scores=[0.9, 0.8, 0.7, 0.6, 0.1],
        ignored=[(700, 0, 9)],
    )
    point = at_threshold([image], 0.5)
    assert (point.recall.value, point.recall.n) == (pytest.approx(2 / 3), 3)
    assert (point.precision.value, point.precision.n) == (pytest.approx(2 / 3), 3)
    assert (point.radius_ratio.value, point.radius_ratio.n) == (pytest.approx(1.0), 2)
    assert point.false == 1
    assert at_threshold([image], 0.0).recall.value == 1


def test_centre_recall_forgives_a_wrong_radius_but_not_a_wrong_place() -> None:
    truth = [(0, 0, 10), (100, 0, 10)]
    image = Comparison.of(truth, [(3, 4, 3), (105.1, 0, 10)], [0.9, 0.9])
    point = at_threshold([image], 0.5)
    assert point.centre_recall.value == 0.5
    assert point.recall.value == 0.5


def test_a_tool_that_encloses_instead_of_equalling_areas_shows_in_the_radius_ratio() -> None:
    truth = np.column_stack([100 * np.arange(9.0), np.zeros(9), np.full(9, 20.0)])
    found = truth * (1, 1, 1.27)
    assert at_threshold([Comparison.of(truth, found, np.ones(9))], 0.5).radius_ratio.value == (
        pytest.approx(1.27)
    )


def test_kept_finds_are_compared_with_the_same_truth() -> None:
    image = Comparison.of([(0, 0, 9)], [(0, 0, 9), (50, 0, 9)], [0.2, 0.9], [(9, 9, 2)], 0.5, "p")
    kept = image.where(np.array([False, True]))
    assert kept.found.tolist() == [[0, 0, 9]]
    assert (kept.mpp, kept.group, len(kept.truth), len(kept.ignored)) == (0.5, "p", 1, 1)


def test_many_circles_do_not_need_every_pair_in_memory_at_once() -> None:
    rng = np.random.default_rng(0)
    truth = np.column_stack([rng.uniform(0, 1e5, (1200, 2)), np.full(1200, 90.0)])
    image = Comparison.of(truth, truth + np.array([5, 0, 0]), rng.uniform(size=1200))
    point = at_threshold([image], 0.0)
    assert point.recall.value > 0.99
