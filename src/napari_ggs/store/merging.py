"""Adding the rows of one study to another, whose ids go on from its own."""

import sqlite3

from napari_ggs.store import cases, layout, log
from napari_ggs.store.errors import StoreError

_REFERS = {
    "patient_id": "patients",
    "case_id": "cases",
    "slide_id": "slides",
    "run_id": "runs",
    "session_id": "sessions",
    "event_id": "events",
}
"""Columns that hold ids of another table."""

_COUNTED = ("slides", "runs", "sessions", "events")
_ADDED_OTHERWISE = ("patients", "cases", "changes")

Ids = dict[str, dict[int, int]]
"""For each table with an id: the id in the other study -> the id in ours."""


def merge(theirs: sqlite3.Connection, ours: sqlite3.Connection) -> None:
    """Add all rows of one study to another.

    Parameters
    ----------
    theirs : Connection
        In the newest layout, and sound.
    ours : Connection
        Inside a transaction that writes.

    Raises
    ------
    StoreError
        If ours has a slide of theirs, or a case of the name that is finished or another patient's.
    """
    _refuse_known(theirs, ours)
    ids = {table: _following(theirs, ours, table) for table in _COUNTED}
    ids["patients"] = _patients(theirs, ours)
    ids["cases"] = _cases(theirs, ours)
    for table in layout.tables(theirs):
        if table == "events":
            _add_events(theirs, ours, ids)
        elif table not in _ADDED_OTHERWISE:
            _copy(theirs, ours, table, ids)


def _refuse_known(theirs: sqlite3.Connection, ours: sqlite3.Connection) -> None:
    known = [
        name
        for fingerprint, name in theirs.execute("SELECT fingerprint, name FROM slides")
        if ours.execute("SELECT 1 FROM slides WHERE fingerprint = ?", (fingerprint,)).fetchone()
    ]
    if known:
        raise StoreError(
            f"The study has {', '.join(known)} already, so nothing was imported: import into "
            "another study."
        )


def _following(theirs: sqlite3.Connection, ours: sqlite3.Connection, table: str) -> dict[int, int]:
    (last,) = ours.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    return {number: last + number for (number,) in theirs.execute(f"SELECT id FROM {table}")}


def _patients(theirs: sqlite3.Connection, ours: sqlite3.Connection) -> dict[int, int]:
    rows = theirs.execute("SELECT id, name FROM patients ORDER BY id")
    return {number: cases.patient_for(ours, name) for number, name in rows}


def _cases(theirs: sqlite3.Connection, ours: sqlite3.Connection) -> dict[int, int]:
    rows = theirs.execute(
        "SELECT c.id, c.name, p.name FROM cases AS c JOIN patients AS p ON p.id = c.patient_id "
        "ORDER BY c.id"
    )
    return {number: cases.case_for(ours, name, patient) for number, name, patient in rows}


def _copy(theirs: sqlite3.Connection, ours: sqlite3.Connection, table: str, ids: Ids) -> None:
    columns = layout.columns(theirs, table)
    targets = [table if column == "id" else _REFERS.get(column) for column in columns]
    theirs.create_function("ours", 2, lambda target, number: number and ids[target][number])
    values = [
        f"ours('{target}', {column})" if target else column
        for column, target in zip(columns, targets, strict=True)
    ]
    places = ", ".join("?" * len(columns))
    ours.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",
        theirs.execute(f"SELECT {', '.join(values)} FROM {table} NOT INDEXED"),
    )


def _add_events(theirs: sqlite3.Connection, ours: sqlite3.Connection, ids: Ids) -> None:
    """Add the events and their changes, chained to ours anew."""
    previous = log.last_digest(ours)
    for stored in log.stored_events(theirs):
        content = _moved(stored.content, ids)
        previous = log.digest(previous, content, stored.changes)
        log.insert(ours, log.Stored(content, previous, stored.changes))


def _moved(content: log.Content, ids: Ids) -> log.Content:
    """An event with the ids that hold in our study."""

    def ours(table: str, number: int | None) -> int | None:
        return None if number is None else ids[table][number]

    return content._replace(
        id=ids["events"][content.id],
        slide=ours("slides", content.slide),
        run=ours("runs", content.run),
        case=ours("cases", content.case),
        session=ids["sessions"][content.session],
        undoes=ours("events", content.undoes),
    )
