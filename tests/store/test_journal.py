"""What people do is kept as it happens, with what stood before."""

import sqlite3
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from napari_ggs.store import FIRST_DRAWN, NEW, CaseStore, FieldChange, circle_text, log
from tests.store.studies import assert_whole, draw, finished, info, label, reader, undo


def test_an_event_says_who_when_and_what_from_what_to_what(store, run) -> None:
    journal = reader(store, run)
    first, second = label(journal, 3, "normal"), label(journal, 3, "solidified")
    assert journal.who == "ann"
    assert (second.kind, second.who, second.run) == ("labelled", "ann", run)
    assert (second.session, second.undoes, second.payload) == (journal.session, None, None)
    assert second.changes == (FieldChange(3, "label", "normal", "solidified"),)
    assert second.at.tzinfo is UTC
    assert abs(datetime.now(UTC) - second.at) < timedelta(minutes=1)
    assert first.id < second.id
    assert first.at < second.at


def test_an_event_is_on_disk_when_append_returns(store, run) -> None:
    event = label(reader(store, run), 1)
    with CaseStore.open(store.path) as other:
        assert_whole(other, [event], run)


def test_events_read_back_as_they_were_appended(store, run) -> None:
    journal = reader(store, run)
    events = [
        journal.append("opened", [], payload={"view": [1, 2.5], "why": "ä"}),
        journal.append(
            "many",
            [
                FieldChange(5, "note", "", "line\nbreak, 'quote' \x00 ü"),
                FieldChange(2, "flags", "", "other,segmental"),
                FieldChange(2, "assessment", "", "cut"),
                FieldChange(2, "removed", "", "1"),
                FieldChange(2, "consensus", "", "normal"),
                FieldChange(2, "circle", "", circle_text(0.1 + 0.2, 1e-7, 1 / 3)),
            ],
        ),
    ]
    events.append(undo(journal, events[1]))
    assert events[2].undoes == events[1].id
    assert_whole(store, events, run)
    assert journal.events(after=events[0].id) == events[1:]
    assert store.events(run, until=events[1].at) == events[:2]
    assert store.events(run, after=events[0].id, until=events[1].at) == events[1:2]


def test_the_old_value_is_the_one_that_stood_whatever_the_reader_believed(store, run) -> None:
    ann, bob = reader(store, run), reader(store, run, "bob")
    found = store.table(run).loc[2, ["x", "y", "radius"]]
    first = ann.append("moved", [FieldChange(2, "circle", "?", circle_text(1, 2, 3))])
    assert first.changes[0].old == circle_text(*found)
    second = bob.append("moved", [FieldChange(2, "circle", "?", circle_text(4, 5, 6))])
    assert second.changes[0].old == circle_text(1, 2, 3)
    label(ann, 2)
    assert label(bob, 2, "solidified").changes[0].old == ""
    assert store.verify() == []


def test_a_drawn_circle_gets_its_handle_and_number_as_it_is_kept(store, run) -> None:
    ann, bob = reader(store, run), reader(store, run, "bob")
    first, second = draw(ann, 1.0), draw(bob, 2.0)
    assert first.changes == (
        FieldChange(FIRST_DRAWN, "circle", "", "1.0 2.5 30.0"),
        FieldChange(FIRST_DRAWN, "label", "", "obsolescent"),
    )
    assert second.changes[0].handle == FIRST_DRAWN + 1
    with store.database.reading() as db:
        rows = db.execute(
            "SELECT handle, number, drawn_by FROM circles WHERE drawn_by IS NOT NULL"
        ).fetchall()
    assert rows == [(FIRST_DRAWN, 7, "ann"), (FIRST_DRAWN + 1, 8, "bob")]
    assert_whole(store, [first, second], run)


def test_an_event_draws_one_circle(store, run) -> None:
    journal = reader(store, run)
    circle = FieldChange(NEW, "circle", "", "1.0 2.0 3.0")
    for changes in ([FieldChange(NEW, "label", "", "normal")], [circle, circle]):
        with pytest.raises(ValueError, match="draws one circle"):
            journal.append("drawn", changes)
    assert len(store.table(run)) == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (FieldChange(1, "colour", "", "red"), "'colour' is no field"),
        (FieldChange(1, "label", "", "nice"), "'nice' is no value of the field 'label'"),
        (FieldChange(1, "consensus", "", "nice"), "'nice' is no value"),
        (FieldChange(1, "assessment", "", "nice"), "'nice' is no value"),
        (FieldChange(1, "removed", "", "yes"), "'yes' is no value"),
        (FieldChange(1, "flags", "", "b,a"), "'b,a' is no value"),
        (FieldChange(1, "circle", "", "1 2"), "'1 2' is no value"),
        (FieldChange(1, "circle", "", "1 2 3"), "'1 2 3' is no value"),
        (FieldChange(1, "circle", "", "1.0 2.0 nan"), "'1.0 2.0 nan' is no value"),
        (FieldChange(1, "circle", "", "1.0 2.0 -3.0"), "'1.0 2.0 -3.0' is no value"),
        (FieldChange(1, "circle", "", ""), "'' is no value of the field 'circle' of circle 1"),
    ],
)
def test_what_is_malformed_does_not_get_into_the_record(change, said, store, run) -> None:
    journal = reader(store, run)
    kept = label(journal, 0)
    with pytest.raises(ValueError, match=said):
        journal.append("odd", [FieldChange(0, "label", "", "solidified"), change])
    assert_whole(store, [kept], run)


def test_an_unknown_circle_is_refused_whole(store, run) -> None:
    journal = reader(store, run)
    with pytest.raises(KeyError, match=f"Run {run} has no circle 99"):
        journal.append("labelled", [FieldChange(h, "label", "", "normal") for h in (0, 99)])
    assert_whole(store, [], run)


def test_one_undoes_only_what_happened_in_ones_own_session(store, run) -> None:
    ann, later, bob = reader(store, run), reader(store, run), reader(store, run, "bob")
    event = label(ann, 0)
    other = finished(store, slide=info("cd"))
    elsewhere = store.journal(other, ann.session)
    for journal in (later, bob, elsewhere):
        with pytest.raises(ValueError, match="one undoes one's own only"):
            journal.append("undo", [], undoes=event.id)
    with pytest.raises(ValueError, match="Event 77"):
        ann.append("undo", [], undoes=77)
    undo(ann, undo(ann, event))
    assert store.verify() == []


def test_events_of_one_run_are_not_those_of_another(store, run) -> None:
    other = finished(store, slide=info("cd"))
    first, second = reader(store, run), reader(store, other)
    mine, theirs = [label(first, 2)], [label(second, 2, "solidified")]
    mine.append(label(first, 2, "disappearing"))
    assert mine[1].changes[0].old == "normal"
    assert_whole(store, mine, run)
    assert_whole(store, theirs, other)
    assert store.history(other, 2) == [(theirs[0], theirs[0].changes[0])]


def test_the_history_of_a_circle_tells_all_that_happened_to_it(store, run) -> None:
    journal = reader(store, run)
    first = label(journal, 3)
    label(journal, 4)
    both = journal.append(
        "many", [FieldChange(h, f, "", "1") for h in (3, 4) for f in ("removed", "note")]
    )
    assert store.history(run, 3) == [
        (first, first.changes[0]),
        (both, both.changes[0]),
        (both, both.changes[1]),
    ]
    assert store.history(run, 5) == []


def test_a_clock_that_is_set_back_does_not_turn_the_order_of_events(
    store, run, monkeypatch
) -> None:
    journal = reader(store, run)
    first = label(journal, 1)

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo) -> datetime:
            return first.at.astimezone(tz) - timedelta(hours=1)

    monkeypatch.setattr(log, "datetime", Earlier)
    second = label(journal, 2)
    assert second.at == first.at + timedelta(microseconds=1)
    assert store.events(run, until=first.at) == [first]


def test_events_cannot_be_changed_or_taken_away(store, run) -> None:
    label(reader(store, run), 1)
    for wish in (
        "UPDATE events SET who = 'bob'",
        "DELETE FROM events",
        "DELETE FROM changes",
        "UPDATE changes SET new = 'x'",
    ):
        with (
            pytest.raises(sqlite3.IntegrityError, match="are only appended"),
            store.database.writing() as db,
        ):
            db.execute(wish)
    assert store.verify() == []


def test_a_session_has_a_name(store) -> None:
    with pytest.raises(ValueError, match="needs the name"):
        store.begin_session("  ")
    with pytest.raises(KeyError, match="no session 9"):
        store.journal(1, 9)
