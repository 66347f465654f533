"""The sign-flip test: exact where it says so, fair under chance, the same seen from both sides."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_ggs.evaluation import sign_flip
from napari_ggs.evaluation.sign_flip import least_patients, patients_needed, sign_flip_p

WHOLE = arrays(float, st.integers(1, 9), elements=st.integers(-5, 5).map(float))


def by_hand(values: np.ndarray) -> float:
    signs = np.array(list(product((-1, 1), repeat=len(values))))
    return float((signs @ np.abs(values) >= values.sum()).mean())


@given(values=WHOLE)
def test_p_is_the_share_of_all_flips_that_reach_the_sum(values: np.ndarray) -> None:
    assert sign_flip_p(values) == by_hand(values)


@given(values=WHOLE)
def test_both_sides_together_are_one_and_the_share_of_ties(values: np.ndarray) -> None:
    signs = np.array(list(product((-1, 1), repeat=len(values))))
    ties = (signs @ np.abs(values) == values.sum()).mean()
    assert sign_flip_p(values) + sign_flip_p(-values) == 1 + ties


@given(values=WHOLE, factor=st.floats(1e-6, 1e6), data=st.data())
def test_order_and_unit_do_not_matter(values: np.ndarray, factor: float, data) -> None:
    shuffled = np.array(data.draw(st.permutations(values.tolist())))
    assert sign_flip_p(shuffled * factor) == sign_flip_p(values)


@given(sizes=arrays(float, 7, elements=st.floats(0.001, 1)))
def test_under_chance_p_is_at_most_its_level_however_patients_differ(sizes: np.ndarray) -> None:
    signs = np.array(list(product((-1, 1), repeat=len(sizes))))
    p = np.array([sign_flip_p(one * sizes) for one in signs])
    for level in (1 / 128, 0.025, 0.1, 0.5):
        assert (p <= level).mean() <= level


def test_the_smallest_p_halves_with_each_patient() -> None:
    assert [sign_flip_p(np.ones(n)) for n in (1, 6, 10)] == [1 / 2, 1 / 64, 1 / 1024]
    assert sign_flip_p([]) == sign_flip_p([0.0, 0.0]) == 1


def test_of_many_patients_flips_are_drawn_and_agree_with_the_exact_test(monkeypatch) -> None:
    values = np.random.default_rng(2).normal(0.35, 1, 30)
    exact = sign_flip_p(values)
    monkeypatch.setattr(sign_flip, "MOST_EXACT", 10)
    assert sign_flip_p(values) == pytest.approx(exact, abs=0.002)
    assert sign_flip_p(np.ones(60)) == 1 / (sign_flip.FLIPS + 1)


def test_how_many_patients_the_test_needs_at_least() -> None:
    assert [least_patients(0.025 / uses) for uses in (1, 2, 3, 10)] == [6, 7, 7, 9]
    for uses in range(1, 40):
        level = 0.025 / uses
        assert 2.0 ** -least_patients(level) < level


def test_how_many_patients_like_these_would_show_it() -> None:
    seen = np.random.default_rng(0).normal(0.3, 1, 400)
    seen += 0.3 - seen.mean()
    needed = patients_needed(seen, 0.025)
    rng = np.random.default_rng(1)
    trials = [sign_flip_p(rng.choice(seen, needed)) < 0.025 for _ in range(60)]
    assert 0.65 < np.mean(trials) < 0.93
    assert patients_needed(-seen, 0.025) is None
    assert patients_needed([0.1], 0.025) is None
    assert patients_needed([0.1, 0.1], 0.025) == 6
