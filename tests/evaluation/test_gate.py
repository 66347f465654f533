"""The gate for classifiers and detectors: when a model passes, and that both sides see it alike."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.evaluation import Answers, Comparison, Estimate
from napari_ggs.evaluation.classifier_gate import ggs_errors, judge_classifiers, quadratic_score
from napari_ggs.evaluation.detector_gate import Detections, ap50_by_patient, judge_detectors
from napari_ggs.evaluation.gate import Judgement, judge
from napari_ggs.evaluation.paired import Figure
from napari_ggs.lesions import GGS

CLASSES = np.array(GGS.classes)
FEW = {"resamples": 20}


def answers(rng: np.random.Generator, sure: float, patients: int = 8, each: int = 25) -> Answers:
    """What a classifier says that is as sure of the truth as is said, 0 for not at all."""
    truth = np.random.default_rng(5).integers(0, 5, patients * each)
    logits = rng.normal(0, 1, (len(truth), 5)) + sure * np.eye(5)[truth]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Answers.of(CLASSES[truth], p, GGS, np.repeat(np.arange(patients), each))


def test_a_better_classifier_passes_and_the_old_one_is_worse() -> None:
    rng = np.random.default_rng(0)
    old, new = answers(rng, 1.0), answers(rng, 2.5)
    found = judge_classifiers(old, new, resamples=200)
    assert (found.verdict, found.p_better, found.lost) == ("better", 2**-8, ())
    assert judge_classifiers(new, old, **FEW).verdict == "worse"
    assert found.difference.low > 0
    figure = {one.name: one for one in found.figures}
    assert figure["macro F1"].difference.low > 0
    assert figure["F1 normal"].guarded
    assert figure["F1 normal"].old.n == (old.truth == "normal").sum()
    assert (
        figure["error of %GGS by patient"].new.value < figure["error of %GGS by patient"].old.value
    )


def test_the_same_model_twice_is_not_distinguishable() -> None:
    one = answers(np.random.default_rng(1), 1.0)
    found = judge_classifiers(one, one, **FEW)
    assert (found.verdict, found.p_better, found.p_worse, found.needed) == (
        "not distinguishable",
        1,
        1,
        None,
    )


@given(seed=st.integers(0, 10_000), a=st.floats(0, 3), b=st.floats(0, 3), uses=st.integers(1, 5))
def test_swapping_the_models_mirrors_the_judgement(
    seed: int, a: float, b: float, uses: int
) -> None:
    rng = np.random.default_rng(seed)
    pair = [answers(rng, a, each=10), answers(rng, b, each=10)]
    one, other = judge_classifiers(*pair, uses, **FEW), judge_classifiers(*pair[::-1], uses, **FEW)
    mirror = {"better": "worse", "worse": "better"}
    assert other.verdict == mirror.get(one.verdict, one.verdict)
    assert (other.p_better, other.p_worse) == (one.p_worse, one.p_better)
    assert np.allclose(other.differences, one.mirrored().differences)
    for mine, theirs in zip(one.mirrored().figures, other.figures, strict=True):
        for name in ("old", "new", "difference"):
            ours, yours = getattr(mine, name), getattr(theirs, name)
            ends = [[e.value, e.low, e.high] for e in (ours, yours)]
            assert np.allclose(*ends, equal_nan=True)


def figure(change: float, guarded: bool = True) -> Figure:
    return Figure("F1 x", Estimate(0.8, 9), Estimate(0.8 + change, 9), Estimate(change, 9), guarded)


@pytest.mark.parametrize(
    ("change", "guarded", "verdict"),
    [
        (-0.04, True, "better"),
        (-0.06, True, "not distinguishable"),
        (-0.06, False, "better"),
        (float("nan"), True, "better"),
    ],
)
def test_a_class_may_not_lose_much(change: float, guarded: bool, verdict: str) -> None:
    assert judge("score", np.ones(8), [figure(change, guarded)], **FEW).verdict == verdict


@pytest.mark.parametrize(
    ("patients", "uses", "verdict"),
    [(5, 1, "not distinguishable"), (6, 1, "better"), (6, 2, "not distinguishable"),
     (7, 2, "better"), (7, 4, "not distinguishable")],
)  # fmt: skip
def test_few_patients_and_many_uses_are_not_enough(patients: int, uses: int, verdict: str) -> None:
    found = judge("score", np.full(patients, 0.1), [], uses, **FEW)
    assert found.verdict == verdict
    assert found.level == 0.025 / uses


def test_a_judgement_is_kept_as_plain_json() -> None:
    found = judge("score", [0.1, 0.2, -0.1], [figure(float("nan"))], 2, **FEW)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert Judgement.from_dict(json.loads(text)).to_dict() == found.to_dict()
    assert Judgement.from_dict(json.loads(text)).verdict == found.verdict


def test_the_score_is_proper_and_between_0_and_1() -> None:
    truth, right, wrong = ["normal"], [[1, 0, 0, 0, 0]], [[0, 1, 0, 0, 0]]
    assert quadratic_score(Answers.of(truth, right, GGS)) == [1]
    assert quadratic_score(Answers.of(truth, wrong, GGS)) == [0]
    honest = np.array([0.6, 0.4, 0, 0, 0])
    for said in np.random.default_rng(0).dirichlet(np.ones(5), 50):
        both = [quadratic_score(Answers.of(["normal", "obsolescent"], [p, p], GGS)) for p in
                (honest, said)]  # fmt: skip
        assert honest[:2] @ both[0] >= honest[:2] @ both[1]


def test_the_error_of_ggs_is_that_of_each_patient() -> None:
    truth = ["normal", "obsolescent", "normal", "normal", "non-glomerulus"]
    said = ["normal", "normal", "solidified", "normal", "non-glomerulus"]
    p = np.eye(5)[[GGS.classes.index(name) for name in said]]
    errors = ggs_errors(Answers.of(truth, p, GGS, ["a", "a", "b", "b", "c"]))
    assert np.array_equal(errors, [50, 50, np.nan], equal_nan=True)


def test_models_are_compared_on_the_same_circles_only() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="same circles"):
        judge_classifiers(answers(rng, 1), answers(rng, 1, patients=9))


def slides(misses: int, patients: int = 7, false: int = 1) -> tuple[Detections, list[list[str]]]:
    """A detector that misses the last of ten glomeruli on each slide, two slides a patient."""
    truth = np.array([(100 * i, 50, 20) for i in range(10)], float)
    wrong = np.array([(100 * i, 900, 20) for i in range(false)], float).reshape(-1, 3)
    found = np.concatenate([truth[: 10 - misses], wrong])
    images = [
        Comparison.of(truth, found, np.linspace(0.9, 0.5, len(found)), group=f"p{i // 2}")
        for i in range(2 * patients)
    ]
    return Detections(images, 0.3), [["normal"] * 8 + ["solidified"] * 2] * len(images)


def test_a_detector_that_finds_more_passes() -> None:
    (old, labels), (new, _) = slides(3), slides(0)
    found = judge_detectors(old, new, labels, GGS.classes, **FEW)
    assert (found.verdict, found.patients, found.p_better) == ("better", 7, 2**-7)
    assert judge_detectors(new, old, labels, GGS.classes, **FEW).verdict == "worse"
    figure = {one.name: one for one in found.figures}
    assert [*figure][3:] == ["recall normal", "recall solidified"]
    assert figure["recall"].old.value == 0.7
    assert figure["recall solidified"].old.value == 0
    assert figure["precision"].new.value == 10 / 11
    assert ap50_by_patient(new.images).tolist() == pytest.approx([1] * 7)


def test_a_detector_that_loses_a_class_does_not_pass() -> None:
    (old, labels), (new, _) = slides(1, false=5), slides(2, false=0)
    better = replace(old, images=[i.where(i.scores > 2) for i in old.images])
    found = judge_detectors(better, new, labels, GGS.classes, **FEW)
    assert found.verdict == "better"
    found = judge_detectors(old, new, labels, GGS.classes, **FEW)
    assert found.lost == ("recall solidified",)
    assert found.verdict != "better"


def test_detectors_are_compared_on_the_same_slides_only() -> None:
    (old, labels), (new, _) = slides(1), slides(1)
    other = replace(new, images=[replace(i, group="x") for i in new.images])
    with pytest.raises(ValueError, match="same slides"):
        judge_detectors(old, other, labels, GGS.classes)
