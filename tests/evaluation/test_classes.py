import numpy as np
import pytest

from napari_ggs.evaluation import Answers, auc, class_figures, f1_scores
from napari_ggs.lesions import GGS


def answers(n: int = 120, patients: int = 15, seed: int = 0) -> Answers:
    rng = np.random.default_rng(seed)
    truth = rng.choice(GGS.classes, n, p=[0.3, 0.4, 0.1, 0.05, 0.15])
    logits = rng.normal(size=(n, 5)) + 2 * (truth[:, None] == np.array(GGS.classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Answers.of(truth, p, GGS, rng.integers(0, patients, n))


def test_every_figure_stands_with_its_n_and_interval() -> None:
    given = answers()
    found = class_figures(given, resamples=300)
    assert found.patients == 15
    assert found.matrix.sum() == found.macro_f1.n == 120
    np.testing.assert_allclose([f.value for f in found.f1.values()], f1_scores(given.matrix))
    assert {name: f.n for name, f in found.f1.items()} == {
        name: int((given.truth == name).sum()) for name in GGS.classes
    }
    for figure in found.figures().values():
        assert figure.n > 0
        assert figure.low <= figure.high
        assert figure.has_interval
    rejected = given.truth == "non-glomerulus"
    assert found.auc["non_glomerulus"].value == auc(rejected, given.probabilities[:, -1])


def test_the_seed_alone_settles_the_intervals() -> None:
    first, again, other = (
        class_figures(answers(), seed=seed, resamples=50).figures() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_answers_are_the_most_probable_classes_unless_given() -> None:
    p = [[0.4, 0.1, 0.0, 0.0, 0.5]]
    assert Answers.of(["normal"], p, GGS).answers.tolist() == ["non-glomerulus"]
    lenient = Answers.of(["normal"], p, GGS, answers=["normal"])
    assert lenient.answers.tolist() == ["normal"]
    assert lenient.confidence.tolist() == [0.4]


def test_without_patients_each_example_is_its_own() -> None:
    assert class_figures(Answers.of(["normal"] * 3, np.eye(5)[:3], GGS)).patients == 3


@pytest.mark.parametrize(
    ("truth", "p", "fault"),
    [
        (["sclerosed"], [[1, 0, 0, 0, 0]], "'sclerosed' is no class"),
        (["normal", "normal"], [[1, 0, 0, 0, 0]], "2"),
        (["normal"], [[np.nan] * 5], "NaN"),
    ],
)
def test_answers_that_do_not_fit_are_refused(truth, p, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Answers.of(truth, p, GGS)
