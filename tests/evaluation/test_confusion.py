import numpy as np
import pytest

from napari_ggs.evaluation import balanced_accuracy, confusion, f1_scores, macro_f1

CLASSES = ("normal", "obsolescent", "solidified")
TRUTH = ["normal"] * 4 + ["obsolescent"] * 2
ANSWERS = ["normal", "normal", "normal", "obsolescent", "obsolescent", "normal"]
MATRIX = confusion(TRUTH, ANSWERS, CLASSES)


def test_confusion_counts_truth_by_answer() -> None:
    assert MATRIX.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_confusion_takes_columns_for_names() -> None:
    assert confusion([0, 0, 1], [0, 1, 1], range(2)).tolist() == [[1, 1], [0, 1]]


def test_balanced_accuracy_is_the_mean_over_classes_that_occur() -> None:
    assert balanced_accuracy(MATRIX) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert np.isnan(balanced_accuracy(np.zeros((2, 2), dtype=int)))


def test_f1_is_two_hits_over_both_totals() -> None:
    np.testing.assert_allclose(f1_scores(MATRIX), [6 / 8, 2 / 4, np.nan])


def test_macro_f1_leaves_out_a_class_that_nobody_names() -> None:
    assert macro_f1(MATRIX) == pytest.approx((6 / 8 + 2 / 4) / 2)
    answered = confusion(TRUTH, ["solidified", *ANSWERS[1:]], CLASSES)
    assert macro_f1(answered) == pytest.approx((4 / 7 + 2 / 4 + 0) / 3)


def test_a_name_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="'sclerosed' is no class; the classes are normal"):
        confusion(["normal"], ["sclerosed"], CLASSES)
