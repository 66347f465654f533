"""What a study teaches: what people said, over all runs; never what was only predicted."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.review import Assessed, Drawn, Labelled, Moved, Removed, Settled
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.training.study_circles import (
    ASIDE,
    HUMAN,
    OPEN,
    gone_through,
    labelled_data,
    places,
    teaches_detector,
)
from tests.training.study import CELL, add_run, add_slide, did, write_slide

N = 6


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    write_slide(tmp_path / "a.tif", ["normal"] * N)
    with CaseStore.open(tmp_path / "study.ggs") as made:
        add_run(made, add_slide(made, tmp_path / "a.tif", "Kim"), N)
        yield made


def slide_of(store: CaseStore) -> StoredSlide:
    return store.slides()[0]


def standing(store: CaseStore, reviewer: str = "") -> list[str]:
    return places(store, slide_of(store), reviewer).sort_values("x")["standing"].tolist()


def test_what_people_named_teaches_and_nothing_else(store: CaseStore) -> None:
    did(
        store,
        1,
        Labelled((0, 1, 2, 3), "normal"),
        Removed((1,)),
        Assessed((2,), "uncertain"),
        Labelled((4,), "non-glomerulus"),
    )
    found = places(store, slide_of(store)).sort_values("x")
    assert found["standing"].tolist() == [HUMAN, ASIDE, ASIDE, HUMAN, HUMAN, OPEN]
    assert found["label"].tolist() == ["normal", "", "", "normal", "non-glomerulus", ""]


def test_what_was_taken_back_is_looked_at_but_teaches_nothing(store: CaseStore) -> None:
    session = did(store, 1, Labelled((0,), "normal"))
    session.undo()
    assert standing(store)[0] == ASIDE


def test_drawn_and_moved_circles_teach_where_they_are_now(store: CaseStore) -> None:
    did(
        store,
        1,
        Drawn(50.0, 60.0, 10.0, "solidified"),
        Labelled((0,), "normal"),
        Moved((0,), np.array([[70.0, 64.0, 21.0]])),
    )
    found = places(store, slide_of(store))
    human = found[found["standing"] == HUMAN].sort_values("x")
    assert human[["x", "radius"]].to_numpy().tolist() == [[50, 10], [70, 21]]


def test_disputed_circles_teach_nothing_until_they_are_settled(store: CaseStore) -> None:
    did(store, 1, Labelled((0, 1), "normal"))
    did(store, 1, Labelled((1, 2), "solidified"), who="bob")
    assert standing(store)[:3] == [HUMAN, ASIDE, HUMAN]
    did(store, 1, Settled((1,), "obsolescent"), who="bob")
    assert standing(store)[:3] == [HUMAN, HUMAN, HUMAN]


def test_one_reader_s_labels_are_theirs_alone(store: CaseStore) -> None:
    did(store, 1, Labelled((0, 1), "normal"))
    did(store, 1, Labelled((1, 2), "solidified"), who="bob")
    assert standing(store, "bob")[:3] == [OPEN, HUMAN, HUMAN]
    assert standing(store, "ann")[:3] == [HUMAN, HUMAN, OPEN]


def test_a_reader_who_said_nothing_is_refused(store: CaseStore) -> None:
    did(store, 1, Labelled((0,), "normal"))
    with pytest.raises(UserError, match=r"eve has reviewed nothing in study\.ggs \(readers: ann\)"):
        labelled_data(store, "eve")


def test_labels_outlive_their_run_and_the_latest_word_holds(store: CaseStore) -> None:
    did(store, 1, Labelled((0, 1, 2), "non-glomerulus"))
    second = add_run(store, slide_of(store).id, 2)  # finds the first two again, not the third
    did(store, second, Labelled((0,), "normal"), Removed((1,)))
    found = places(store, slide_of(store)).sort_values("x")
    assert found["x"].tolist() == [CELL * 0.5, CELL * 1.5, CELL * 2.5]
    assert found["label"].tolist() == ["normal", "", "non-glomerulus"]
    assert found["run"].tolist() == [2, 2, 1]


def test_the_summary_counts_people_and_predictions_apart(store: CaseStore) -> None:
    did(store, 1, Labelled((0, 1), "solidified"), Labelled((2,), "normal"), Removed((3,)))
    table = labelled_data(store)
    assert table.to_dict("list") == {
        "patient": ["Kim", "Kim"],
        "class": ["normal", "solidified"],
        "human": [1, 2],
        "predicted": [2, 0],
    }


def test_an_empty_study_has_an_empty_summary(tmp_path: Path) -> None:
    with CaseStore.open(tmp_path / "empty.ggs") as store:
        table = labelled_data(store)
    assert list(table) == ["patient", "class", "human", "predicted"]
    assert len(table) == 0


@pytest.mark.parametrize(
    ("judged", "whole", "teaches"),
    [(10, True, True), (9, True, True), (8, True, False), (10, False, False)],
)
def test_a_slide_teaches_a_detector_once_it_was_gone_through(
    judged: int, whole: bool, teaches: bool
) -> None:
    found = pd.DataFrame(
        {
            "standing": [HUMAN] * judged + [OPEN] * (10 - judged) + [OPEN] * 5,
            "predicted": ["normal"] * 10 + ["non-glomerulus"] * 5,
            "shown": True,
        }
    )
    assert gone_through(found) == judged / 10
    assert teaches_detector(found, whole=whole) == teaches
