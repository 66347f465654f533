"""What several readers said of the same circles."""

from datetime import timedelta

from napari_ggs.store import FIRST_DRAWN, FieldChange
from tests.store.studies import draw, label, reader, undo


def test_the_labels_of_all_readers_stand_side_by_side(store, run) -> None:
    bob, ann = reader(store, run, "bob"), reader(store, run)
    label(ann, 1, "normal")
    label(ann, 1, "solidified")
    label(bob, 4, "normal")
    reader(store, run, "eve").append("noted", [FieldChange(2, "note", "", "hm")])
    bob.append("settled", [FieldChange(4, "consensus", "", "obsolescent")])
    assert store.readers(run) == ["ann", "bob"]
    labels = store.labels(run)
    assert labels.columns.tolist() == ["ann", "bob"]
    assert labels.index.tolist() == [0, 1, 2, 3, 4, 5]
    assert labels["ann"].tolist() == ["", "solidified", "", "", "", ""]
    assert labels["bob"].tolist() == ["", "", "", "", "normal", ""]


def test_labels_have_the_circles_that_exist(store, run) -> None:
    journal = reader(store, run)
    draw(journal)
    undo(journal, draw(journal))
    labels = store.labels(run)
    assert labels.index.tolist() == [0, 1, 2, 3, 4, 5, FIRST_DRAWN]
    assert labels.loc[FIRST_DRAWN, "ann"] == "obsolescent"


def test_nobody_has_said_anything(store, run) -> None:
    assert store.readers(run) == []
    assert store.labels(run).shape == (6, 0)


def test_the_state_at_a_moment_knows_nothing_of_later(store, run) -> None:
    journal = reader(store, run)
    first = label(journal, 1, "normal")
    label(journal, 1, "solidified")
    draw(journal)
    before = store.state_at(run, first.at - timedelta(microseconds=1), "ann")
    assert before.loc[1, "label"] == ""
    then = store.state_at(run, first.at, "ann")
    assert then.loc[1, "label"] == "normal"
    assert FIRST_DRAWN not in then.index
