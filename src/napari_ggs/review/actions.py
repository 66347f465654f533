"""What a reader's keys and buttons do, whatever window they are in."""

from collections.abc import Callable, Iterable

import pandas as pd

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.review.events import (
    Assessed,
    Confirmed,
    Event,
    Flagged,
    Labelled,
    Noted,
    Removed,
)
from napari_ggs.review.session import Session
from napari_ggs.review.walk import Walk

TAKEN_OUT = "This circle is taken out. Press Delete to bring it back, then name it."


class Actions:
    """Acts on the circles that are selected or, where none is, on the one that the walk is at.

    Who grades the circle that the walk is at goes on to the next one; where there is nothing to
    act on, the walk begins.

    Parameters
    ----------
    session : Session
    walk : Walk
    selected : callable
        Gives the handles of the circles that are selected.
    """

    def __init__(self, session: Session, walk: Walk, selected: Callable[[], Iterable[int]]) -> None:
        self.session, self.walk, self._selected = session, walk, selected

    @property
    def handles(self) -> tuple[int, ...]:
        """The circles that the next action is about, taken out or not."""
        if chosen := tuple(int(handle) for handle in self._selected()):
            return chosen
        at = self.walk.current
        return (at,) if at is not None and self.session.knows(at) else ()

    @property
    def rows(self) -> pd.DataFrame:
        """Their rows."""
        return self.session.rows(self.handles)

    def label(self, name: str) -> None:
        """Give them a class."""
        self._grade(Labelled(self.handles, name))

    def confirm(self) -> None:
        """Make what is predicted of them the label; what was judged stays as it is."""
        self._grade(Confirmed(self.handles))

    def assess(self, assessment: str) -> None:
        """Say what stands in the way of a class; said again, it is taken back."""
        self._refuse_taken_out()
        rows = self.rows
        again = len(rows) > 0 and bool((rows["assessment"] == assessment).all())
        event = Assessed(self.handles, "" if again else assessment)
        if again or assessment not in STAYING_OUT:
            self._apply(event)
        else:
            self._grade(event)

    def flag(self, flag: str) -> None:
        """Mark a finding beside the class; marked again, it is taken off."""
        self._refuse_taken_out()
        marked = self.rows["flags"].str.split(",").map(lambda flags: flag in flags)
        self._apply(Flagged(self.handles, flag, on=not bool(marked.all())))

    def note(self, text: str) -> None:
        """Write a note about them."""
        self._apply(Noted(self.handles, text))

    def remove(self) -> None:
        """Take them out: duplicates, misplaced circles; if all are out, bring them back."""
        rows = self.rows
        if len(rows) and bool(rows["removed"].all()):
            self._apply(Removed(self.handles, out=False))
        else:
            self._grade(Removed(self.handles))

    def undo(self) -> None:
        """Take back what was done last, and look at it again."""
        self.session.undo()
        self._show_latest()

    def redo(self) -> None:
        """Do again what was undone last, and look at it."""
        self.session.redo()
        self._show_latest()

    def _apply(self, event: Event) -> None:
        if self.handles:
            self.session.apply(event)

    def _grade(self, event: Event) -> None:
        handles = self.handles
        if not isinstance(event, Removed | Confirmed):
            self._refuse_taken_out()
        self._apply(event)
        self._go_on(handles)

    def _refuse_taken_out(self) -> None:
        """What is said of a circle that is taken out would be lost on everybody."""
        rows = self.rows
        if bool((rows["removed"] & (rows["consensus"] == "")).any()):
            raise UserError(TAKEN_OUT)

    def _go_on(self, handles: tuple[int, ...]) -> None:
        at = self.walk.current
        if not handles or (handles == (at,) and self.walk.place(at) is not None):
            self.walk.next()

    def _show_latest(self) -> None:
        if len(self.session.latest) == 1 and self.session.knows(self.session.latest[0]):
            self.walk.visit(self.session.latest[0])
