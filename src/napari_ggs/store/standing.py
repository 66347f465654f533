"""The value that a field of a circle has now."""

import sqlite3

from napari_ggs.store.events import SHARED, circle_text


def standing(db: sqlite3.Connection, run: int, handle: int, field: str, who: str) -> str:
    """The present value of a field, as a reader sees it.

    Raises
    ------
    KeyError
        If there is no such circle.
    """
    row = db.execute(
        "SELECT new FROM changes JOIN events ON id = event_id "
        "WHERE changes.run_id = ? AND handle = ? AND field = ? AND (who = ? OR ?) "
        "ORDER BY event_id DESC LIMIT 1",
        (run, handle, field, who, field in SHARED),
    ).fetchone()
    return row[0] if row else first_value(db, run, handle, field)


def first_value(db: sqlite3.Connection, run: int, handle: int, field: str) -> str:
    """The value of a field before any event.

    Raises
    ------
    KeyError
        If there is no such circle.
    """
    row = db.execute(
        "SELECT x, y, radius, drawn_by FROM circles WHERE run_id = ? AND handle = ?", (run, handle)
    ).fetchone()
    if row is None:
        raise KeyError(f"Run {run} has no circle {handle}.")
    *circle, drawn_by = row
    return circle_text(*circle) if field == "circle" and drawn_by is None else ""
