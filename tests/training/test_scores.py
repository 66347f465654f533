"""Scores agree with their definitions."""

import numpy as np
import pytest

from napari_ggs.training.scores import (
    balanced_accuracy,
    best_temperature,
    confusion,
    cross_entropy_at,
    f1_scores,
)

TRUTH, ANSWERS = [0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]


def test_confusion_counts_truth_by_answer() -> None:
    assert confusion(TRUTH, ANSWERS, 3).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_balanced_accuracy_is_the_mean_over_classes_that_occur() -> None:
    assert balanced_accuracy(confusion(TRUTH, ANSWERS, 3)) == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_f1_is_two_hits_over_both_totals() -> None:
    np.testing.assert_allclose(f1_scores(confusion(TRUTH, ANSWERS, 3)), [6 / 8, 2 / 4, np.nan])


def test_the_best_temperature_undoes_a_scale() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 3))
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert best_temperature(2.5 * logits, truth) == pytest.approx(2.5, rel=0.1)


def test_temperature_never_makes_held_out_truth_less_likely() -> None:
    rng = np.random.default_rng(1)
    logits, truth = rng.normal(0, 5, (50, 4)), rng.integers(0, 4, 50)
    fitted = cross_entropy_at(logits, truth, best_temperature(logits, truth))
    assert fitted <= cross_entropy_at(logits, truth, 1.0) + 1e-6
