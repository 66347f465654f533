import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from napari_ggs.evaluation import auc, mean_and_deviation, roc, roc_band
from napari_ggs.evaluation.ranking import GRID, weighted_auc

EXAMPLES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), min_size=2, max_size=30
).filter(lambda given: len({kind for kind, _ in given}) == 2)


@given(EXAMPLES)
def test_auc_is_the_rank_statistic_with_ties_counting_half(examples) -> None:
    positive, scores = (np.array(column) for column in zip(*examples, strict=True))
    pairs = mannwhitneyu(scores[positive], scores[~positive]).statistic
    expected = pairs / (positive.sum() * (~positive).sum())
    assert auc(positive, scores) == pytest.approx(expected)


@given(EXAMPLES)
def test_auc_is_the_area_under_the_curve(examples) -> None:
    positive, scores = zip(*examples, strict=True)
    curve = roc(positive, scores)
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert curve.auc == pytest.approx(area)
    assert (curve.true_positive_rate[-1], curve.false_positive_rate[-1]) == (1, 1)


@given(EXAMPLES, st.data())
def test_a_weight_is_a_repeat(examples, data) -> None:
    positive, scores = (np.array(column) for column in zip(*examples, strict=True))
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(examples), max_size=30)))
    times = times[: len(examples)]
    repeated = auc(np.repeat(positive, times), np.repeat(scores, times))
    weighted = weighted_auc(positive.astype(float), scores)(times)
    assert weighted == pytest.approx(repeated, nan_ok=True)


def test_a_roc_curve_done_by_hand() -> None:
    curve = roc([1, 0, 1, 0], [0.9, 0.9, 0.5, 0.1])
    assert curve.false_positive_rate.tolist() == [0, 0.5, 0.5, 1]
    assert curve.true_positive_rate.tolist() == [0, 0.5, 1, 1]
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.5, 0.1]
    assert curve.auc == pytest.approx(2.5 / 4)


def test_one_kind_only_has_no_curve_and_no_area() -> None:
    assert np.isnan(auc([1, 1], [0.1, 0.2]))
    assert np.isnan(auc([], []))
    with pytest.raises(ValueError, match="found 2 and 0"):
        roc([1, 1], [0.1, 0.2])


def test_the_band_of_equal_curves_has_no_width() -> None:
    curve = roc([1, 0, 1, 0, 1], [0.9, 0.8, 0.7, 0.3, 0.2])
    found = roc_band([curve] * 3)
    assert (found.auc, found.auc_deviation, found.curves) == (pytest.approx(curve.auc), 0, 3)
    assert not found.deviation.any()
    assert np.trapezoid(found.true_positive_rate, GRID) == pytest.approx(curve.auc, abs=0.01)


def test_the_band_is_one_standard_deviation_of_a_sample() -> None:
    perfect, useless = roc([1, 0], [0.9, 0.1]), roc([1, 0], [0.1, 0.9])
    found = roc_band([perfect, useless])
    assert (found.auc, found.auc_deviation) == (0.5, pytest.approx(np.sqrt(0.5)))
    assert found.true_positive_rate[100] == 0.5
    assert found.deviation[100] == pytest.approx(np.sqrt(0.5))


def test_the_deviation_of_one_fold_is_unknown() -> None:
    mean, deviation = mean_and_deviation([0.7])
    assert mean == 0.7
    assert np.isnan(deviation)
