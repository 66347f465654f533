"""Reading blind to the model: what was said so is marked in the event that keeps it."""

from collections.abc import Iterable, Sequence
from typing import Any

from napari_ggs.store import Event, FieldChange, RunJournal

MARK = "blind to the model"
"""In the payload of an event whose author saw nothing of the model's answers."""

VERDICT = frozenset({"label", "assessment", "removed"})
"""The fields by which a reader says what a circle is."""


class BlindJournal:
    """A run's journal (`review.journal.Journal`) that marks what it keeps.

    Attributes
    ----------
    plain : RunJournal
        The one that keeps the events.
    """

    def __init__(self, plain: RunJournal) -> None:
        self.plain, self.who = plain, plain.who

    def append(self, kind: str, changes: Sequence[FieldChange], undoes: int | None = None) -> Event:
        """See `Journal`."""
        return self.plain.append(kind, changes, undoes, {MARK: True})

    def events(self, after: int = 0) -> list[Event]:
        """See `Journal`."""
        return self.plain.events(after)


def read_blind(events: Iterable[Event], who: str) -> set[int]:
    """Handles of the circles of which a reader says now only what they said blind.

    What an undo brings back counts as it did when it was said.
    """
    now: dict[tuple[int, str], str] = {}
    blind: dict[tuple[int, str, str], bool] = {}
    for event in events:
        if event.who != who:
            continue
        for c in event.changes:
            now[c.handle, c.field] = c.new
            if event.undoes is None:
                blind[c.handle, c.field, c.new] = _is_marked(event.payload)
    said: dict[int, list[bool]] = {}
    for (handle, field), value in now.items():
        if value and field in VERDICT:
            said.setdefault(handle, []).append(blind.get((handle, field, value), False))
    return {handle for handle, marks in said.items() if all(marks)}


def _is_marked(payload: dict[str, Any] | None) -> bool:
    return bool(payload and payload.get(MARK))
