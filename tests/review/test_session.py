"""A session answers for one slide: what is shown, what counts, and every edit can be undone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.review import Change, Labelled, Removed, Session


def rows_of(n: int, seed: int = 0, first: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(len(GGS.classes), 0.5), n)
    rows = glomeruli.build(rng.uniform(1, 1e4, (n, 3)), rng.uniform(0, 1, n), probabilities, GGS)
    rows["id"] += first
    return rows.set_axis(range(first, first + n))


def session_of(n: int, seed: int = 0) -> Session:
    session = Session(GGS)
    session.extend(rows_of(n, seed))
    return session


def state(session: Session) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    return session.table, {name: list(session.members(name).index) for name in GGS.classes}


def assert_same(first: Session | tuple, second: Session | tuple) -> None:
    a = state(first) if isinstance(first, Session) else first
    b = state(second) if isinstance(second, Session) else second
    pd.testing.assert_frame_equal(a[0], b[0])
    assert a[1] == b[1]


def test_counts_are_those_of_the_glomeruli_table() -> None:
    session = session_of(200)
    expected = glomeruli.counts(session.table, GGS, session.thresholds)
    assert {name: session.counts()[name] for name in GGS.glomerular} == expected
    assert session.percent_sclerotic() == glomeruli.percent_sclerotic(expected, GGS)


def test_a_label_moves_only_its_circles_to_the_other_class() -> None:
    session = session_of(50)
    moved = tuple(session.members("normal").index[:2])
    changes: list[Change] = []
    session.changed.connect(changes.append)
    session.apply(Labelled(moved, "solidified"))
    (change,) = changes
    assert tuple(change.handles) == moved
    assert list(change.before) == ["normal"] * 2
    assert list(change.after) == ["solidified"] * 2
    assert change.classes == {"normal", "solidified"}
    assert {session.class_of(handle) for handle in moved} == {"solidified"}


def test_a_label_overrides_the_detection_threshold() -> None:
    session = session_of(50)
    session.thresholds = Thresholds(detection=1.0)
    assert sum(session.counts().values()) == 0
    session.apply(Labelled((7,), "obsolescent"))
    assert session.counts()["obsolescent"] == 1
    session.apply(Labelled((7,), ""))
    assert session.class_of(7) == ""


def test_a_removed_circle_leaves_the_table_and_is_no_hard_negative() -> None:
    session = session_of(20)
    handle = int(session.members("normal").index[0])
    rejected = session.counts()[NON_GLOMERULUS]
    session.apply(Removed((handle,)))
    assert handle not in session.table.index
    assert session.counts()[NON_GLOMERULUS] == rejected
    session.undo()
    assert session.class_of(handle) == "normal"


def test_edits_are_counted_by_circle_and_not_once_they_are_undone() -> None:
    session = session_of(20)
    session.apply(Labelled((1, 2), "solidified"))
    session.apply(Removed((2, 3)))
    assert session.edited == 3
    session.undo()
    session.apply(Labelled((1,), ""))
    assert session.edited == 1


def test_thresholds_act_on_what_is_there_and_come_back_exactly() -> None:
    session = session_of(100)
    before = state(session)
    session.thresholds = Thresholds(detection=0.1, glomerulus=1.1)
    assert session.counts()[NON_GLOMERULUS] == sum(session.counts().values()) > 0
    session.thresholds = Thresholds()
    assert_same(session, before)


def test_labels_given_while_a_run_streams_survive_its_end() -> None:
    session = Session(GGS)
    session.extend(rows_of(5))
    session.apply(Labelled((3,), "disappearing"))
    session.extend(rows_of(5, seed=1, first=5))
    finished: list[bool] = []
    session.finished.connect(lambda: finished.append(True))
    whole = pd.concat([rows_of(5), rows_of(5, seed=1, first=5)])
    session.finish(glomeruli.numbered(whole))
    assert session.table.loc[3, "label"] == "disappearing"
    assert list(session.table["id"]) == list(range(1, 11))
    assert finished == [True]
    session.undo()
    assert session.table.loc[3, "label"] == ""


def test_an_unknown_class_is_refused_and_changes_nothing() -> None:
    session = session_of(5)
    before = state(session)
    with pytest.raises(KeyError, match="sclerosed"):
        session.apply(Labelled((1,), "sclerosed"))
    session.undo()
    assert_same(session, before)


@given(seed=st.integers(0, 20), detection=st.floats(0, 1), glomerulus=st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_streamed_in_parts_or_at_once_is_the_same(
    seed: int, detection: float, glomerulus: float
) -> None:
    thresholds = Thresholds(detection, glomerulus)
    parts, whole = Session(GGS, thresholds), Session(GGS)
    table = rows_of(30, seed)
    for start in range(0, 30, 7):
        parts.extend(table.iloc[start : start + 7])
    whole.extend(table)
    whole.thresholds = thresholds
    assert_same(parts, whole)


class RandomReview(RuleBasedStateMachine):
    """Signals alone must be enough to follow the session; undo and redo retrace every state."""

    @initialize(n=st.integers(1, 12), seed=st.integers(0, 5))
    def open(self, n: int, seed: int) -> None:
        self.session, self.n = Session(GGS), n
        self.followed: dict[int, str] = {}
        self.session.changed.connect(self.follow)
        self.session.extend(rows_of(n, seed))
        self.past, self.future = [state(self.session)], []

    def follow(self, change: Change) -> None:
        for handle, before, after in zip(change.handles, change.before, change.after, strict=True):
            assert self.followed.get(handle, "") == before != after
            self.followed[handle] = after

    def apply(self, event: Labelled | Removed) -> None:
        """What changes nothing is no step."""
        steps = len(self.session.journal.events())
        self.session.apply(event)
        if len(self.session.journal.events()) > steps:
            self.past.append(state(self.session))
            self.future = []

    @rule(data=st.data(), label=st.sampled_from(["", *GGS.classes]))
    def label(self, data: st.DataObject, label: str) -> None:
        handles = data.draw(st.sets(st.integers(0, self.n - 1), min_size=1))
        self.apply(Labelled(tuple(handles), label))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        handles = data.draw(st.sets(st.integers(0, self.n - 1), min_size=1))
        self.apply(Removed(tuple(handles)))

    @rule()
    def undo(self) -> None:
        self.session.undo()
        if len(self.past) > 1:
            self.future.append(self.past.pop())

    @rule()
    def redo(self) -> None:
        self.session.redo()
        if self.future:
            self.past.append(self.future.pop())

    @invariant()
    def is_where_it_should_be(self) -> None:
        assert_same(self.session, self.past[-1])
        shown = {handle: name for handle, name in self.followed.items() if name}
        assert shown == {h: n for n, handles in self.past[-1][1].items() for h in handles}

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        last = state(self.session)
        steps = len(self.past) - 1
        for _ in range(steps):
            self.session.undo()
        assert_same(self.session, self.past[0])
        for _ in range(steps):
            self.session.redo()
        assert_same(self.session, last)


RandomReview.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_random_review = RandomReview.TestCase
