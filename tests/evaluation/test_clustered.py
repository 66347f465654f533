"""Shares over patients: right where glomeruli of a patient are alike, and honest where few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from napari_ggs.evaluation import wilson
from napari_ggs.evaluation.clustered import clustered_share, contrast, holm

COUNTS = st.lists(
    st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=12
)


def cohort(patients: int, share: float, icc: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Patients whose shares are beta-distributed around one, which gives that correlation."""
    rng = np.random.default_rng(seed)
    size = (1 - icc) / icc
    n = rng.integers(20, 100, patients)
    return rng.binomial(n, rng.beta(share * size, (1 - share) * size, patients)), n


def test_the_interval_is_that_of_the_sandwich() -> None:
    k, n = np.array([3, 8, 1, 12, 4, 0]), np.array([10, 20, 15, 20, 30, 12])
    share = k.sum() / n.sum()
    bread = n.sum() * share * (1 - share)
    error = np.sqrt(6 / 5 * ((k - share * n) ** 2).sum()) / bread
    ends = np.log(share / (1 - share)) + np.array([-1, 1]) * t.ppf(0.975, 5) * error
    found = clustered_share(k, n)
    assert found.value == pytest.approx(share)
    np.testing.assert_allclose([found.low, found.high], 1 / (1 + np.exp(-ends)), rtol=1e-6)


def test_alike_glomeruli_of_a_patient_widen_the_interval() -> None:
    k, n = cohort(30, 0.4, 0.34, seed=1)
    found, naive = clustered_share(k, n), wilson(int(k.sum()), int(n.sum()))
    assert found.high - found.low > 3 * (naive.high - naive.low)


@given(COUNTS)
def test_the_share_lies_in_its_interval_and_in_0_to_1(counts: list[tuple[int, int]]) -> None:
    found = clustered_share([k for k, _ in counts], [n for _, n in counts])
    assert found.n == sum(n for _, n in counts)
    if found.n:
        assert 0 <= found.value <= 1
    if found.has_interval:
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_few_patients_give_no_interval_and_none_of_many_a_wide_one() -> None:
    assert not clustered_share([1, 2, 3, 4], [10, 10, 10, 10]).has_interval
    none = clustered_share([0] * 8, [50] * 8)
    assert (none.low, none.high) == pytest.approx((0, wilson(0, 8).high))


def test_groups_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    one, other = cohort(20, 0.6, 0.2, seed=2), cohort(20, 0.2, 0.2, seed=3)
    found = contrast(*one, *other)
    assert found.p < 0.001
    assert found.odds_ratio.low > 1
    same = contrast(*other, *cohort(20, 0.2, 0.2, seed=4))
    assert same.p > 0.05
    assert same.odds_ratio.low < 1 < same.odds_ratio.high


def test_the_other_way_round_is_the_inverse() -> None:
    one, other = cohort(8, 0.5, 0.2, seed=5), cohort(7, 0.3, 0.2, seed=6)
    there, back = contrast(*one, *other), contrast(*other, *one)
    assert there.odds_ratio.value == pytest.approx(1 / back.odds_ratio.value)
    assert there.odds_ratio.low == pytest.approx(1 / back.odds_ratio.high)
    assert there.p == pytest.approx(back.p)


def test_every_way_to_lay_few_patients_is_tried() -> None:
    found = contrast([9, 8, 9], [10, 10, 10], [1, 2, 1], [10, 10, 10])
    assert found.p == pytest.approx(2 / 20)


def test_p_values_are_adjusted_for_those_that_are_there() -> None:
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
