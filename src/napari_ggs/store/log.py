"""The log of a study: events are appended and read, and each vouches for all before it."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from napari_ggs.store.events import Event, FieldChange

_COLUMNS = "id, slide_id, run_id, case_id, session_id, who, at, kind, undoes, payload"

ChangeRow = tuple[int, str, str, str]
"""handle, field, old, new."""


class Content(NamedTuple):
    """What an event's digest is made of, beside its changes: its row without the digest."""

    id: int
    slide: int | None
    run: int | None
    case: int | None
    session: int
    who: str
    at: str
    kind: str
    undoes: int | None
    payload: str | None


class Stored(NamedTuple):
    """An event as its rows stand in the file."""

    content: Content
    digest: str
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True)
class Entry:
    """An event that is still to be written; it is about a slide, a run of it, or a case."""

    kind: str
    session: int
    slide: int | None = None
    run: int | None = None
    case: int | None = None
    changes: tuple[FieldChange, ...] = ()
    undoes: int | None = None
    payload: dict[str, Any] | None = None


def canonical(value: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def stamp(moment: datetime) -> str:
    """A moment as text: UTC, to the microsecond, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def digest(previous: str, content: Content, changes: Iterable[ChangeRow]) -> str:
    """SHA-256 over the digest of the event before and all that this event says."""
    text = canonical([previous, *content, [list(change) for change in changes]])
    return hashlib.sha256(text.encode()).hexdigest()


def last_digest(db: sqlite3.Connection) -> str:
    """The digest that the next event builds on; "" before the first."""
    row = db.execute("SELECT digest FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else ""


def write(db: sqlite3.Connection, entry: Entry) -> Event:
    """Append an event; to be called inside a transaction that writes.

    Raises
    ------
    KeyError
        If there is no such session.
    """
    content = _content(db, entry)
    changes = tuple((c.handle, c.field, c.old, c.new) for c in entry.changes)
    stored = Stored(content, digest(last_digest(db), content, changes), changes)
    insert(db, stored)
    return event_of(stored)


def _content(db: sqlite3.Connection, entry: Entry) -> Content:
    last = db.execute("SELECT id, at FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return Content(
        id=last[0] + 1 if last else 1,
        slide=entry.slide,
        run=entry.run,
        case=entry.case,
        session=entry.session,
        who=who_of(db, entry.session),
        at=stamp(_moment_after(last[1] if last else None)),
        kind=entry.kind,
        undoes=entry.undoes,
        payload=None if entry.payload is None else canonical(entry.payload),
    )


def _moment_after(last: str | None) -> datetime:
    """Now; but always after the last event, so that a moment tells which events had happened.

    Clocks are set back, differ between machines and may be as coarse as 16 ms.
    """
    now = datetime.now(UTC)
    return now if last is None else max(now, datetime.fromisoformat(last) + timedelta.resolution)


def who_of(db: sqlite3.Connection, session: int) -> str:
    """The name of the person whose session it is."""
    row = db.execute("SELECT who FROM sessions WHERE id = ?", (session,)).fetchone()
    if row is None:
        raise KeyError(f"There is no session {session}: begin one.")
    return str(row[0])


def insert(db: sqlite3.Connection, stored: Stored) -> None:
    """Put an event's rows into the file."""
    content = stored.content
    db.execute(
        f"INSERT INTO events ({_COLUMNS}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*content, stored.digest),
    )
    db.executemany(
        "INSERT INTO changes (event_id, run_id, handle, field, old, new) VALUES (?, ?, ?, ?, ?, ?)",
        [(content.id, content.run, *change) for change in stored.changes],
    )


def stored_events(
    db: sqlite3.Connection, where: str = "true", values: Sequence[Any] = ()
) -> Iterator[Stored]:
    """The rows of the events that a condition on the table ``events`` selects, by id."""
    rows = db.execute(
        "SELECT e.*, c.handle, c.field, c.old, c.new "
        f"FROM (SELECT {_COLUMNS}, digest FROM events WHERE {where}) AS e "
        "LEFT JOIN changes AS c ON c.event_id = e.id ORDER BY e.id, c.rowid",
        values,
    )
    width = len(Content._fields)
    for event, group in groupby(rows, key=lambda row: row[: width + 1]):
        changes = tuple(row[width + 1 :] for row in group)
        yield Stored(Content(*event[:width]), event[width], changes if changes[0][1] else ())


def read(db: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[Event]:
    """The events that a condition on the table ``events`` selects, by id."""
    return [event_of(stored) for stored in stored_events(db, where, values)]


def event_of(stored: Stored) -> Event:
    """An event as people use it."""
    content = stored.content
    return Event(
        id=content.id,
        kind=content.kind,
        who=content.who,
        at=datetime.fromisoformat(content.at),
        session=content.session,
        run=content.run,
        changes=tuple(FieldChange(*change) for change in stored.changes),
        undoes=content.undoes,
        payload=None if content.payload is None else json.loads(content.payload),
    )
