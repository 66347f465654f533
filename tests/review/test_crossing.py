"""Whether the unreviewed circles could still carry %GGS across a threshold."""

from math import isnan

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.review.answer import answer
from napari_ggs.review.crossing import Reach, reach
from tests.review.simulated import reviews

LIMITS = Thresholds(0.1)


def circles(sclerotic: float, n: int, *labels: str) -> pd.DataFrame:
    """n circles of one probability of obsolescence, else normal, the first ones labelled."""
    p = [[1 - sclerotic, sclerotic, 0, 0, 0]] * n
    table = glomeruli.build([[100.0 * i, 0, 50] for i in range(n)], [0.9] * n, p, GGS)
    return table.assign(label=[*labels, *[""] * (n - len(labels))])


def of(table: pd.DataFrame, threshold: float = 0.2, **settings: bool) -> Reach:
    return reach(table, GGS, LIMITS, threshold, **settings)


def test_the_extremes_are_all_or_none_of_the_unreviewed() -> None:
    found = of(circles(0.1, 10, "obsolescent", "normal", "normal", NON_GLOMERULUS))
    assert (found.left, found.least, found.most) == (6, pytest.approx(1 / 9), pytest.approx(7 / 9))
    assert found.possible


def test_a_reviewed_slide_stands() -> None:
    found = of(circles(0.5, 4, "normal", "normal", "normal", "obsolescent"))
    assert (found.left, found.least, found.most) == (0, 0.25, 0.25)
    assert found.words() == "No: every circle is reviewed, and 25 % is above 20 %."


def test_too_few_are_left_to_cross() -> None:
    found = of(circles(0.5, 20, *["normal"] * 18))
    assert not found.possible
    assert found.words() == (
        "No. Whatever the 2 unreviewed circles are, %GGS ends not above 20 %: between 0 % and 10 %."
    )


def test_they_could_but_the_interval_does_not_reach() -> None:
    found = of(circles(0.001, 20, *["normal"] * 10))
    assert found.possible
    assert not found.likely
    assert found.words().startswith("It is unlikely. The 95 % interval of this slide, 0 % to")
    assert "is not above 20 %. At the extremes, all 10 unreviewed circles" in found.words()


def test_the_interval_reaches_across() -> None:
    found = of(circles(0.2, 20))
    assert found.likely
    assert found.words().startswith("Yes, it may well. The 95 % interval of this slide, 2.")
    assert "0 % if not sclerotic, 100 % if sclerotic" in found.words()


def test_without_the_interval_only_the_extremes_are_told() -> None:
    found = of(circles(0.2, 20)).without_interval()
    assert "interval" not in found.words()
    assert found.possible
    assert not found.likely


def test_cut_ones_take_part_or_not() -> None:
    table = circles(0.5, 4).assign(assessment=["cut", "", "", ""])
    assert (of(table).left, of(table, count_cut=False).left) == (4, 3)


def test_nothing_to_judge_by() -> None:
    found = of(circles(0.5, 2, NON_GLOMERULUS, NON_GLOMERULUS))
    assert isnan(found.least)
    assert "no glomerulus" in found.words()


@given(reviews(), st.floats(0, 1))
def test_it_agrees_with_the_answer(table: pd.DataFrame, threshold: float) -> None:
    found = of(table, threshold)
    said = answer(table, GGS, LIMITS, threshold=threshold)
    assert said.crossing is not None
    assert found.possible == said.crossing.possible
    assert str(found.section) == str(said.section)
    assert found.left == said.total - said.reviewed
    assert found.words()
