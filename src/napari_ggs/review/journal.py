"""Where the events of a review are kept: here in memory; in a study, on disk."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from napari_ggs.store import FIRST_DRAWN, NEW, Event, FieldChange


class Journal(Protocol):
    """Keeps what one reader does to the circles of a run, in order.

    Attributes
    ----------
    who : str
        The reader.
    """

    who: str

    def append(self, kind: str, changes: Sequence[FieldChange], undoes: int | None = None) -> Event:
        """Keep an event for good, then return it; a new circle has its handle then."""
        ...

    def events(self, after: int = 0) -> list[Event]:
        """What was kept after the event of a number, by whomever."""
        ...


class MemoryJournal:
    """A journal that is gone with the process: for reviews outside a study, and for tests."""

    def __init__(self, who: str = "") -> None:
        self.who = who
        self._events: list[Event] = []
        self._drawn = FIRST_DRAWN

    def append(self, kind: str, changes: Sequence[FieldChange], undoes: int | None = None) -> Event:
        """See `Journal`."""
        if any(change.handle == NEW for change in changes):
            changes = [replace(c, handle=self._drawn) if c.handle == NEW else c for c in changes]
            self._drawn += 1
        number, now = len(self._events) + 1, datetime.now(UTC)
        event = Event(number, kind, self.who, now, 0, None, tuple(changes), undoes)
        self._events.append(event)
        return event

    def events(self, after: int = 0) -> list[Event]:
        """See `Journal`."""
        return self._events[after:]
