"""The queue: in which order circles come, and that its order serves the answer."""

from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review.expectations import expect
from napari_ggs.review.queue import Order, rank
from tests.review.simulated import as_sure_as_published, calibrated, labelled, reviews

LIMITS = Thresholds(detection=0.1)
ORDERS = st.sampled_from(get_args(Order))


def path(table: pd.DataFrame, handles: np.ndarray) -> float:
    """How far one walks from centre to centre."""
    return float(np.hypot(*np.diff(table.loc[handles, ["x", "y"]].to_numpy(), axis=0).T).sum())


@given(reviews(), ORDERS)
@settings(max_examples=50)
def test_every_circle_that_shows_has_one_place(table: pd.DataFrame, order: Order) -> None:
    shown = glomeruli.passes(table, LIMITS) & ~table["removed"]
    assert sorted(rank(table, GGS, LIMITS, order)) == sorted(table.index[shown])


@given(reviews(), ORDERS, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_rows_does_not_matter(
    table: pd.DataFrame, order: Order, random: object
) -> None:
    table = table.drop_duplicates(["x", "y", "radius"])
    rows = list(range(len(table)))
    random.shuffle(rows)  # type: ignore[attr-defined]
    first = rank(table, GGS, LIMITS, order).tolist()
    if order == "answer":
        u = pd.Series(np.inf, table.index)
        circles = expect(table, GGS, LIMITS)
        u.iloc[circles.rows] = circles.u
        values = np.sort(u.to_numpy())
        if (np.diff(values[np.isfinite(values)]) < 1e-9).any():
            return  # whether they tie depends on how their sum is rounded
    assert rank(table.iloc[rows], GGS, LIMITS, order).tolist() == first


@pytest.mark.parametrize("order", ["answer", "entropy"])
def test_what_is_reviewed_or_put_aside_comes_last(order: Order) -> None:
    table, truth = calibrated(30)
    table = labelled(table, truth, np.arange(0, 10))
    table["assessment"] = ["uncertain" if i in (12, 15) else "" for i in range(30)]
    assert set(rank(table, GGS, LIMITS, order)[-12:]) == {*range(10), 12, 15}


@pytest.mark.parametrize("order", ["class", "score", "size", "place", "probability"])
def test_other_orders_leave_the_reviewed_in_their_place(order: Order) -> None:
    table, _ = calibrated(30)
    confirmed = labelled(table, table["predicted"].to_numpy(dtype=object), np.arange(10))
    assert rank(confirmed, GGS, LIMITS, order).tolist() == rank(table, GGS, LIMITS, order).tolist()


def test_what_could_change_the_answer_leads() -> None:
    p = [
        [1.0, 0, 0, 0, 0],
        [0, 0.34, 0.33, 0.33, 0],
        [0.5, 0.5, 0, 0, 0],
        [0, 0, 0, 0, 1.0],
        [0.1, 0.4, 0, 0, 0.5],
    ]
    table = glomeruli.build([[i, 0, 9] for i in range(5)], [0.9] * 5, p, GGS)
    assert rank(table, GGS, LIMITS)[:2].tolist() == [2, 4]
    assert rank(table, GGS, LIMITS, "entropy")[0] == 1


def test_circles_without_probabilities_follow_the_others() -> None:
    table, truth = calibrated(10)
    table.loc[4, list(GGS.columns)] = np.nan
    table.loc[4, "predicted"] = ""
    for order in ("answer", "entropy", "class", "probability"):
        assert rank(table, GGS, LIMITS, order)[-1] == 4
    some = labelled(table, truth, np.array([7]))
    assert rank(some, GGS, LIMITS)[-2:].tolist() == [4, 7]


def test_classes_come_in_the_order_of_the_scheme_and_labels_win() -> None:
    table, _ = calibrated(40)
    table.loc[3, "label"] = "disappearing"
    names = glomeruli.classes_in_force(table).loc[rank(table, GGS, LIMITS, "class")]
    places = [GGS.classes.index(name) for name in names]
    assert places == sorted(places)


def test_size_score_and_probability_sort_as_they_say() -> None:
    table, _ = calibrated(40)
    table.loc[11, "detection_score"] = np.nan
    sizes = table["radius"].loc[rank(table, GGS, LIMITS, "size")]
    scores = table["detection_score"].loc[rank(table, GGS, LIMITS, "score")]
    best = table[list(GGS.columns)].to_numpy()[
        np.arange(40), [GGS.classes.index(name) for name in table["predicted"]]
    ]
    doubted = pd.Series(best, table.index).loc[rank(table, GGS, LIMITS, "probability")]
    assert sizes.is_monotonic_decreasing
    assert scores.index[0] == 11
    assert scores.iloc[1:].is_monotonic_decreasing
    assert doubted.is_monotonic_increasing


def test_a_label_that_the_classifier_contradicts_leads_by_probability() -> None:
    p = [[0.9, 0.1, 0, 0, 0], [0.6, 0.4, 0, 0, 0]]
    table = glomeruli.build([[0, 0, 9], [9, 0, 9]], [0.9, 0.9], p, GGS)
    table.loc[0, "label"] = "obsolescent"
    assert rank(table, GGS, LIMITS, "probability")[0] == 0


def test_neighbours_follow_each_other_by_place() -> None:
    table, _ = calibrated(400)
    by_rows = table.sort_values(["y", "x"]).index.to_numpy()
    assert path(table, rank(table, GGS, LIMITS, "place")) < path(table, by_rows) / 5


@pytest.mark.parametrize("axis", ["x", "y"])
def test_circles_on_a_line_are_walked_along_it(axis: str) -> None:
    table, _ = calibrated(20)
    table[axis] = 5.0
    walked = path(table, rank(table, GGS, LIMITS, "place"))
    assert walked == pytest.approx(np.ptp(table[["x", "y"]].to_numpy(), axis=0).max())


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="the orders are answer, entropy"):
        rank(calibrated(3)[0], GGS, LIMITS, "colour")  # type: ignore[arg-type]


def error(table: pd.DataFrame, truth: np.ndarray, order: str, batch: int, steps: int) -> float:
    """Mean error of theta over so many steps of a review, each of a batch of circles."""
    share = np.isin(truth, GGS.sclerotic).sum() / np.isin(truth, GGS.glomerular).sum()
    by_chance, found = np.random.default_rng(len(table)).permutation(len(table)), []
    for step in range(steps):
        ranked = by_chance[step * batch :]
        if order != "chance":
            ranked = rank(table, GGS, LIMITS, order)  # type: ignore[arg-type]
        done = np.flatnonzero(table["label"] != "")
        table = labelled(table, truth, np.union1d(done, ranked[:batch]))
        found.append(abs(expect(table, GGS, LIMITS).theta - share))
    return float(np.mean(found))


@cache
def simulated_errors(order: str) -> np.ndarray:
    """On 100 slides of 100 circles, over 5, 10, 15 and 20 reviews."""
    slides = [as_sure_as_published(100, seed) for seed in range(100)]
    return np.array([error(table, truth, order, 5, 4) for table, truth in slides])


@cache
def phantom_errors(order: str) -> np.ndarray:
    """On 20 phantoms, over 1 to 8 reviews.

    phantom_circles.csv is what the embedded models found on the slides of `phantoms` in
    benchmarks/queue_orders.py, and what these circles really are.
    """
    rows = pd.read_csv(Path(__file__).with_name("phantom_circles.csv"))
    found = []
    for _, slide in rows.groupby("slide"):
        table = glomeruli.build(
            slide[glomeruli.GEOMETRY], slide["detection_score"], slide[list(GGS.columns)], GGS
        )
        found.append(error(table, slide["truth"].to_numpy(dtype=object), order, 1, 8))
    return np.array(found)


@pytest.mark.parametrize("other", ["entropy", "chance"])
def test_the_error_of_theta_falls_faster_by_answer_on_simulated_slides(other: str) -> None:
    """On the same slides, by more than three standard errors.

    How far apart the orders are depends on how sure the classifier is: benchmarks/queue_orders.py.
    """
    saved = simulated_errors(other) - simulated_errors("answer")
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))


def test_the_error_of_theta_falls_faster_by_answer_on_phantoms() -> None:
    """Far faster than by chance; than by entropy in the mean, which 20 slides cannot settle."""
    by_answer, by_entropy, by_chance = map(phantom_errors, ("answer", "entropy", "chance"))
    saved = by_chance - by_answer
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))
    assert by_answer.mean() < by_entropy.mean()
