import numpy as np
import pytest

from napari_ggs.evaluation import best_temperature, cross_entropy_at, reliability


def test_the_calibration_error_is_the_mean_gap_weighted_by_counts() -> None:
    confidence = [0.95, 0.95, 0.95, 0.95, 0.55]
    found = reliability(confidence, [True, True, True, False, True], bins=10)
    assert found.count.tolist() == [0] * 5 + [1] + [0] * 3 + [4]
    assert found.accuracy[9] == 0.75
    assert found.error == pytest.approx((4 * 0.20 + 1 * 0.45) / 5)


def test_weights_are_repeats() -> None:
    once = reliability([0.3, 0.3, 0.8], [True, True, False])
    twice = reliability([0.3, 0.8], [True, False], weights=[2, 1])
    assert once.error == pytest.approx(twice.error)


def test_honest_probabilities_have_next_to_no_error_and_boastful_ones_have() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.2, 1, 20_000)
    right = rng.uniform(size=20_000) < p
    assert reliability(p, right).error < 0.015
    assert reliability(np.sqrt(p), right).error > 0.1


def test_no_answers_have_no_error() -> None:
    assert np.isnan(reliability([], []).error)


def test_the_best_temperature_undoes_a_scale() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 3))
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert best_temperature(2.5 * logits, truth) == pytest.approx(2.5, rel=0.1)


def test_cross_entropy_is_the_mean_surprise() -> None:
    logits = np.log([[0.5, 0.5], [0.8, 0.2]])
    assert cross_entropy_at(logits, [0, 1]) == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
