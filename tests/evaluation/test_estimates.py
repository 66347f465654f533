import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.evaluation import Estimate, bootstrap, median, rate, wilson


def test_twenty_five_of_twenty_five_has_a_lower_bound_of_87_percent() -> None:
    found = wilson(25, 25)
    assert found.value == 1
    assert found.low == pytest.approx(0.867, abs=5e-4)
    assert found.high == 1


def test_a_share_of_nothing_is_undefined() -> None:
    assert str(wilson(0, 0)) == "undefined, n = 0"


def test_a_figure_reads_with_its_interval_and_n() -> None:
    assert str(Estimate(0.5, 12, 0.25, 0.75)) == "0.500 (0.250 to 0.750), n = 12"
    assert str(Estimate(0.5, 12)) == "0.500, n = 12"


@given(st.lists(st.floats(0.1, 3), min_size=1, max_size=40))
def test_the_median_lies_within_its_interval(values: list[float]) -> None:
    found = median(values)
    assert found.value == np.median(values)
    assert not found.has_interval or found.low <= found.value <= found.high


def test_the_interval_of_the_median_has_its_coverage() -> None:
    rng = np.random.default_rng(0)
    held = [
        found.low <= 0 <= found.high for found in (median(rng.normal(size=25)) for _ in range(200))
    ]
    assert 0.93 <= np.mean(held) <= 0.995


def test_patients_not_examples_are_drawn_again() -> None:
    rng = np.random.default_rng(1)
    level = rng.normal(size=30)
    values = np.repeat(level, 20)  # the twenty glomeruli of a patient are all alike

    def mean(times: np.ndarray) -> float:
        return float(np.average(values, weights=times))

    [clustered] = bootstrap(lambda times: [mean(times)], np.repeat(np.arange(30), 20), [600])
    [naive] = bootstrap(lambda times: [mean(times)], np.arange(600), [600])
    expected = 2 * 1.96 * level.std() / np.sqrt(30)
    assert clustered.high - clustered.low == pytest.approx(expected, rel=0.15)
    assert naive.high - naive.low < expected / 3
    assert clustered.value == naive.value == pytest.approx(values.mean())


def test_a_few_patients_give_no_interval() -> None:
    figures = bootstrap(lambda _: [1.0, 2.0], ["a", "b", "c", "d", "a"], [3, 2])
    assert [str(figure) for figure in figures] == ["1.000, n = 3", "2.000, n = 2"]


def test_undefined_draws_are_passed_over() -> None:
    never, at_times = bootstrap(
        lambda times: [np.nan, times[0] or np.nan], list("abcde"), [2, 2], resamples=100
    )
    assert not never.has_interval
    assert at_times.low >= 1


def test_a_rate_has_the_exact_interval_of_its_count() -> None:
    """Garwood's limits, as tables of the Poisson distribution have them."""
    found = rate(5, 2.5)
    assert (found.value, found.n) == (2, 5)
    assert (found.low, found.high) == pytest.approx((1.623 / 2.5, 11.668 / 2.5), abs=1e-3)
    none = rate(0, 10)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.3689, abs=1e-4)
    assert str(rate(3, 0)) == "undefined, n = 3"
