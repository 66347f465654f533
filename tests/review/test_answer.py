"""The answer: what takes part, what it adds up to, and its intervals."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.evaluation import wilson
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import BINARY, GGS, NON_GLOMERULUS
from napari_ggs.review.answer import Answer, answer
from napari_ggs.review.conventions import by_section, case_table, conventions
from napari_ggs.review.expectations import Expectations, expect, variance
from napari_ggs.review.intervals import Draws, draw, kidney_interval
from tests.review.simulated import calibrated, labelled, reviews

LIMITS = Thresholds(detection=0.1)
SHARES = st.floats(0, 1)


def few(*rows: tuple[float, float, float]) -> pd.DataFrame:
    """Circles of given detection score, p(normal) and p(obsolescent)."""
    p = [[normal, sclerotic, 0, 0, 1 - normal - sclerotic] for _, normal, sclerotic in rows]
    xyr = [[100.0 * i, 0, 50] for i in range(len(rows))]
    return glomeruli.build(xyr, [row[0] for row in rows], p, GGS)


def of(table: pd.DataFrame, **settings: object) -> Answer:
    return answer(table, GGS, LIMITS, **settings)  # type: ignore[arg-type]


@given(SHARES, SHARES, SHARES)
def test_u_is_the_variance_of_what_a_circle_may_turn_out_to_be(
    g: float, part: float, theta: float
) -> None:
    s = g * part
    values = np.array([1 - theta, -theta, 0.0])
    chances = np.array([s, g - s, 1 - g])
    expected = chances @ values**2 - (chances @ values) ** 2
    assert variance(np.array([g]), np.array([s]), theta)[0] == pytest.approx(expected, abs=1e-12)


def test_theta_sums_what_is_expected_without_renormalising() -> None:
    circles = few((0.9, 0.8, 0.1), (0.9, 0.1, 0.2), (0.9, 0.0, 1.0))
    assert of(circles).theta == pytest.approx(1.3 / 2.2)


def test_a_circle_that_the_filter_rejects_takes_part_and_is_not_counted() -> None:
    found = of(few((0.9, 0.1, 0.2), (0.9, 1.0, 0.0)))
    assert found.theta == pytest.approx(0.2 / 1.3)
    assert found.count == 1


def test_a_circle_below_the_detection_threshold_takes_part_only_once_labelled() -> None:
    circles = few((0.9, 1.0, 0.0), (0.05, 0.0, 1.0))
    assert of(circles).theta == 0
    circles.loc[1, "label"] = "solidified"
    assert of(circles).theta == pytest.approx(0.5)


def test_a_circle_that_a_person_drew_takes_part() -> None:
    assert of(few((0.9, 1.0, 0.0), (np.nan, 0.0, 1.0))).theta == pytest.approx(0.5)


def test_a_label_of_non_glomerulus_takes_the_circle_out_of_both_sums() -> None:
    circles = few((0.9, 1.0, 0.0), (0.9, 0.2, 0.8))
    circles.loc[1, "label"] = NON_GLOMERULUS
    found = of(circles)
    assert found.theta == 0
    assert (found.reviewed, found.total) == (1, 2)


@pytest.mark.parametrize("assessment", ["uncertain", "ungradable", "duplicate"])
def test_what_cannot_be_graded_stays_out_and_is_told_apart(assessment: str) -> None:
    circles = few((0.9, 1.0, 0.0), (0.9, 0.0, 1.0)).assign(assessment=["", assessment])
    found = of(circles)
    assert (found.theta, found.count, found.percent) == (0, 1, 0)
    assert getattr(found.aside, assessment) == 1
    assert (found.reviewed, found.total) == (1, 2)


def test_cut_glomeruli_count_or_not_by_a_setting() -> None:
    circles = few((0.9, 1.0, 0.0), (0.9, 0.0, 1.0)).assign(assessment=["ok", "cut"])
    counted, left_out = of(circles, count_cut=True), of(circles, count_cut=False)
    assert (counted.theta, counted.percent, counted.count) == (0.5, 50, 2)
    assert (left_out.theta, left_out.percent, left_out.count) == (0, 0, 1)
    assert counted.aside.cut == left_out.aside.cut == 1


def test_unreadable_circles_are_unclassified_until_somebody_labels_them() -> None:
    circles = few((0.9, 1.0, 0.0), (0.9, 0.0, 1.0))
    circles.loc[1, list(GGS.columns)] = np.nan
    circles.loc[1, "predicted"] = ""
    found = of(circles)
    assert (found.theta, found.aside.unclassified, found.reviewed, found.total) == (0, 1, 0, 2)
    circles.loc[1, "label"] = "obsolescent"
    assert (of(circles).theta, of(circles).aside.unclassified) == (0.5, 0)


def test_a_scheme_without_non_glomerulus_expects_a_glomerulus_in_every_circle() -> None:
    table = glomeruli.build([[0, 0, 9], [9, 0, 9]], [0.9, 0.9], [[0.7, 0.3], [0.5, 0.5]], BINARY)
    assert answer(table, BINARY, LIMITS).theta == pytest.approx(0.4)


@given(reviews(), st.booleans())
@settings(max_examples=50)
def test_theta_and_every_interval_fit_together(table: pd.DataFrame, count_cut: bool) -> None:
    found = of(table, count_cut=count_cut, threshold=0.5)
    assert found.reviewed <= found.total
    assert found.counted_reviewed <= found.count <= found.total
    assert found.crossing is not None
    for interval in (found.section, found.kidney, found.section_with_shift):
        if interval.has_interval:
            assert 0 <= interval.low <= found.theta <= interval.high <= 1
        else:
            assert np.isnan(found.theta)


@given(reviews(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_rows_does_not_matter(table: pd.DataFrame, random: object) -> None:
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    first, second = of(table, threshold=0.3), of(table.iloc[order], threshold=0.3)
    assert first.counts == second.counts
    assert first.aside == second.aside
    for name in ("section", "kidney", "section_with_shift"):
        a, b = getattr(first, name), getattr(second, name)
        assert (b.value, b.low, b.high) == pytest.approx((a.value, a.low, a.high), nan_ok=True)


@given(reviews())
@settings(max_examples=50)
def test_a_removed_circle_changes_nothing_but_its_own_number(table: pd.DataFrame) -> None:
    kept = table[~table["removed"]]
    with_removed, without = of(table), of(kept)
    assert with_removed.aside.removed == len(table) - len(kept)
    assert with_removed.counts == without.counts
    assert (with_removed.reviewed, with_removed.total) == (without.reviewed, without.total)
    assert with_removed.theta == pytest.approx(without.theta, nan_ok=True)


@given(st.integers(0, 200))
@settings(max_examples=20)
def test_once_all_are_reviewed_theta_is_the_plain_share_and_wilson_its_interval(seed: int) -> None:
    table, truth = calibrated(40, seed)
    found = of(labelled(table, truth, np.arange(40)))
    assert found.percent is not None
    assert found.theta == pytest.approx(found.percent / 100)
    assert found.section.low == found.section.high == pytest.approx(found.theta)
    sclerotic = sum(found.counts[name] for name in GGS.sclerotic)
    assert found.kidney == wilson(sclerotic, found.count)
    assert found.reviewed == found.total == 40


def test_an_empty_table_has_no_answer_and_does_not_fail() -> None:
    found = of(glomeruli.empty(GGS), threshold=0.5)
    assert np.isnan(found.theta)
    assert found.percent is None
    assert found.percents == {}
    assert found.crossing is not None
    assert not found.crossing.possible


def test_counts_and_percents_are_those_of_the_class_in_force() -> None:
    table, _ = calibrated(200)
    found = of(table)
    assert found.counts == glomeruli.counts(table, GGS, LIMITS)
    assert sum(found.percents.values()) == pytest.approx(100)
    assert found.adequate
    assert not of(table[:10]).adequate


def test_a_wider_shift_widens_the_intervals_that_take_it() -> None:
    table, _ = calibrated(200)
    narrow, wide = of(table, logit_shift_sd=0.0), of(table, logit_shift_sd=2.0)
    assert width(wide.kidney) > width(narrow.kidney)
    assert width(wide.section_with_shift) > width(narrow.section_with_shift)
    assert width(narrow.section_with_shift) == pytest.approx(width(narrow.section), rel=0.1)
    assert wide.section == narrow.section


def width(interval: object) -> float:
    return interval.high - interval.low  # type: ignore[attr-defined]


def test_the_shift_moves_the_logit_of_sclerosis_and_shares_the_rest_in_proportion() -> None:
    n = 50_000
    circles = Expectations(
        np.arange(n),
        np.full(n, 0.8),
        np.full(n, 0.5),
        np.zeros(n, dtype=bool),
        np.zeros(n, dtype=np.intp),
    )
    drawn = draw(circles, shift_sd=1.0)
    s = np.quantile(drawn.sclerotic / n, [0.1587, 0.8413])
    assert np.log(s / (1 - s)) == pytest.approx([-1, 1], abs=0.08)
    others = (drawn.glomeruli - drawn.sclerotic) / (n - drawn.sclerotic)
    assert others == pytest.approx(0.6, abs=0.02)


def test_slides_of_a_case_shift_apart() -> None:
    one, _ = calibrated(300, 1)
    together = expect(pd.concat([one] * 4, ignore_index=True), GGS, LIMITS)
    apart = expect(case_table(dict.fromkeys("abcd", one)), GGS, LIMITS)
    spread = [np.std(draw(circles, 1.0).sclerotic) for circles in (together, apart)]
    assert spread[0] > 1.5 * spread[1]


def test_reviewing_narrows_the_section_and_leaves_the_kidney_its_sampling_error() -> None:
    table, truth = calibrated(100)
    before, after = of(table), of(labelled(table, truth, np.arange(80)))
    assert width(after.section) < width(before.section) / 1.5
    assert width(after.kidney) > 0.1


def test_the_kidney_interval_includes_zero_when_nothing_is_sclerotic() -> None:
    circles = few(*[(0.9, 1.0, 0.0)] * 30)
    assert of(circles).kidney.low == 0


def test_a_threshold_can_be_crossed_only_if_some_labels_end_on_either_side() -> None:
    circles = few(*[(0.9, 0.9, 0.1)] * 10)
    circles.loc[:7, "label"] = "normal"
    low, high = of(circles, threshold=0.15).crossing, of(circles, threshold=0.25).crossing
    assert low is not None
    assert high is not None
    assert low.possible
    assert 0 < low.probability_above < 0.2
    assert not high.possible
    assert high.probability_above == 0


def test_an_unclassified_circle_may_cross_a_threshold() -> None:
    circles = few((0.9, 1.0, 0.0), (0.9, 0.0, 1.0))
    circles.loc[1, list(GGS.columns)] = np.nan
    circles.loc[1, "predicted"] = ""
    circles.loc[0, "label"] = "normal"
    crossing = of(circles, threshold=0.4).crossing
    assert crossing is not None
    assert crossing.possible


def test_draws_without_glomeruli_have_no_probability() -> None:
    assert np.isnan(Draws(np.zeros(5, np.int64), np.zeros(5, np.int64)).probability_above(0.5))


def test_the_same_seed_gives_the_same_interval() -> None:
    table, _ = calibrated(60)
    assert of(table) == of(table)
    assert of(table).kidney != of(table, seed=1).kidney


@pytest.mark.parametrize(("n", "milliseconds"), [(100, 20), (1000, 150)])
def test_the_draws_are_quick(n: int, milliseconds: float) -> None:
    circles = expect(calibrated(n)[0], GGS, LIMITS)
    spent = []
    for _ in range(5):
        start = time.process_time()
        kidney_interval(circles, draw(circles))
        spent.append(1000 * (time.process_time() - start))
    assert min(spent) < milliseconds


def test_sections_are_counted_by_both_conventions() -> None:
    circles = few(*[(0.9, 1.0, 0.0)] * 3, *[(0.9, 0.0, 1.0)] * 3, (0.9, 1.0, 0.0))
    table = circles.assign(section=["1", "1", "1", "1", "2", "2", ""])
    found = conventions(table, GGS, LIMITS)
    assert list(found.levels) == ["1", "2"]
    assert (found.total.count, found.total.percent) == (7, pytest.approx(300 / 7))
    assert (found.average.count, found.average.percent) == (3, pytest.approx((25 + 100) / 2))
    assert found.outside == 1


def test_a_section_without_glomeruli_lowers_the_average_count_and_not_the_percent() -> None:
    table = few((0.9, 0.0, 1.0), (0.9, 1.0, 0.0)).assign(section="1")
    found = conventions(table, GGS, LIMITS, names=["1", "2"])
    assert (found.average.count, found.average.percent) == (1, 50)
    assert found.levels["2"].percent is None


def test_what_was_put_aside_is_in_no_convention() -> None:
    table = few((0.9, 0.0, 1.0), (0.9, 1.0, 0.0), (0.9, 1.0, 0.0))
    table = table.assign(section="1", assessment=["", "cut", "uncertain"])
    assert conventions(table, GGS, LIMITS).total.count == 2
    assert conventions(table, GGS, LIMITS, count_cut=False).total.count == 1


def test_sections_of_a_case_keep_their_slides_apart() -> None:
    one = few((0.9, 0.0, 1.0)).assign(section="1")
    found = conventions(case_table({"a": one, "b": one}), GGS, LIMITS)
    assert list(found.levels) == ["a: 1", "b: 1"]
    assert (found.total.count, found.average.count) == (2, 1)


def test_sections_come_in_natural_order() -> None:
    table = few(*[(0.9, 1.0, 0.0)] * 3).assign(section=["10", "2", "1"])
    assert list(by_section(table)) == ["1", "2", "10"]


def test_a_table_without_sections_says_so() -> None:
    with pytest.raises(UserError, match="no column 'section'"):
        by_section(few((0.9, 1.0, 0.0)))


def test_a_case_without_slides_is_empty() -> None:
    assert case_table({}).empty
