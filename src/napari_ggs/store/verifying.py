"""Whether a study is whole: the file, the chain of its events, and what each says stood before."""

import json
import sqlite3
from collections.abc import Iterator

from napari_ggs.store import cases, log
from napari_ggs.store.events import SHARED
from napari_ggs.store.standing import first_value


def problems(db: sqlite3.Connection) -> list[str]:
    """What is wrong with a study, one line each; nothing if all is well."""
    checks = (_file, _references, _chain, _end, _values, _undone, _snapshots)
    return [problem for check in checks for problem in check(db)]


def _file(db: sqlite3.Connection) -> Iterator[str]:
    for (found,) in db.execute("PRAGMA integrity_check"):
        if found != "ok":
            yield f"the file is damaged: {found}"


def _references(db: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"{table}, row {row}: what it refers to in {parent} is not there"


def _chain(db: sqlite3.Connection) -> Iterator[str]:
    previous = ""
    for content, digest, changes in log.stored_events(db):
        if digest != log.digest(previous, content, changes):
            yield f"event {content.id}: it, or the one before, is not as it was written"
        previous = digest


def _end(db: sqlite3.Connection) -> Iterator[str]:
    """The chain cannot tell that its last links are gone; the counter of the ids can."""
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    if row and row[0] != last:
        yield f"events {last + 1} to {row[0]} are not there"


def _values(db: sqlite3.Connection) -> Iterator[str]:
    """What each change says stood before must be what the changes before it left."""
    standing: dict[tuple[int | None, int, str, str], str] = {}
    for content, _, changes in log.stored_events(db):
        for handle, field, old, new in changes:
            key = (content.run, handle, field, "" if field in SHARED else content.who)
            if key not in standing:
                standing[key] = _first(db, content.run, handle, field)
            if old != standing[key]:
                yield (
                    f"event {content.id}: {field} of circle {handle} was {standing[key]!r}, not "
                    f"{old!r}"
                )
            standing[key] = new


def _first(db: sqlite3.Connection, run: int | None, handle: int, field: str) -> str:
    try:
        return first_value(db, run or 0, handle, field)
    except KeyError:
        return ""  # That the circle is gone is found among the references.


def _undone(db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute(
        "SELECT e.id, e.undoes FROM events AS e LEFT JOIN events AS u ON u.id = e.undoes "
        "WHERE e.undoes IS NOT NULL AND (u.id IS NULL OR u.id >= e.id "
        "OR u.session_id != e.session_id OR u.run_id IS NOT e.run_id)"
    )
    for event, undone in rows:
        yield f"event {event}: it undoes {undone}, which is no earlier event of its session"


def _snapshots(db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute(
        "SELECT id, payload, data FROM events LEFT JOIN snapshots ON event_id = id WHERE kind = ?"
        " AND case_id IS NOT NULL",
        (cases.FINISHED,),
    )
    for event, payload, data in rows:
        if data is None or json.loads(payload)["sha256"] != cases.sha256(data):
            yield f"event {event}: its snapshot is not as it was written"
