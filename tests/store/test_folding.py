"""The present is the table with the events laid over it, as each reader sees it."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs import glomeruli
from napari_ggs.lesions import GGS
from napari_ggs.store import (
    FIRST_DRAWN,
    FieldChange,
    apply_changes,
    circle_of,
    circle_text,
    existing,
    flags_of,
    flags_text,
    fold,
    replay,
    starting,
    value_of,
)
from napari_ggs.store.events import OWN, SHARED
from tests.store.happenings import READERS, STEPS, happen, rows_seen
from tests.store.studies import draw, finished, label, reader, rows_of, some_store, undo

ADDED = {"own_label", "assessment", "flags", "note", "removed", "consensus"}


@given(steps=st.lists(STEPS, max_size=12))
@settings(max_examples=15)
def test_every_reader_sees_what_a_simple_model_says_at_every_moment(steps) -> None:
    with some_store() as store:
        run = finished(store, n=3)
        happened = happen(store, run, steps)
        table, events = store.table(run), [event for event, _ in happened]
        assert store.events(run) == events
        for place, (event, model) in enumerate(happened, start=1):
            for who in READERS:
                then = store.state_at(run, event.at, who)
                assert rows_seen(then) == model.seen_by(who)
                assert_same(then, fold(table, events[:place], who))
        assert store.verify() == []


@given(steps=st.lists(STEPS, max_size=12), data=st.data())
@settings(max_examples=15)
def test_laying_events_over_a_state_one_by_one_is_the_same_as_all_at_once(steps, data) -> None:
    with some_store() as store:
        run = finished(store, n=3)
        before = store.table(run)
        events = [event for event, _ in happen(store, run, steps)]
        table = store.table(run)
    since = data.draw(st.integers(0, len(events)))
    who = data.draw(st.sampled_from(READERS))
    # The table of before knows no drawn circles: they come with the events, as on the screen.
    state = replay(before, events[:since], who)
    for event in events[since:]:
        apply_changes(state, event.changes, own=event.who == who)
    assert_same(existing(state), fold(table, events, who))


def assert_same(first: pd.DataFrame, second: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_before_any_event_the_columns_are_there_and_say_nothing(store, run) -> None:
    table = store.table(run)
    state = fold(table, [], "ann")
    assert set(state.columns) == {*glomeruli.columns(GGS)} | ADDED
    assert_same(state[glomeruli.columns(GGS)], table)
    assert not state["removed"].any()
    assert (state[sorted(ADDED - {"removed"})] == "").all(axis=None)
    assert_same(existing(starting(table)), state)


def test_the_consensus_goes_before_the_own_label_and_leaves_it(store, run) -> None:
    ann, bob = reader(store, run), reader(store, run, "bob")
    label(ann, 2, "normal")
    label(bob, 2, "solidified")
    settled = bob.append("settled", [FieldChange(2, "consensus", "", "disappearing")])
    for who, own in (("ann", "normal"), ("bob", "solidified"), ("eve", "")):
        row = fold(store.table(run), store.events(run), who).loc[2]
        assert (row["label"], row["own_label"]) == ("disappearing", own)
    undo(bob, settled)
    assert fold(store.table(run), store.events(run), "ann").loc[2, "label"] == "normal"


def test_a_circle_that_was_drawn_and_undone_is_gone_until_it_is_redone(store, run) -> None:
    ann, bob = reader(store, run), reader(store, run, "bob")
    drawn = draw(ann)
    label(bob, FIRST_DRAWN, "normal")
    undone = undo(ann, drawn)
    assert FIRST_DRAWN not in fold(store.table(run), store.events(run), "bob").index
    undo(ann, undone)
    state = fold(store.table(run), store.events(run), "bob")
    assert state.loc[FIRST_DRAWN, ["id", "x", "y", "radius"]].tolist() == [7, 5.0, 2.5, 30.0]
    assert state.loc[FIRST_DRAWN, "label"] == "normal"


def test_a_removed_circle_stays_in_the_state_of_all(store, run) -> None:
    reader(store, run).append("removed", [FieldChange(4, "removed", "", "1")])
    for who, out in (("ann", [4]), ("bob", [])):
        state = fold(store.table(run), store.events(run), who)
        assert len(state) == 6
        assert state.index[state["removed"]].tolist() == out


def test_a_circle_just_drawn_gets_a_row_of_the_right_types(store, run) -> None:
    state = replay(store.table(run), [], "bob")
    types = state.dtypes
    apply_changes(state, draw(reader(store, run)).changes, own=False)
    row = state.loc[FIRST_DRAWN]
    assert (row["id"], row["label"], row["predicted"]) == (7, "", "")
    assert np.isnan(row["detection_score"])
    assert state.dtypes.equals(types)


def test_a_table_read_too_early_does_not_matter(store, run) -> None:
    table = store.table(run)
    journal = reader(store, run)
    undo(journal, draw(journal))
    assert_same(fold(table, store.events(run), "ann"), fold(table, [], "ann"))
    draw(journal)
    late = fold(store.table(run), store.events(run), "ann")
    assert_same(fold(table, store.events(run), "ann"), late)


def test_a_change_to_a_circle_that_the_table_lacks_is_said(store, run) -> None:
    state = replay(store.table(run), [], "ann")
    with pytest.raises(KeyError, match="no circle 99: read it anew"):
        apply_changes(state, [FieldChange(99, "note", "", "x")], own=True)
    assert 99 not in state.index


@pytest.mark.parametrize("field", sorted(SHARED | OWN))
def test_the_value_of_a_field_is_the_one_that_was_set(field, store, run) -> None:
    new = {"circle": "1.0 2.0 3.0", "removed": "1", "assessment": "cut"}.get(field, "normal")
    state = replay(store.table(run), [], "ann")
    old = value_of(state, 2, field)
    event = reader(store, run).append("set", [FieldChange(2, field, "", new)])
    assert event.changes[0].old == old
    apply_changes(state, event.changes, own=True)
    assert value_of(state, 2, field) == new


def test_many_circles_change_as_one_does(store) -> None:
    run = finished(store, n=60)
    state = replay(store.table(run), [], "ann")
    changes = [FieldChange(h, "label", "", GGS.classes[h % 5]) for h in range(60)]
    changes += [FieldChange(h, "circle", "", circle_text(h, 1, 2)) for h in range(60)]
    together = state.copy()
    apply_changes(together, changes, own=True)
    for change in changes:
        apply_changes(state, [change], own=True)
    assert_same(together, state)


def test_one_change_among_ten_thousand_circles_is_quick() -> None:
    state = replay(rows_of(10_000), [], "ann")
    times = []
    for handle in range(100):
        change = FieldChange(handle * 7, "label", "", "normal")
        start = time.perf_counter()
        apply_changes(state, [change], own=True)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.005  # 0.2 ms on an idle machine


@given(st.tuples(*[st.floats(allow_nan=False)] * 3))
def test_no_digit_of_a_circle_is_lost(circle) -> None:
    assert circle_of(circle_text(*circle)) == circle
    assert circle_text(*np.array(circle)) == circle_text(*circle)


def test_flags_are_written_one_way() -> None:
    assert flags_text(["segmental", "other", "segmental"]) == "other,segmental"
    assert flags_of("other,segmental") == ("other", "segmental")
    assert flags_of("") == ()
