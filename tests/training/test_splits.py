"""Patients are on one side of a split."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.training.patches import PatchSet
from napari_ggs.training.splits import (
    Split,
    TrainingError,
    check,
    deal,
    split_folds,
    split_patients,
)

BOTH = ("normal", "obsolescent")


def patches(patient: str, *labels: str) -> PatchSet:
    images = [np.zeros((4, 4, 3), np.uint8)] * len(labels)
    return PatchSet.of(images, labels, patient)


def many(n: int, prefix: str = "p") -> PatchSet:
    return PatchSet.joined([patches(f"{prefix}{i}", *BOTH) for i in range(n)])


def names(part: PatchSet) -> set[str]:
    return set(part.patients.tolist())


def cohort(counts: list[list[int]]) -> PatchSet:
    """Patients with so many examples of each class."""
    parts = [
        patches(f"p{i}", *(f"class {c}" for c, n in enumerate(row) for _ in range(n)))
        for i, row in enumerate(counts)
    ]
    return PatchSet.joined(parts)


@given(n=st.integers(2, 12), share=st.floats(0.05, 0.6), seed=st.integers(0, 5))
@settings(deadline=None)
def test_no_patient_is_on_two_sides(n: int, share: float, seed: int) -> None:
    split = split_patients([many(n)], [share], seed)
    learnt, held_out = names(split.training), names(split.validation)
    assert not learnt & held_out
    assert len(learnt | held_out) == n
    assert len(held_out) == max(1, round(share * n))


@given(seed=st.integers(0, 20))
@settings(max_examples=10, deadline=None)
def test_both_sides_have_every_class_where_that_can_be(seed: int) -> None:
    rare = [patches(f"rare{i}", "solidified") for i in range(2)]
    split = split_patients([many(8), PatchSet.joined(rare)], [0.25, 0.2], seed)
    everything = PatchSet.joined([many(8), *rare, patches("one", "disappearing")])
    alone = split_patients([everything], [0.2], seed)
    for part in (*split[:2], alone.training):
        assert {*BOTH, "solidified"} <= set(part.labels)
    assert "disappearing" in alone.training.labels, "one patient has it: it is learnt"
    assert {*BOTH, "solidified"} == set(alone.validation.labels)


@pytest.mark.parametrize("seed", range(5))
def test_who_taught_before_does_not_choose_now(seed: int) -> None:
    everything = many(4)
    slides = np.where(everything.patients == "p1", "slide-a", "")
    known = replace(everything, slides=slides)
    split = split_patients([known], [0.75], seed, ["p0", "slide-a"])
    assert names(split.validation) == {"p2", "p3"}


def test_a_share_of_0_holds_nobody_out() -> None:
    split = split_patients([many(4), many(3, "real")], [0.25, 0.0], seed=0)
    assert sum(name.startswith("real") for name in split.training.patients) == 6
    assert len(split.validation) == 2


@given(
    counts=st.lists(
        st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=6, max_size=14
    ).map(lambda rows: [[n + (i == 0) for i, n in enumerate(row)] for row in rows]),
    folds=st.integers(3, 6),
    seed=st.integers(0, 5),
)
@settings(max_examples=25, deadline=None)
def test_each_patient_tests_once_chooses_once_and_is_never_on_two_sides(
    counts: list[list[int]], folds: int, seed: int
) -> None:
    everything = cohort(counts)
    splits = split_folds([everything], [0.2], folds, seed)
    for split in splits:
        sides = [names(part) for part in split]
        assert all(sides)
        assert sum(map(len, sides)) == len(set.union(*sides)) == len(counts)
        assert sum(map(len, split)) == len(everything)
    for side in ("validation", "test"):
        patients = [name for split in splits for name in names(getattr(split, side))]
        assert sorted(patients) == sorted(names(everything))


def test_five_folds_are_60_20_20_with_even_classes() -> None:
    rng = np.random.default_rng(3)
    everything = cohort((rng.integers(0, 4, (60, 3)) + np.eye(3, dtype=int)[0]).tolist())
    for split in split_folds([everything], [0.2], 5, 0):
        sizes = np.array([len(part) for part in split]) / len(everything)
        np.testing.assert_allclose(sizes, [0.6, 0.2, 0.2], atol=0.03)
        for name in np.unique(everything.labels):
            share = (split.test.labels == name).sum() / (everything.labels == name).sum()
            assert share == pytest.approx(0.2, abs=0.04)


def test_the_seed_decides_who_is_in_which_fold() -> None:
    tests = [
        [tuple(sorted(names(split.test))) for split in split_folds([many(20)], [0.2], 5, seed)]
        for seed in (1, 1, 2)
    ]
    assert tests[0] == tests[1] != tests[2]


def test_patients_of_a_share_of_0_are_only_learnt_from() -> None:
    for split in split_folds([many(6), many(3, "real")], [0.2, 0.0], 3, 0):
        assert {name for name in names(split.training) if "real" in name} == {
            "real0",
            "real1",
            "real2",
        }


def test_a_patient_in_two_sources_is_on_one_side() -> None:
    for split in split_folds([many(6), many(2)], [0.2, 0.0], 3, 0):
        check(split, BOTH)


@given(seed=st.integers(0, 20))
@settings(max_examples=10, deadline=None)
def test_a_class_of_two_patients_can_be_learnt_in_every_fold(seed: int) -> None:
    counts = [[3, 5] if i < 2 else [3, 0] for i in range(12)]
    for split in split_folds([cohort(counts)], [0.2], 5, seed):
        check(split, ("class 0", "class 1"))


def test_one_patient_who_holds_half_of_a_class_does_not_unsettle_the_rest() -> None:
    counts = np.full((20, 2), [10, 3])
    counts[0] = [10, 57]
    fold = deal(counts, 5, np.random.default_rng(0))
    sums = np.array([counts[fold == i].sum(axis=0) for i in range(5)])
    others = np.delete(sums, fold[0], axis=0)
    assert np.ptp(others, axis=0).max() <= 10
    assert sums[fold[0], 1] <= 57 + 6


@pytest.mark.parametrize(("patients", "folds"), [(4, 5), (4, 2), (0, 3)])
def test_too_few_patients_or_folds_are_refused(patients: int, folds: int) -> None:
    with pytest.raises(TrainingError, match=f"{folds} folds of {patients} patients: at least 3"):
        split_folds([many(max(patients, 1)), many(3, "real")], [patients, 0], folds, 0)


def test_one_patient_is_not_enough() -> None:
    split = split_patients([patches("only", *BOTH)], [0.2], seed=0)
    with pytest.raises(TrainingError, match="of 1 patient: at least two"):
        check(split, BOTH)


def test_a_class_without_an_example_to_learn_from_is_named() -> None:
    split = Split(patches("a", "normal"), patches("b", "normal", "solidified"))
    with pytest.raises(TrainingError, match=r"Fold 2: No patient to .* example of solidified"):
        check(split, ("normal", "solidified"), "Fold 2: ")


def test_a_patient_on_two_sides_is_refused() -> None:
    split = Split(many(3), many(2, "q"), many(1))
    with pytest.raises(TrainingError, match="p0 is on two sides"):
        check(split, BOTH)
