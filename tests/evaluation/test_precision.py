"""Average precision: against COCO's own evaluation on boxes, and against circles done by hand."""

import numpy as np
import pytest
from faster_coco_eval import COCO as CocoSet
from faster_coco_eval import COCOeval_faster
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.evaluation import (
    COCO,
    GGS,
    PAPER,
    Comparison,
    Overlaps,
    Protocol,
    average_precision,
    from_overlaps,
    precision_recall,
)


def boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Boxes x, y, width, height of every size band."""
    return np.column_stack([rng.uniform(0, 400, (n, 2)), rng.uniform(8, 160, (n, 2))])


def jittered(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """Boxes near some true ones, some twice, and others anywhere."""
    near = truth[rng.integers(0, len(truth), 2 * len(truth))] if len(truth) else truth
    near = near + rng.normal(0, 4, near.shape)
    return np.maximum(np.concatenate([near, boxes(rng, 6)]), 1.0)


def shared_area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:])[:, None], (b[:, :2] + b[:, 2:])[None])
    return np.prod(np.clip(high - low, 0, None), axis=2)


def area(of: np.ndarray) -> np.ndarray:
    return of[:, 2] * of[:, 3]


Image = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def random_images(seed: int, crowds: bool) -> list[Image]:
    """Truth, crowd regions, found boxes and their scores, for a few images, one of them empty."""
    rng = np.random.default_rng(seed)
    images = []
    for n in (7, 0, 12, 3):
        truth = boxes(rng, n)
        crowd = boxes(rng, 3 if crowds else 0)
        found = np.concatenate([jittered(rng, truth), jittered(rng, crowd)])
        images.append((truth, crowd, found, rng.permutation(len(found)) / len(found)))
    return images


def by_coco(images: list[Image]) -> np.ndarray:
    """Precision as faster-coco-eval gives it: shape (10 IoUs, 4 bands: all, S, M, L), AP each."""
    truths, founds = [], []
    for i, (truth, crowd, found, scores) in enumerate(images, start=1):
        for box, many in [(b, 0) for b in truth] + [(b, 1) for b in crowd]:
            entry = {"id": len(truths) + 1, "image_id": i, "category_id": 1, "iscrowd": many}
            truths.append({**entry, "bbox": box.tolist(), "area": float(box[2] * box[3])})
        for box, score in zip(found, scores, strict=True):
            entry = {"image_id": i, "category_id": 1, "score": float(score)}
            founds.append({**entry, "bbox": box.tolist()})
    known = CocoSet(
        {
            "images": [{"id": i, "width": 999, "height": 999} for i in range(1, len(images) + 1)],
            "categories": [{"id": 1, "name": "glomerulus"}],
            "annotations": truths,
        }
    )
    evaluation = COCOeval_faster(known, known.loadRes(founds), "bbox")
    evaluation.params.maxDets = [1, 10, 1000]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"][:, :, 0, :, 2].mean(axis=1)


def by_us(image: Image) -> Overlaps:
    """The same image; what lies in a crowd region by half is absorbed."""
    truth, crowd, found, scores = image
    both = shared_area(found, truth)
    iou = both / (area(found)[:, None] + area(truth)[None] - both)
    covered = shared_area(found, crowd) / area(found)[:, None]
    order = np.argsort(-scores)
    return Overlaps(
        iou[order],
        scores[order],
        (covered >= 0.5).any(axis=1)[order],
        area(found)[order],
        area(truth),
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_figure_of_the_coco_protocol_is_that_of_faster_coco_eval(seed: int) -> None:
    images = random_images(seed, crowds=False)
    theirs = by_coco(images)
    ours = from_overlaps([by_us(image) for image in images], COCO)
    assert 0.1 < ours.ap50.value < 0.95
    assert ours.ap.value == pytest.approx(theirs[:, 0].mean(), abs=1e-6)
    assert ours.ap50.value == pytest.approx(theirs[0, 0], abs=1e-6)
    assert ours.ap75.value == pytest.approx(theirs[5, 0], abs=1e-6)
    for band, name in enumerate("SML", start=1):
        assert ours.by_size[name].value == pytest.approx(theirs[:, band].mean(), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_what_lies_on_something_ignored_counts_as_in_a_crowd_of_coco(seed: int) -> None:
    images = random_images(seed, crowds=True)
    ours = from_overlaps([by_us(image) for image in images], COCO)
    strict = [(truth, crowd[:0], found, scores) for truth, crowd, found, scores in images]
    assert ours.ap50.value == pytest.approx(by_coco(images)[0, 0], abs=1e-6)
    assert ours.ap50.value > by_coco(strict)[0, 0]


def test_a_precision_recall_curve_done_by_hand() -> None:
    truth = [(0, 0, 10), (100, 0, 10), (200, 0, 10), (300, 0, 10)]
    found = [(0, 0, 10), (500, 0, 10), (100, 0, 10), (200, 1, 10)]
    image = Comparison.of(truth, found, [0.9, 0.8, 0.7, 0.6])
    curve = precision_recall([image])
    np.testing.assert_allclose(curve.recall, [1 / 4, 1 / 4, 2 / 4, 3 / 4])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3, 3 / 4])
    # recall 0 to .25: 26 points at 1; .26 to .75: 50 points at 3/4; beyond: nothing
    assert curve.average == pytest.approx((26 + 50 * 0.75) / 101)
    assert average_precision([image]).ap50.value == pytest.approx(curve.average)


def test_a_circle_hits_up_to_its_own_overlap_only() -> None:
    inner = [(50, 50, 8)]  # within a disc of radius 10: IoU .64
    figures = average_precision([Comparison.of([(50, 50, 10)], inner, [0.5])])
    assert figures.ap50.value == 1
    assert figures.ap75.value == 0
    assert figures.ap.value == pytest.approx(3 / 10)  # .50, .55 and .60
    ggs = average_precision([Comparison.of([(50, 50, 10)], inner, [0.5], mpp=1.0)], GGS)
    assert ggs.ap.value == pytest.approx(3 / 9)


def test_a_second_circle_on_one_glomerulus_is_false() -> None:
    image = Comparison.of(
        [(0, 0, 10), (90, 0, 10)], [(0, 0, 10), (0, 1, 10), (90, 0, 10)], [3, 2, 1]
    )
    assert average_precision([image]).ap50.value == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_cut_glomeruli_are_neither_hit_nor_miss() -> None:
    truth, cut = [(50, 50, 10)], [(0, 50, 9)]
    found = [(0, 50, 9), (2, 53, 12), (50, 50, 10)]
    image = Comparison.of(truth, found, [0.9, 0.8, 0.7], ignored=cut)
    figures = average_precision([image])
    assert figures.ap.value == 1
    assert figures.ap.n == 1
    assert average_precision([Comparison.of(truth, found, [0.9, 0.8, 0.7])]).ap50.value < 0.5


def test_sizes_of_ggs_and_paper_are_microns_and_of_coco_pixels_where_microns_are_unknown() -> None:
    sizes = np.array([100, 142, 144, 172, 174, 228, 230, 300])  # diameters, um
    truth = np.column_stack([1000.0 * np.arange(8), np.zeros(8), sizes / 2 / 0.5])
    image = Comparison.of(truth, truth[::2], np.ones(4), mpp=0.5)
    ns = {
        p.name: [e.n for e in average_precision([image], p).by_size.values()] for p in (GGS, PAPER)
    }
    assert ns == {"ggs": [4, 2], "paper": [2, 6]}
    small = Comparison.of([(0, 0, 18), (99, 0, 18.1), (300, 0, 54.1), (500, 0, 54.2)], [], [])
    assert [e.n for e in average_precision([small]).by_size.values()] == [1, 2, 1]


@pytest.mark.parametrize("mpp", [0.25, 0.5, 4.0])
def test_sizes_of_coco_are_the_same_at_every_resolution(mpp: float) -> None:
    radii = np.array([18, 18.1, 54.1, 54.2]) * 4 / mpp  # px of 4 um, as in the papers
    truth = np.column_stack([9000.0 * np.arange(4), np.zeros(4), radii])
    image = Comparison.of(truth, truth, np.ones(4), mpp=mpp)
    assert [e.n for e in average_precision([image]).by_size.values()] == [1, 2, 1]


def test_a_find_of_another_size_is_not_false_within_a_band() -> None:
    truth, found = [(0, 0, 10), (500, 0, 60)], [(0, 0, 10), (900, 0, 60), (500, 0, 60)]
    figures = average_precision([Comparison.of(truth, found, [0.5, 0.9, 0.4])])
    assert figures.by_size["S"].value == 1
    assert figures.by_size["L"].value == pytest.approx(0.5)


def test_scores_are_rounded_before_they_are_ranked_under_ggs_only() -> None:
    far, near = [(0, 0, 10)], [(0, 0, 10)]
    images = [
        Comparison.of(near, near, [0.901], mpp=1.0),
        Comparison.of([], far, [0.904], mpp=1.0),
    ]
    assert average_precision(images, PAPER).ap50.value == pytest.approx(0.5)
    assert average_precision(images, GGS).ap50.value == 1


def test_only_the_best_of_an_image_are_looked_at() -> None:
    two = Protocol("two", (0.5,), (), "px", max_detections=2)
    far = [(1000 + 100 * i, 0, 10) for i in range(2)]
    image = Comparison.of([(0, 0, 10)], [*far, (0, 0, 10)], [0.9, 0.8, 0.7])
    assert average_precision([image], two).ap50.value == 0
    assert average_precision([image]).ap50.value == pytest.approx(1 / 3)


def test_without_any_glomerulus_there_is_no_precision() -> None:
    figures = average_precision([Comparison.of([], [(0, 0, 5)], [0.5])])
    assert np.isnan(figures.ap.value)
    assert figures.ap.n == 0


def test_without_any_find_precision_is_zero() -> None:
    figures = average_precision([Comparison.of([(0, 0, 5)], [], [])])
    assert (figures.ap.value, figures.ap.n) == (0, 1)
    assert len(precision_recall([Comparison.of([(0, 0, 5)], [], [])]).recall) == 0


def test_sizes_in_microns_ask_for_the_resolution() -> None:
    with pytest.raises(ValueError, match="um/px"):
        average_precision([Comparison.of([(0, 0, 5)], [], [])], GGS)


def test_intervals_come_from_patients_and_repeat() -> None:
    good = [Comparison.of([(0, 0, 9)], [(0, 0, 9)], [0.9], group=f"a{i}") for i in range(6)]
    bad = [Comparison.of([(0, 0, 9)], [], [], group=f"b{i}") for i in range(6)]
    first = average_precision([*good, *bad], resamples=200)
    assert first.ap == average_precision([*good, *bad], resamples=200).ap
    assert first.ap.low < first.ap.value < first.ap.high
    alone = average_precision(good[:1])
    assert not alone.ap.has_interval


CIRCLE = st.tuples(st.floats(0, 300), st.floats(0, 300), st.floats(5, 40))


@settings(max_examples=40)
@given(st.lists(CIRCLE, min_size=1, max_size=8), st.lists(CIRCLE, max_size=12), st.randoms())
def test_precision_does_not_depend_on_the_order_of_its_input(truth, found, random) -> None:
    scores = [random.choice([0.2, 0.5, 0.9]) for _ in found]
    mixed = random.sample(range(len(found)), len(found))
    once = average_precision([Comparison.of(truth, found, scores)])
    again = Comparison.of(truth, [found[i] for i in mixed], [scores[i] for i in mixed])
    assert average_precision([again]).ap.value == once.ap.value


@settings(max_examples=40)
@given(st.lists(CIRCLE, min_size=1, max_size=8))
def test_a_perfect_detector_has_precision_one(truth) -> None:
    image = Comparison.of(truth, truth, np.linspace(0.1, 0.9, len(truth)), mpp=0.5)
    for protocol in (COCO, GGS, PAPER):
        assert average_precision([image], protocol).ap.value == pytest.approx(1)
