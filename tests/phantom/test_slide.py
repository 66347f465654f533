"""PhantomSlide: seamless windows, determinism, true circles."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.circles import iou
from napari_ggs.lesions import GGS
from napari_ggs.phantom import PhantomSlide
from napari_ggs.phantom.latents import Latents, label_of
from napari_ggs.phantom.slide import _stamped
from napari_ggs.phantom.truth import COLUMNS


@pytest.fixture(scope="module")
def slide() -> PhantomSlide:
    return PhantomSlide(760, 640, mpp=0.5, seed=11, outline="wedge")


@pytest.fixture(scope="module")
def whole(slide: PhantomSlide) -> np.ndarray:
    return slide.render(0, 0, slide.width, slide.height)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_pixel_does_not_depend_on_the_window(
    slide: PhantomSlide, whole: np.ndarray, data: st.DataObject
) -> None:
    x = data.draw(st.integers(0, slide.width - 1))
    y = data.draw(st.integers(0, slide.height - 1))
    width = data.draw(st.integers(1, slide.width - x))
    height = data.draw(st.integers(1, slide.height - y))
    window = slide.render(x, y, width, height)
    np.testing.assert_array_equal(window, whole[y : y + height, x : x + width])


def test_a_second_slide_of_the_same_seed_is_the_same_in_any_order(
    slide: PhantomSlide, whole: np.ndarray
) -> None:
    again = PhantomSlide(760, 640, mpp=0.5, seed=11, outline="wedge")
    late = again.render(1000, 500, 300, 200)
    np.testing.assert_array_equal(late, whole[500:700, 1000:1300])
    assert again.truth.equals(slide.truth)


def test_another_seed_is_another_slide(slide: PhantomSlide, whole: np.ndarray) -> None:
    other = PhantomSlide(760, 640, mpp=0.5, seed=12, outline="wedge")
    assert not other.truth.equals(slide.truth)
    assert (other.render(600, 500, 200, 200) != whole[500:700, 600:800]).any(axis=2).mean() > 0.5


def test_a_pickled_slide_draws_the_same(slide: PhantomSlide, whole: np.ndarray) -> None:
    copy = pickle.loads(pickle.dumps(slide))  # noqa: S301
    np.testing.assert_array_equal(copy.render(700, 600, 50, 40), whole[600:640, 700:750])


def test_blocks_join_without_a_seam() -> None:
    slide = PhantomSlide(650, 150, mpp=0.25, seed=2, outline="field")
    rgb = slide.render(0, 0, 2600, 600).astype(float)
    step = np.abs(np.diff(rgb, axis=1)).mean((0, 2))
    seams = step[[1023, 2047]]
    assert (seams < np.percentile(step, 99)).all()


def test_coarse_slides_show_the_same_tissue_averaged() -> None:
    fine = PhantomSlide(500, 500, mpp=1.0, seed=5, outline="field")
    coarse = PhantomSlide(500, 500, mpp=4.0, seed=5, outline="field")
    squares = fine.render(0, 0, 500, 500).reshape(125, 4, 125, 4, 3).mean((1, 3))
    difference = np.abs(coarse.render(0, 0, 125, 125) - squares)
    assert difference.mean() < 1.0


def test_glass_is_nearly_white_and_tissue_is_not(slide: PhantomSlide, whole: np.ndarray) -> None:
    assert np.abs(whole[:20, :20].astype(float) - slide.style.white).max() < 30
    centre = whole[500:800, 600:900].reshape(-1, 3).astype(float)
    assert centre[:, 1].mean() < 0.85 * slide.style.white[1]
    assert centre.mean(0).argmin() == 1


@pytest.fixture(scope="module")
def large() -> PhantomSlide:
    return PhantomSlide(6000, 5000, mpp=0.5, seed=3, outline="wedge")


def test_truth_has_the_documented_columns_and_numbers(large: PhantomSlide) -> None:
    truth = large.truth
    assert tuple(truth.columns) == COLUMNS
    assert truth["id"].tolist() == list(range(1, len(truth) + 1))
    assert truth[["y", "x"]].apply(tuple, axis=1).is_monotonic_increasing


def test_labels_are_ggs_classes_and_follow_from_the_latents(large: PhantomSlide) -> None:
    names = [name for name in large.truth.columns if name in Latents.__dataclass_fields__]
    assert set(large.truth["label"]) <= set(GGS.glomerular)
    for row in large.truth.to_dict("records"):
        kind = label_of(Latents(**{name: row[name] for name in names}))
        assert row["kind"] == kind
        assert row["label"] == ("normal" if kind == "periglomerular fibrosis" else kind)


def test_whole_glomeruli_have_the_area_of_their_diameter_and_lie_in_tissue(
    large: PhantomSlide,
) -> None:
    whole = large.truth[~large.truth["cut"]]
    radius_um = whole["radius"] * large.mpp
    np.testing.assert_allclose(radius_um, whole["diameter_um"] / 2, rtol=0.03)
    for x, y in whole[["x", "y"]].to_numpy(np.float32) * large.mpp:
        assert large.layout.tissue(np.array([x]), np.array([y]))[0, 0] > 0


def test_cut_glomeruli_are_smaller_than_they_were() -> None:
    seeds = (PhantomSlide(3000, 3000, mpp=0.5, seed=seed, outline="wedge") for seed in range(4))
    cut = [row for slide in seeds for row in slide.truth.query("cut").to_dict("records")]
    assert cut
    assert all(row["radius"] * 0.5 < row["diameter_um"] / 2 for row in cut)


def test_true_circles_do_not_overlap(large: PhantomSlide) -> None:
    circles = large.truth[["x", "y", "radius"]].to_numpy()
    overlap = iou(circles, circles)
    np.fill_diagonal(overlap, 0)
    assert overlap.max() < 0.02


def test_the_true_circle_is_the_mask_of_what_is_drawn(large: PhantomSlide) -> None:
    place = min(large.layout.glomeruli, key=lambda p: abs(p.x - 3000) + abs(p.y - 2500))
    stamp = _stamped(place, 0.5)
    rows, columns = np.nonzero(stamp.alpha > 0.5)
    centre = np.array([stamp.left + columns.mean() + 0.5, stamp.top + rows.mean() + 0.5])
    found = large.truth.assign(
        off=np.hypot(large.truth["x"] - centre[0], large.truth["y"] - centre[1])
    ).sort_values("off")
    assert found["off"].iloc[0] * 0.5 < 5


def test_truth_in_micrometres_does_not_depend_on_the_resolution(large: PhantomSlide) -> None:
    fine = PhantomSlide(6000, 5000, mpp=0.25, seed=3, outline="wedge")
    for name in ("x", "y", "radius"):
        np.testing.assert_allclose(fine.truth[name] * 0.25, large.truth[name] * 0.5)


def test_hard_negatives_are_about_as_many_and_apart(large: PhantomSlide) -> None:
    mimics = large.mimics
    assert 0.4 < len(mimics) / len(large.truth) < 1.6
    overlap = iou(mimics[["x", "y", "radius"]], large.truth[["x", "y", "radius"]])
    assert overlap.max() < 0.02
    assert mimics["kind"].nunique() >= 4


def test_a_slide_too_small_for_a_glomerulus_has_an_empty_truth() -> None:
    slide = PhantomSlide(60, 60, mpp=0.5, seed=1, outline="field", mix={"normal": 1.0})
    assert tuple(slide.truth.columns) == COLUMNS
    assert len(slide.truth) == 0
    assert slide.render(0, 0, 120, 120).shape == (120, 120, 3)


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(ValueError, match="positive"):
        PhantomSlide(0, 10)
    with pytest.raises(ValueError, match="wedge, needle, field"):
        PhantomSlide(10, 10, outline="round")  # type: ignore[arg-type]
