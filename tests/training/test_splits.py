"""Patients are on one side of a split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.training.patches import PatchSet
from napari_ggs.training.splits import TrainingError, split_patients


def patches(patient: str, *labels: str) -> PatchSet:
    images = [np.zeros((4, 4, 3), np.uint8)] * len(labels)
    return PatchSet.of(images, labels, patient)


def many(n: int, prefix: str = "p") -> PatchSet:
    return PatchSet.joined([patches(f"{prefix}{i}", "normal", "obsolescent") for i in range(n)])


@given(n=st.integers(2, 12), share=st.floats(0.05, 0.6), seed=st.integers(0, 5))
def test_no_patient_is_on_two_sides(n: int, share: float, seed: int) -> None:
    split = split_patients([many(n)], [share], seed)
    learnt, held_out = (set(part.patients.tolist()) for part in split)
    assert not learnt & held_out
    assert len(learnt | held_out) == n
    assert len(held_out) == max(1, round(share * n))


def test_a_share_of_0_holds_nobody_out() -> None:
    split = split_patients([many(4), many(3, "real")], [0.25, 0.0], seed=0)
    assert sum(name.startswith("real") for name in split.training.patients) == 6
    assert len(split.validation) == 2


def test_one_patient_is_not_enough() -> None:
    with pytest.raises(TrainingError, match="of 1 patient: at least two"):
        split_patients([patches("only", "normal", "obsolescent")], [0.2], seed=0)


def test_a_class_that_only_one_side_has_is_named() -> None:
    parts = [patches("a", "normal"), patches("b", "normal", "solidified")]
    with pytest.raises(TrainingError, match="example of solidified"):
        split_patients(parts, [0.0, 1.0 - 1e-9], seed=0)
