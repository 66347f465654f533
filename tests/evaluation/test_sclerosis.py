import numpy as np
import pytest

from napari_ggs.evaluation import as_binary, aucs
from napari_ggs.evaluation.sclerosis import curve, positive, questions, score
from napari_ggs.lesions import BINARY, CIRCLEMIX, GGS

P = np.array([[0.2, 0.1, 0.2, 0.1, 0.4], [0.0, 0.0, 0.0, 0.0, 1.0]])


def test_the_three_scores_are_what_their_names_say() -> None:
    np.testing.assert_allclose(score("sclerotic_vs_normal", P, GGS), [0.4 / 0.6, 0.5])
    np.testing.assert_allclose(score("sclerotic_vs_rest", P, GGS), [0.4, 0.0])
    np.testing.assert_allclose(score("normal_vs_others", P, GGS), [0.8, 1.0])
    np.testing.assert_allclose(score("non_glomerulus", P, GGS), [0.4, 1.0])


def test_each_score_has_its_own_negatives() -> None:
    truth = ["normal", "solidified", "non-glomerulus"]
    np.testing.assert_equal(positive("sclerotic_vs_normal", truth, GGS), [0, 1, np.nan])
    np.testing.assert_equal(positive("sclerotic_vs_rest", truth, GGS), [0, 1, 0])
    np.testing.assert_equal(positive("normal_vs_others", truth, GGS), [0, 1, 1])
    np.testing.assert_equal(positive("non_glomerulus", truth, GGS), [0, 0, 1])


def test_periglomerular_fibrosis_is_neither_sclerotic_nor_normal() -> None:
    truth = ["normal", "periglomerular fibrosis", "obsolescent"]
    np.testing.assert_equal(positive("sclerotic_vs_normal", truth, CIRCLEMIX), [0, np.nan, 1])
    np.testing.assert_equal(positive("normal_vs_others", truth, CIRCLEMIX), [0, 1, 1])
    p = [[0.2, 0.5, 0.1, 0.1, 0.1]]
    assert score("sclerotic_vs_normal", p, CIRCLEMIX) == pytest.approx(0.6)
    np.testing.assert_allclose(as_binary(p, CIRCLEMIX), [[0.7, 0.3]])


def test_a_scheme_that_cannot_filter_has_no_rejection_score() -> None:
    assert "non_glomerulus" not in questions(CIRCLEMIX)
    with pytest.raises(ValueError, match="circlemix"):
        score("non_glomerulus", np.ones((1, 5)), CIRCLEMIX)


def test_coarse_truth_serves_a_fine_scheme() -> None:
    for truth in (["normal", "sclerotic"], ["non-sclerotic", "sclerotic"]):
        assert positive("normal_vs_others", truth, GGS).tolist() == [0, 1]
        assert positive("sclerotic_vs_normal", truth, GGS).tolist() == [0, 1]


def test_a_glomerulus_known_to_be_one_is_sclerotic_or_not() -> None:
    np.testing.assert_allclose(as_binary(P, GGS), [[0.2 / 0.6, 0.4 / 0.6], [0.5, 0.5]])
    np.testing.assert_allclose(as_binary([[0.3, 0.7]], BINARY), [[0.3, 0.7]])


def test_areas_and_curves_agree_and_count_what_they_use() -> None:
    rng = np.random.default_rng(3)
    truth = rng.choice(GGS.classes, 90)
    logits = rng.normal(size=(90, 5)) + 2 * (truth[:, None] == np.array(GGS.classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = aucs(truth, p, GGS, rng.integers(0, 12, 90), resamples=200)
    rejected = int((truth == "non-glomerulus").sum())
    assert found["sclerotic_vs_normal"].n == 90 - rejected
    assert found["sclerotic_vs_rest"].n == 90
    for question, figure in found.items():
        assert 0.6 < figure.low < figure.value < figure.high <= 1
        assert figure.value == pytest.approx(curve(question, truth, p, GGS).auc)


def test_a_score_without_negatives_is_undefined() -> None:
    found = aucs(["normal", "sclerotic"], [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0]], GGS, ["a", "b"])
    assert np.isnan(found["non_glomerulus"].value)
    assert found["normal_vs_others"].value == 1
