import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ggs import circles

COORDINATE = st.floats(-500, 500, allow_nan=False)
RADIUS = st.floats(1, 200)
CIRCLE = st.tuples(COORDINATE, COORDINATE, RADIUS)


def crowd(least: int = 0) -> st.SearchStrategy[np.ndarray]:
    return st.lists(CIRCLE, min_size=least, max_size=25).map(circles.as_circles)


def brute_force_nms(crowd: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    kept: list[int] = []
    for i in circles.score_order(crowd, scores):
        if all(circles.iou(crowd[[i]], crowd[[k]])[0, 0] <= threshold for k in kept):
            kept.append(int(i))
    return kept


def test_a_circle_is_inside_a_box_until_it_reaches_out_by_more_than_the_margin() -> None:
    box = (10, 20, 110, 220)
    touching = [(15, 100, 5), (105, 100, 5), (50, 25, 5), (50, 215, 5)]
    beyond = [(14, 100, 5), (106, 100, 5), (50, 24, 5), (50, 216, 5)]
    assert circles.inside([*touching, *beyond], box).tolist() == [True] * 4 + [False] * 4
    assert circles.inside(beyond, box, margin=0.2).all()
    assert circles.inside([], box).tolist() == []


def test_two_equal_discs_a_radius_apart_overlap_in_the_textbook_lens() -> None:
    lens = 2 * np.pi / 3 - np.sqrt(3) / 2
    expected = lens / (2 * np.pi - lens)
    assert circles.iou([(0, 0, 1)], [(1, 0, 1)])[0, 0] == pytest.approx(expected)


def test_contained_disc_overlaps_by_the_ratio_of_areas() -> None:
    assert circles.iou([(0, 0, 4)], [(1, 1, 2)])[0, 0] == pytest.approx(0.25)


def test_discs_that_touch_at_a_point_do_not_overlap() -> None:
    assert circles.iou([(0, 0, 1)], [(2, 0, 1)])[0, 0] == 0


@given(CIRCLE, CIRCLE)
def test_iou_agrees_with_counting_pixels(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    low = min(a[0] - a[2], b[0] - b[2]), min(a[1] - a[2], b[1] - b[2])
    high = max(a[0] + a[2], b[0] + b[2]), max(a[1] + a[2], b[1] + b[2])
    x, y = np.meshgrid(np.linspace(low[0], high[0], 700), np.linspace(low[1], high[1], 700))
    in_a = np.hypot(x - a[0], y - a[1]) <= a[2]
    in_b = np.hypot(x - b[0], y - b[1]) <= b[2]
    if min(in_a.sum(), in_b.sum()) < 500:
        return  # too few pixels to count by
    counted = (in_a & in_b).sum() / (in_a | in_b).sum()
    assert circles.iou([a], [b])[0, 0] == pytest.approx(counted, abs=0.03)


@given(crowd(), crowd())
def test_iou_is_symmetric_and_within_bounds(a: np.ndarray, b: np.ndarray) -> None:
    overlap = circles.iou(a, b)
    np.testing.assert_allclose(overlap, circles.iou(b, a).T, atol=1e-12)
    assert ((overlap >= 0) & (overlap <= 1)).all()


@given(crowd(least=1))
def test_each_circle_overlaps_itself_wholly(a: np.ndarray) -> None:
    np.testing.assert_allclose(np.diag(circles.iou(a, a)), 1.0)


@given(crowd(), st.floats(0.05, 0.9), st.randoms())
def test_nms_keeps_what_pairwise_comparison_keeps(a: np.ndarray, threshold: float, random) -> None:
    scores = np.array([random.random() for _ in a])
    assert circles.nms(a, scores, threshold).tolist() == brute_force_nms(a, scores, threshold)


@given(crowd(least=2), st.randoms())
def test_nms_does_not_depend_on_the_order_of_its_input(a: np.ndarray, random) -> None:
    scores = np.array([random.choice([0.3, 0.6]) for _ in a])
    shuffled = np.array(random.sample(range(len(a)), len(a)))
    kept = circles.nms(a, scores)
    again = circles.nms(a[shuffled], scores[shuffled])
    np.testing.assert_array_equal(a[kept], a[shuffled][again])


@given(arrays(float, (12, 2), elements=st.floats(0, 300)))
def test_touching_finds_every_pair_that_meets(centres: np.ndarray) -> None:
    a = np.column_stack([centres, np.linspace(5, 60, 12)])
    found = {tuple(sorted(pair)) for pair in circles.touching(a).tolist()}
    overlap = np.triu(circles.iou(a, a), 1)
    assert {tuple(pair) for pair in np.argwhere(overlap > 1e-9).tolist()} <= found


SETS = st.lists(st.tuples(crowd(), st.randoms()), min_size=1, max_size=4)


def scored(sets: list[tuple[np.ndarray, object]]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(a, np.array([random.uniform(0.1, 1) for _ in a])) for a, random in sets]


@given(SETS)
def test_fusion_uses_every_circle_once(sets: list) -> None:
    found = scored(sets)
    fused = circles.fuse(found)
    assert fused.votes.sum() == sum(len(a) for a, _ in found)
    assert (fused.votes <= len(found)).all()
    assert (np.diff(fused.scores) <= 0).all()


@given(SETS, st.randoms())
def test_fusion_does_not_depend_on_the_order_of_the_detectors(sets: list, random) -> None:
    found = scored(sets)
    again = circles.fuse(random.sample(found, len(found)))
    expected = circles.fuse(found)
    np.testing.assert_allclose(again.scores, expected.scores)
    order, other = (np.lexsort(np.round(f.circles, 6).T) for f in (expected, again))
    np.testing.assert_allclose(again.circles[other], expected.circles[order], atol=1e-6)


@given(crowd(least=1), st.integers(2, 4))
def test_detectors_that_agree_wholly_change_nothing(a: np.ndarray, number: int) -> None:
    kept = a[circles.nms(a, np.linspace(1, 0.5, len(a)))]
    scores = np.linspace(1, 0.5, len(kept))
    fused = circles.fuse([(kept, scores)] * number)
    np.testing.assert_allclose(fused.circles, kept, atol=1e-9)
    np.testing.assert_allclose(fused.scores, scores)
    assert (fused.votes == number).all()


@given(CIRCLE, CIRCLE, st.floats(0.1, 1), st.floats(0.1, 1))
def test_two_circles_fuse_if_they_overlap_by_more_than_half(a, b, s: float, t: float) -> None:
    fused = circles.fuse([([a], [s]), ([b], [t])])
    assert (len(fused.circles) == 1) == (circles.iou([a], [b])[0, 0] > 0.5)
    if len(fused.circles) == 1:
        mean = (s * np.array(a) + t * np.array(b)) / (s + t)
        np.testing.assert_allclose(fused.circles, [mean])


def test_a_circle_joins_the_one_that_it_overlaps_most() -> None:
    first = ([(10, 10, 8)], [0.9])
    second = ([(13, 10, 8), (8.5, 10, 8)], [0.8, 0.3])
    fused = circles.fuse([first, second])
    assert fused.votes.tolist() == [1, 2]
    np.testing.assert_allclose(fused.circles[1], [(9 + 0.3 * 8.5) / 1.2, 10, 8])


def test_match_gives_each_true_circle_to_the_best_scored_finder_once() -> None:
    truth = [(0, 0, 10), (100, 0, 10)]
    found = [(1, 0, 10), (0, 0, 10), (100, 2, 10), (300, 0, 10)]
    assert circles.match(found, truth, [0.9, 0.8, 0.5, 0.7]).tolist() == [0, -1, 1, -1]


def test_match_without_truth_or_without_finds_matches_nothing() -> None:
    assert circles.match([(0, 0, 1)], [], [0.5]).tolist() == [-1]
    assert circles.match([], [(0, 0, 1)], []).tolist() == []


def test_wrong_shape_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        circles.as_circles([[1.0, 2.0]])
