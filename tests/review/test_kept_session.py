"""A review that is kept in a study: what was done, undone and reopened is what a model says."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import GEOMETRY, Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import (
    Assessed,
    Drawn,
    Event,
    Flagged,
    Labelled,
    Moved,
    Noted,
    Removed,
    Session,
    Settled,
)
from napari_ggs.review.readings import as_left
from napari_ggs.store import FIRST_DRAWN, CaseStore, SlideInfo, existing, replay
from tests.review.test_session import rows_of

COLUMNS = [*GEOMETRY, "label", "assessment", "flags", "note", "removed"]
N = 6


def study(folder: Path) -> tuple[CaseStore, int]:
    """A study with one run of some circles."""
    store = CaseStore.open(folder / "study.ggs")
    slide = store.add_slide(SlideInfo("f" * 32, "a", Path("a.svs"), 9999, 9999, 0.5))
    run = store.begin_run(slide, GGS, {}, Thresholds(), None)
    store.add_circles(run, rows_of(N))
    store.finish_run(run, rows_of(N), {})
    return store, run


def opened(store: CaseStore, run: int, who: str = "ann") -> Session:
    """The session of a run as a window opens it."""
    session = Session(GGS, Thresholds(), store.journal(run, store.begin_session(who)))
    events = store.events(run)
    session.resume(replay(store.table(run), events, who), events[-1].id if events else 0)
    return session


def as_text(session: Session) -> dict[int, tuple]:
    """What a reader sees of each circle."""
    rows = session.everything[COLUMNS]
    return {
        int(handle): tuple(row) for handle, row in zip(rows.index, rows.to_numpy(), strict=True)
    }


class KeptReview(RuleBasedStateMachine):
    """Random edits, undos, redos and reopenings against a list of pictures of the past."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store, self.run = study(Path(self.folder.name))
        self.session = opened(self.store, self.run)
        self.past, self.future = [as_text(self.session)], []

    def apply(self, event: Event) -> None:
        before = len(self.store.events(self.run))
        self.session.apply(event)
        if len(self.store.events(self.run)) > before:
            self.past.append(as_text(self.session))
            self.future = []

    def some(self, data: st.DataObject) -> tuple[int, ...]:
        there = sorted(self.past[-1])
        return tuple(data.draw(st.lists(st.sampled_from(there), min_size=1, unique=True)))

    @rule(data=st.data(), label=st.sampled_from(["", *GGS.classes]))
    def label(self, data: st.DataObject, label: str) -> None:
        handles = self.some(data)
        if not label and max(handles) >= FIRST_DRAWN:
            return  # who draws a circle names it
        self.apply(Labelled(handles, label))
        assert {self.past[-1][h][3] for h in handles} == {label}

    @rule(data=st.data(), word=st.sampled_from(["", "uncertain", "cut"]))
    def assess(self, data: st.DataObject, word: str) -> None:
        self.apply(Assessed(self.some(data), word))

    @rule(data=st.data(), on=st.booleans())
    def flag(self, data: st.DataObject, on: bool) -> None:
        self.apply(Flagged(self.some(data), "segmental", on))

    @rule(data=st.data(), text=st.text(max_size=8))
    def note(self, data: st.DataObject, text: str) -> None:
        self.apply(Noted(self.some(data), text.replace("\0", "")))

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.apply(Removed(self.some(data)))

    @rule(data=st.data(), x=st.floats(0, 9999), radius=st.floats(1, 500))
    def move(self, data: st.DataObject, x: float, radius: float) -> None:
        handle = self.some(data)[0]
        self.apply(Moved((handle,), np.array([[x, x, radius]])))
        assert self.past[-1][handle][:3] == (x, x, radius)

    @rule(x=st.floats(0, 9999), label=st.sampled_from(GGS.classes))
    def draw(self, x: float, label: str) -> None:
        self.apply(Drawn(x, x, 50.0, label))

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

    @precondition(lambda self: len(self.past) > 1)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = CaseStore.open(Path(self.folder.name) / "study.ggs")
        self.session = opened(self.store, self.run)
        self.past, self.future = [self.past[-1]], []

    @invariant()
    def everybody_agrees(self) -> None:
        if not hasattr(self, "session"):
            return
        assert as_text(self.session) == self.past[-1]
        kept = existing(replay(self.store.table(self.run), self.store.events(self.run), "ann"))
        pd.testing.assert_frame_equal(
            kept[COLUMNS], self.session.everything[COLUMNS], check_dtype=False
        )

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert self.store.verify() == []
            self.store.close()
            self.folder.cleanup()


KeptReview.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
test_kept_review = KeptReview.TestCase


def test_what_another_process_keeps_is_taken_in_with_the_next_edit(tmp_path: Path) -> None:
    store, run = study(tmp_path)
    ann, other = opened(store, run), opened(CaseStore.open(store.path), run)
    other.apply(Labelled((1,), "solidified"))
    other.apply(Drawn(5, 6, 7, "normal"))
    ann.apply(Labelled((2,), "obsolescent"))
    assert ann.table.loc[1, "label"] == "solidified"
    assert len(ann.table) == N + 1
    other.follow()
    assert as_text(other) == as_text(ann)


def test_of_another_reader_neither_grades_nor_drawings_count_before_they_compare(
    tmp_path: Path,
) -> None:
    store, run = study(tmp_path)
    ann, bob = opened(store, run, "ann"), opened(store, run, "bob")
    ann.apply(Labelled((1,), "solidified"))
    ann.apply(Removed((2,)))
    ann.apply(Drawn(5, 6, 7, "normal"))
    bob.follow()
    assert bob.table.loc[1, "label"] == ""
    assert 2 in bob.table.index
    (drawn,) = ann.latest
    assert drawn not in bob.everything.index
    assert bob.rows([drawn])[GEOMETRY].iloc[0].tolist() == [5, 6, 7]


def test_what_was_settled_stands_for_who_had_taken_it_out(tmp_path: Path) -> None:
    store, run = study(tmp_path)
    ann, bob = opened(store, run, "ann"), opened(store, run, "bob")
    ann.apply(Removed((2,)))
    ann.apply(Assessed((3,), "uncertain"))
    bob.apply(Settled((2, 3), "obsolescent"))
    ann.follow()
    assert ann.table.loc[[2, 3], "label"].tolist() == ["obsolescent"] * 2
    assert ann.table.loc[3, "assessment"] == ""
    assert {2, 3} <= set(ann.members("obsolescent").index)
    own, consensus = as_left(store, store.run(run), "ann"), as_left(store, store.run(run))
    assert 2 not in own.table.index
    assert {2, 3} <= set(consensus.table.index)


def test_who_is_named_says_what_they_said_and_not_what_was_settled(tmp_path: Path) -> None:
    store, run = study(tmp_path)
    ann, bob = opened(store, run, "ann"), opened(store, run, "bob")
    ann.apply(Labelled((1,), "solidified"))
    bob.apply(Labelled((1,), "obsolescent"))
    bob.apply(Drawn(5, 6, 7, "normal"))
    bob.apply(Settled((1,), "disappearing"))
    said = {who: as_left(store, store.run(run), who).table for who in ("ann", "bob")}
    assert [said[who].loc[1, "label"] for who in said] == ["solidified", "obsolescent"]
    assert len(said["bob"]) == len(said["ann"]) + 1, "bob's drawing is bob's alone"
    assert as_left(store, store.run(run)).table.loc[1, "label"] == "disappearing"


def test_undo_leaves_what_another_window_has_changed_since(tmp_path: Path) -> None:
    store, run = study(tmp_path)
    one, two = opened(store, run), opened(store, run)
    one.apply(Labelled((1, 2), "solidified"))
    two.follow()
    two.apply(Labelled((1,), "obsolescent"))
    one.undo()
    assert one.table.loc[[1, 2], "label"].tolist() == ["obsolescent", ""]
    assert store.verify() == []


def test_an_edit_that_cannot_be_kept_is_not_shown(tmp_path: Path) -> None:
    store, run = study(tmp_path)
    session = opened(store, run)
    case = store.slides()[0].case
    store.finish_case(case, session.journal.session, {})
    before = as_text(session)
    with pytest.raises(UserError, match=r"[Rr]eopen"):
        session.apply(Labelled((1,), "solidified"))
    assert as_text(session) == before
    store.reopen_case(case, session.journal.session)
    session.apply(Labelled((1,), "solidified"))
    assert session.table.loc[1, "label"] == "solidified"
