"""What people do to the circles of a run: written as it happens, read back by anybody."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from napari_ggs.store import cases, log, numbering, runs
from napari_ggs.store.database import Database, Part
from napari_ggs.store.events import (
    NEW,
    Event,
    FieldChange,
    circle_of,
    refuse_malformed,
    with_handle,
)
from napari_ggs.store.standing import standing


class RunJournal:
    """What happens to one run, written in one person's name.

    Attributes
    ----------
    run, session : int
    who : str
        Whose session it is.
    """

    def __init__(self, database: Database, run: int, session: int) -> None:
        self.run = run
        self.session = session
        self._database = database
        with database.reading() as db:
            self.who = log.who_of(db, session)
            stored = runs.run_of(db, run)
        self._slide, self._scheme = stored.slide, stored.scheme

    def append(
        self,
        kind: str,
        changes: Iterable[FieldChange],
        undoes: int | None = None,
        payload: dict[str, Any] | None = None,
    ) -> Event:
        """Write an event; it is on disk when this returns.

        Parameters
        ----------
        kind : str
        changes : iterable of FieldChange
            With the handle `NEW`: of one circle that is being drawn; among them its "circle".
        undoes : int, optional
            The event of this session that is taken back.
        payload : dict, optional
            In what JSON can hold. Ids of the store have no place in it: an import changes them.

        Returns
        -------
        Event
            As it was written: a drawn circle has its handle, and each ``old`` is the value that
            stood, even if somebody else changed it since this reader looked.

        Raises
        ------
        ValueError
            If a field or value is malformed, or `undoes` is an event of another session.
        KeyError
            If a circle is unknown.
        StoreError
            If the slide's case is finished, or the file cannot be written; nothing has changed.
        """
        with self._database.writing() as db:
            cases.require_open(db, self._slide)
            self._refuse_others(db, undoes)
            entry = log.Entry(
                kind=kind,
                session=self.session,
                slide=self._slide,
                run=self.run,
                changes=self._settled(db, tuple(changes)),
                undoes=undoes,
                payload=payload,
            )
            return log.write(db, entry)

    def events(self, after: int = 0) -> list[Event]:
        """What happened to the run after the event of that id, whoever did it."""
        with self._database.reading() as db:
            return log.read(db, "run_id = ? AND id > ?", (self.run, after))

    def _refuse_others(self, db: sqlite3.Connection, undoes: int | None) -> None:
        if undoes is None:
            return
        row = db.execute("SELECT run_id, session_id FROM events WHERE id = ?", (undoes,)).fetchone()
        if row != (self.run, self.session):
            raise ValueError(f"Event {undoes} is not of this session: one undoes one's own only.")

    def _settled(
        self, db: sqlite3.Connection, changes: tuple[FieldChange, ...]
    ) -> tuple[FieldChange, ...]:
        """The changes with real handles, each from the value that stands."""
        for change in changes:
            refuse_malformed(change, self._scheme)
        if any(change.handle == NEW for change in changes):
            handle = numbering.add_drawn(db, self.run, _drawn(changes), self.who)
            changes = with_handle(changes, handle)
        return tuple(
            replace(c, old=standing(db, self.run, c.handle, c.field, self.who)) for c in changes
        )


class Journals(Part):
    """What people did to the circles of a study."""

    def journal(self, run: int, session: int) -> RunJournal:
        """What happens to a run from now on, written in the name of a session's person."""
        return RunJournal(self.database, run, session)

    def events(self, run: int, after: int = 0, until: datetime | None = None) -> list[Event]:
        """The events of a run after that of an id, up to a moment (aware) and with it."""
        with self.database.reading() as db:
            latest = log.stamp(until or datetime.max.replace(tzinfo=UTC))
            return log.read(db, "run_id = ? AND id > ? AND at <= ?", (run, after, latest))

    def history(self, run: int, handle: int) -> list[tuple[Event, FieldChange]]:
        """All that happened to one circle, the oldest first."""
        touched = "id IN (SELECT event_id FROM changes WHERE run_id = ? AND handle = ?)"
        with self.database.reading() as db:
            events = log.read(db, touched, (run, handle))
        return [(event, c) for event in events for c in event.changes if c.handle == handle]


def _drawn(changes: Iterable[FieldChange]) -> tuple[float, float, float]:
    """The one circle that is being drawn."""
    drawn = [c.new for c in changes if c.handle == NEW and c.field == "circle" and c.new]
    if len(drawn) != 1:
        raise ValueError(f"An event draws one circle, with one place for it; found {len(drawn)}.")
    return circle_of(drawn[0])
