"""A study that was changed behind its back, or damaged, is found out."""

import sqlite3

import pytest

from napari_ggs.store import CaseStore, FieldChange
from tests.store.studies import draw, info, label, reader, undo

CASE = info().fingerprint[:8]


@pytest.fixture
def eventful(store, run) -> CaseStore:
    journal = reader(store, run)
    label(journal, 1)
    undo(journal, label(journal, 2))
    undo(journal, draw(journal))
    label(reader(store, run, "bob"), 1, "solidified")
    store.finish_case(CASE, journal.session, {"percent": 3})
    assert store.verify() == []
    return store


def tamper(store: CaseStore, *statements: str) -> list[str]:
    """Do what nobody should, and say what `verify` finds."""
    with store.database.reading() as db:
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    with store.database.writing() as db:
        for (name,) in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA defer_foreign_keys=ON")
        for statement in statements:
            db.execute(statement)
    return store.verify()


@pytest.mark.parametrize(
    "wish",
    [
        "UPDATE events SET who = 'eve' WHERE id = 2",
        "UPDATE events SET at = '2020-01-01T00:00:00.000000+00:00' WHERE id = 2",
        "UPDATE events SET kind = 'confirmed' WHERE id = 2",
        "UPDATE events SET payload = '{}' WHERE id = 2",
        "UPDATE changes SET new = 'obsolescent' WHERE event_id = 2",
        "DELETE FROM changes WHERE event_id = 2",
        "INSERT INTO changes SELECT 2, run_id, 4, 'note', '', 'x' FROM changes LIMIT 1",
    ],
)
def test_an_event_that_was_changed_breaks_the_chain(wish, eventful) -> None:
    assert "event 2: it, or the one before, is not as it was written" in tamper(eventful, wish)


def test_a_missing_event_breaks_the_chain(eventful) -> None:
    found = tamper(
        eventful, "DELETE FROM changes WHERE event_id = 6", "DELETE FROM events WHERE id = 6"
    )
    assert found == ["event 7: it, or the one before, is not as it was written"]


def test_missing_last_events_are_noticed(eventful) -> None:
    found = tamper(eventful, "DELETE FROM snapshots", "DELETE FROM events WHERE id = 7")
    assert found == ["events 7 to 7 are not there"]


def test_a_found_circle_that_was_moved_is_noticed_once_somebody_moved_it(store, run) -> None:
    journal = reader(store, run)
    journal.append("moved", [FieldChange(1, "circle", "", "1.0 2.0 3.0")])
    (found,) = tamper(store, "UPDATE circles SET x = 7 WHERE handle = 1")
    assert found.startswith("event 1: circle of circle 1 was '7.0 ")


def test_values_that_do_not_follow_on_each_other_are_noticed(eventful) -> None:
    found = tamper(eventful, "UPDATE changes SET old = 'disappearing' WHERE event_id = 3")
    assert "event 3: label of circle 2 was 'normal', not 'disappearing'" in found


def test_the_values_of_each_reader_follow_on_their_own(eventful) -> None:
    found = tamper(eventful, "UPDATE changes SET old = 'normal' WHERE event_id = 6")
    assert "event 6: label of circle 1 was '', not 'normal'" in found


def test_an_undo_of_nothing_is_noticed(eventful) -> None:
    found = tamper(eventful, "UPDATE events SET undoes = 6 WHERE id = 5")
    assert "event 5: it undoes 6, which is no earlier event of its session" in found


def test_a_snapshot_that_was_changed_or_lost_is_noticed(eventful) -> None:
    said = ["event 7: its snapshot is not as it was written"]
    assert tamper(eventful, """UPDATE snapshots SET data = '{"percent":4}'""") == said
    assert tamper(eventful, "DELETE FROM snapshots") == said


@pytest.mark.usefixtures("run")
def test_a_reference_to_nothing_is_noticed(store) -> None:
    other = sqlite3.connect(store.path)  # It keeps no references unless asked to.
    other.execute("UPDATE runs SET slide_id = 99")
    other.commit()
    other.close()
    found = store.verify()
    assert found == ["runs, row 1: what it refers to in slides is not there"]


def test_a_lost_table_is_said(eventful) -> None:
    assert tamper(eventful, "DROP TABLE snapshots") == ["no such table: snapshots"]
