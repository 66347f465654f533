"""Agreement of readers: kappa, confusion, disagreements, and what cannot be computed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from napari_ggs.errors import UserError
from napari_ggs.evaluation.agreement import (
    NO_OVERLAP,
    ONE_CLASS,
    PERFECT,
    TOO_FEW,
    agreement,
    between,
    disagreements,
    pairwise,
)

CLASSES = ["normal", "obsolescent", "solidified"]
NAMES = st.sampled_from(CLASSES)


def readings(n: int = 200, readers: str = "ab", noise: float = 0.2, seed: int = 0) -> pd.DataFrame:
    """Each reader names the true class, or in a share of circles any."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(CLASSES, n, p=[0.6, 0.3, 0.1])
    each = {
        name: np.where(rng.random(n) < noise, rng.choice(CLASSES, n), truth) for name in readers
    }
    return pd.DataFrame(each)


def table(*rows: str) -> pd.DataFrame:
    """Readings from letters; a dot for none."""
    names = {"n": "normal", "o": "obsolescent", "s": "solidified", ".": ""}
    return pd.DataFrame([[names[one] for one in row] for row in rows]).rename(columns=str)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=40))
def test_kappa_of_two_readers_is_cohens(pairs: list[tuple[str, str]]) -> None:
    found = agreement(pd.DataFrame(pairs, columns=["a", "b"]))
    if found.reason == ONE_CLASS:
        assert np.isnan(found.kappa.value)
        return
    assert found.kappa.value == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    if found.kappa.has_interval:
        assert -1 <= found.kappa.low <= found.kappa.value <= found.kappa.high <= 1


@given(st.lists(NAMES, min_size=2, max_size=30).filter(lambda names: len(set(names)) > 1))
@settings(max_examples=30)
def test_kappa_of_equal_readers_is_1_without_an_interval(names: list[str]) -> None:
    for readers in (2, 3):
        found = agreement(pd.DataFrame({str(i): names for i in range(readers)}))
        assert found.kappa.value == pytest.approx(1)
        assert not found.kappa.has_interval
        assert found.reason == PERFECT
        assert found.agreed.value == 1


@given(st.permutations(range(30)), st.booleans())
@settings(max_examples=20)
def test_neither_the_order_of_circles_nor_that_of_readers_matters(
    order: list[int], turned: bool
) -> None:
    read = readings(30)
    other = read.iloc[order, :: -1 if turned else 1]
    first, second = agreement(read).kappa, agreement(other).kappa
    assert (second.value, second.low) == pytest.approx((first.value, first.low))


def test_readers_who_guess_agree_by_chance() -> None:
    found = agreement(readings(4000, noise=1.0)).kappa
    assert found.low < 0 < found.high
    assert found.value == pytest.approx(0, abs=0.05)


def test_the_interval_of_two_readers_holds_the_kappa_of_many_more_circles() -> None:
    true = agreement(readings(200_000, seed=1)).kappa.value
    held = [
        found.low <= true <= found.high
        for found in (agreement(readings(100, seed=seed)).kappa for seed in range(100))
    ]
    assert np.mean(held) > 0.9


def test_kappa_of_three_readers_is_the_published_example_of_fleiss() -> None:
    """Fleiss 1971, by the worked example of ten subjects and fourteen raters: .210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    rows = [np.repeat(list("ABCDE"), times) for times in counts]
    found = agreement(pd.DataFrame(rows))
    assert found.kappa.value == pytest.approx(0.210, abs=0.0005)
    assert found.kappa.low < 0.210 < found.kappa.high
    assert found.kappa.n == 10
    assert found.agreed.value == 0.1


def test_only_circles_that_all_readers_labelled_count() -> None:
    read = table("nn", "oo", "n.", ".o", "no", "..")
    found = agreement(read)
    assert found.kappa.n == found.agreed.n == 3
    assert found.agreed.value == pytest.approx(2 / 3)


def test_circles_of_one_patient_drawn_together_widen_the_interval() -> None:
    read = readings(40)
    repeated = pd.concat([read] * 10, ignore_index=True)
    patients = np.tile(np.arange(40), 10)
    alone, together = agreement(repeated).kappa, agreement(repeated, patients).kappa
    assert together.value == pytest.approx(alone.value)
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("readers", ["ab", "abc"])
def test_readers_without_a_common_circle_have_no_kappa(readers: str) -> None:
    empty = pd.DataFrame({name: [""] * 3 for name in readers})
    for read in (empty, empty.iloc[:0]):
        found = agreement(read)
        assert np.isnan(found.kappa.value)
        assert found.kappa.n == 0
        assert found.reason == NO_OVERLAP


def test_labels_of_one_class_have_no_kappa() -> None:
    found = agreement(table("nn", "nn"))
    assert np.isnan(found.kappa.value)
    assert (found.reason, found.agreed.value) == (ONE_CLASS, 1)


def test_few_circles_of_three_readers_have_no_interval() -> None:
    found = agreement(table("nno", "ooo", "nsn"))
    assert not found.kappa.has_interval
    assert found.reason == TOO_FEW


def test_one_reader_is_too_few() -> None:
    for call in (agreement, pairwise):
        with pytest.raises(UserError, match="two readers or more"):
            call(readings(readers="a"))


def test_every_pair_of_readers_has_its_kappa() -> None:
    found = pairwise(readings(readers="abc"))
    assert [one.readers for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0] == agreement(readings(readers="abc")[["a", "b"]])


def test_confusion_shows_who_said_what() -> None:
    found = between(table("nn", "no", "no", "on", "ss", "s."), "0", "1", CLASSES)
    assert found.loc["normal"].tolist() == [1, 2, 0]
    assert found.loc["obsolescent", "normal"] == 1
    assert found.to_numpy().sum() == 5
    assert (found.index.name, found.columns.name) == ("0", "1")


def test_confusion_with_a_stranger_or_of_a_strange_class_is_refused() -> None:
    with pytest.raises(UserError, match="'c' has read nothing"):
        between(readings(), "a", "c", CLASSES)
    with pytest.raises(UserError, match="no class"):
        between(readings(), "a", "b", ["normal"])


def test_disagreements_are_circles_that_two_readers_labelled_differently() -> None:
    read = table("nnn", "no.", ".n.", "..o", "nns").set_axis([3, 5, 7, 9, 11])
    assert disagreements(read).index.tolist() == [5, 11]
