"""What keys and buttons do: nothing that was judged is overwritten, nothing is lost unsaid."""

import pytest

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Session, Walk
from napari_ggs.review.actions import Actions
from tests.review.test_session import rows_of


@pytest.fixture
def actions() -> Actions:
    """Over a session of six circles, the first of which is at hand, nothing selected."""
    session = Session(GGS, Thresholds(0, 0.5))
    session.extend(rows_of(6))
    walk = Walk()
    walk.set_order(tuple(session.table.index.tolist()))
    walk.next()
    return Actions(session, walk, lambda: [])


def several(actions: Actions) -> Actions:
    """The same with all circles selected."""
    return Actions(actions.session, actions.walk, lambda: actions.session.table.index)


def test_confirming_leaves_what_was_put_aside(actions: Actions) -> None:
    at = actions.walk.current
    actions.assess("uncertain")
    actions.walk.visit(at)
    actions.confirm()
    row = actions.session.table.loc[at]
    assert (row["label"], row["assessment"]) == ("", "uncertain")
    assert actions.walk.current != at, "it goes on all the same"


def test_confirming_several_is_one_step_to_undo(actions: Actions) -> None:
    actions.assess("ungradable")
    every = several(actions)
    every.confirm()
    table = actions.session.table
    judged = table["assessment"] == ""
    assert (table["label"][judged] == table["predicted"][judged]).all()
    assert judged.sum() == 5
    every.undo()
    assert (actions.session.table["label"] == "").all()


def test_a_circle_that_is_taken_out_is_brought_back_by_the_same_key(actions: Actions) -> None:
    at = actions.walk.current
    actions.remove()
    assert at not in actions.session.table.index
    actions.walk.visit(at)
    actions.remove()
    assert at in actions.session.table.index


@pytest.mark.parametrize(
    "act",
    [
        lambda actions: actions.label("solidified"),
        lambda actions: actions.assess("uncertain"),
        lambda actions: actions.flag("segmental"),
    ],
)
def test_what_is_said_of_a_circle_that_is_out_is_refused_with_the_way_back(
    actions: Actions, act
) -> None:
    at = actions.walk.current
    actions.remove()
    actions.walk.visit(at)
    with pytest.raises(UserError, match="Press Delete to bring it back"):
        act(actions)


def test_a_note_on_a_circle_that_is_out_is_kept(actions: Actions) -> None:
    at = actions.walk.current
    actions.remove()
    actions.walk.visit(at)
    actions.note("duplicate of 3")
    assert actions.session.everything.loc[at, "note"] == "duplicate of 3"
