"""How often the gate passes a model: equal ones, a better one, one of shuffled labels, leaked ones.

Run ``python benchmarks/gate_trials.py [--trials 1000]``. Each trial draws held-out patients with
lesion mixes of their own (intraclass correlation .34, as in the CircleMix paper; shares of classes
as in the GGS paper) and 15 to 80 circles, and lets two models answer. A model's logits are the
truth plus noise of each circle, in part the same for both models (some circles are hard), plus a
shift of each patient of its own (a stain that it takes badly). Equal models differ by these draws
alone. The old model's F1s are near those of the GGS paper's table.

Models of shuffled labels are logistic regressions on features that cluster by patient, trained on
other patients with their labels permuted. Leaked models know the held-out patients' labels by
heart; their cards list the patients, as every training writes them.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from napari_ggs import glomeruli
from napari_ggs.evaluation import Answers, wilson
from napari_ggs.evaluation.classifier_gate import judge_classifiers
from napari_ggs.evaluation.gate import Judgement
from napari_ggs.evaluation.paired import Figure
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, ModelCard, PatientsSeen
from napari_ggs.review.held_out import held_out
from napari_ggs.store import CaseStore, FieldChange, SlideInfo
from napari_ggs.store.patient_keys import patient_key, slide_key

SHARES = np.array([3621, 6647, 735, 459, 10619]) / 22081
ICC = 0.34
CLASSES, K = np.array(GGS.classes), len(GGS.classes)
CONFUSED = np.array([2.8, 2.0, 1.6, 1.2, 2.4])
"""How far a class's logits stand out, so that F1s come near those of the paper."""

OLD, BETTER, MUCH_BETTER = 1.0, 1.15, 1.4
"""What the logits of the truth are multiplied by."""


def cohort(rng: Generator, patients: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Classes and patients of circles."""
    mixes = rng.dirichlet(SHARES * (1 - ICC) / ICC, patients)
    each = rng.integers(15, 81, patients)
    truth = [rng.choice(K, n, p=mix) for n, mix in zip(each, mixes, strict=True)]
    return np.concatenate(truth), np.repeat(np.arange(patients), each)


def said(
    rng: Generator,
    truth: NDArray[np.intp],
    who: NDArray[np.intp],
    hard: NDArray[np.float64],
    skill: float,
) -> Answers:
    """What a model says of circles, some of which are hard for all models."""
    shift = rng.normal(0, 0.5, (who.max() + 1, K))[who]
    noise = 0.8 * hard + 0.6 * rng.normal(0, 1, hard.shape)
    signal = 2.2 * skill * (CONFUSED[:, None] * np.eye(K))[truth] + np.log(SHARES)
    return Answers.of(CLASSES[truth], softmax(signal + 1.6 * noise + shift, axis=1), GGS, who)


def pair(rng: Generator, patients: int, skill: float) -> tuple[Answers, Answers]:
    """An old model's answers and those of another skill."""
    truth, who = cohort(rng, patients)
    hard = rng.normal(0, 1, (len(truth), K))
    return said(rng, truth, who, hard, OLD), said(rng, truth, who, hard, skill)


def judged(pairs: Iterator[tuple[Answers, Answers]], uses: int = 1) -> list[Judgement]:
    """The judgements of pairs; intervals are not looked at."""
    return [judge_classifiers(old, new, uses, resamples=2) for old, new in pairs]


def line(name: str, found: list[Judgement]) -> str:
    """A row of the table."""
    passed = wilson(sum(one.verdict == "better" for one in found), len(found))
    by_p = np.mean([one.p_better < one.level for one in found])
    gain = np.mean([figure(one, "macro F1").difference.value for one in found])
    return (
        f"| {name} | {len(found)} | {gain:+.3f} | {100 * by_p:.1f} % | {100 * passed.value:.1f} % "
        f"({100 * passed.low:.1f} to {100 * passed.high:.1f}) |"
    )


def figure(found: Judgement, name: str) -> Figure:
    """One of its figures."""
    return next(one for one in found.figures if one.name == name)


def again_and_again(rng: Generator, patients: int, models: int) -> bool:
    """Whether any of several models that are no better passes on the same patients."""
    truth, who = cohort(rng, patients)
    hard = rng.normal(0, 1, (len(truth), K))
    old = said(rng, truth, who, hard, OLD)
    tries = (said(rng, truth, who, hard, OLD) for _ in range(models))
    found = (judge_classifiers(old, new, use, resamples=2) for use, new in enumerate(tries, 1))
    return any(one.verdict == "better" for one in found)


def features(
    rng: Generator, means: NDArray[np.float64], patients: int
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Features of circles that cluster by class and, less so, by patient."""
    truth, who = cohort(rng, patients)
    shift = rng.normal(0, 0.6, (patients, means.shape[1]))[who]
    return means[truth] + shift + rng.normal(0, 1, (len(truth), means.shape[1])), truth, who


def learnt(rng: Generator, wrong: Callable[[Generator, NDArray], NDArray]) -> Judgement:
    """A model trained properly, beside one whose labels went through `wrong`; 12 patients test."""
    means = rng.normal(0, 1.3, (K, 10))
    x, y, _ = features(rng, means, 20)
    test, truth, who = features(rng, means, 12)
    answers = []
    for labels in (y, wrong(rng, y)):
        model = LogisticRegression(C=0.1, max_iter=200).fit(x, labels)
        p = np.full((len(test), K), 1e-6)
        p[:, model.classes_] = model.predict_proba(test)
        p /= p.sum(axis=1, keepdims=True)
        answers.append(Answers.of(CLASSES[truth], p, GGS, who))
    return judge_classifiers(*answers, resamples=2)


def leaked(rng: Generator, patients: int = 12) -> tuple[Judgement, int]:
    """A model that knows the patients' labels: its judgement if let, and how many take part."""
    truth, who = cohort(rng, patients)
    hard = rng.normal(0, 1, (len(truth), K))
    old = said(rng, truth, who, hard, OLD)
    knowing = Answers.of(old.truth, 0.1 * old.probabilities + 0.9 * np.eye(K)[truth], GGS, who)
    known = rng.permutation(patients)[: rng.integers(1, patients + 1)]
    with TemporaryDirectory() as folder, CaseStore.open(Path(folder) / "s.ggs") as store:
        fill(store, patients)
        slides = {int(slide.patient): slide_key(slide.fingerprint) for slide in store.slides()}
        keys = [rng.choice([patient_key(store, str(one)), slides[int(one)]]) for one in known]
        part = held_out(store, [card(tuple(map(str, keys)))], GGS).patients
    there = {int(name) for name in part}
    assert len(there) == patients - len(known)
    return judge_classifiers(old, knowing, resamples=2), len(there & {int(one) for one in known})


def fill(store: CaseStore, patients: int) -> None:
    """Patients with a reviewed slide of one circle each."""
    session = store.begin_session("ann")
    rows = glomeruli.build([(100, 100, 20)], [0.5], [np.full(K, 0.2)], GGS)
    for patient in range(patients):
        info = SlideInfo(f"{patient:032x}", "s", Path("s.svs"), 900, 900, 0.5)
        run = store.begin_run(
            store.add_slide(info, str(patient), str(patient)), GGS, {}, Thresholds()
        )
        store.add_circles(run, rows)
        store.finish_run(run, rows, {})
        store.journal(run, session).append("labelled", [FieldChange(0, "label", "", "normal")])


def card(patients: tuple[str, ...]) -> ModelCard:
    """The card of a model that learnt from patients."""
    return ModelCard(
        name="leaked",
        task="classification",
        architecture=Architecture(kind="classifier", backbone="efficientnet_lite0"),
        classes=GGS.classes,
        margin_um=12.5,
        input_px=224,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        patients_seen=PatientsSeen(training=patients),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    trials, rng = parser.parse_args().trials, np.random.default_rng(0)
    old, _ = pair(rng, 400, OLD)
    f1 = judge_classifiers(old, old, resamples=2).figures[4:9]
    print("Old model:", ", ".join(f"{one.name} {one.old.value:.2f}" for one in f1))
    print("\n| new model | trials | macro F1 | p below level | called better (95 % interval) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, skill in (("equal", OLD), ("better", BETTER), ("much better", MUCH_BETTER)):
        for patients in (6, 12, 24):
            found = judged(pair(rng, patients, skill) for _ in range(trials))
            print(line(f"{name}, {patients} patients", found), flush=True)
    any_passed = sum(again_and_again(rng, 12, 5) for _ in range(trials))
    family = wilson(any_passed, trials)
    shuffled = [learnt(rng, Generator.permutation) for _ in range(trials // 5)]
    print(line("shuffled labels, 12 patients", shuffled))
    spied = [leaked(rng) for _ in range(trials // 10)]
    print(line("leaked, 12 patients, if it were let", [one for one, _ in spied]))
    print(f"\nAny of five equal models on the same 12 patients: {100 * family.value:.1f} % "
          f"({100 * family.low:.1f} to {100 * family.high:.1f})")  # fmt: skip
    print(f"Leaked patients let into a comparison: {sum(n for _, n in spied)} in {len(spied)}")


if __name__ == "__main__":
    main()
