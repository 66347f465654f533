"""The tables of a study, and how an older file becomes a present one.

A file's ``user_version`` is the number of `STEPS` that made it. A change of the layout is one
more step at the end: it gets the connection inside a transaction and brings the tables, and what
is in them, from the version before to the next.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from napari_ggs.store.errors import StoreError

APPLICATION_ID = int.from_bytes(b"ggs1", "big")
"""How a file says that it is ours (SQLite's ``application_id``)."""

_TABLES = """
CREATE TABLE patients (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    patient_id INTEGER NOT NULL REFERENCES patients
);
CREATE TABLE slides (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    mpp REAL,
    case_id INTEGER NOT NULL REFERENCES cases
);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    who TEXT NOT NULL,
    started TEXT NOT NULL
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    slide_id INTEGER NOT NULL REFERENCES slides,
    number INTEGER NOT NULL,
    created TEXT NOT NULL,
    scheme TEXT NOT NULL,
    models TEXT NOT NULL,
    t_det REAL NOT NULL,
    t_glom REAL NOT NULL,
    region TEXT,
    finished INTEGER NOT NULL DEFAULT 0,
    info TEXT NOT NULL DEFAULT '{}',
    UNIQUE (slide_id, number)
);
CREATE TABLE circles (
    run_id INTEGER NOT NULL REFERENCES runs,
    handle INTEGER NOT NULL,
    number INTEGER,
    x REAL NOT NULL,
    y REAL NOT NULL,
    radius REAL NOT NULL,
    score REAL,
    drawn_by TEXT,
    PRIMARY KEY (run_id, handle),
    UNIQUE (run_id, number)
) WITHOUT ROWID;
CREATE TABLE probabilities (
    run_id INTEGER NOT NULL,
    handle INTEGER NOT NULL,
    model TEXT NOT NULL,
    class TEXT NOT NULL,
    p REAL NOT NULL,
    PRIMARY KEY (run_id, handle, model, class),
    FOREIGN KEY (run_id, handle) REFERENCES circles
) WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slide_id INTEGER REFERENCES slides,
    run_id INTEGER REFERENCES runs,
    case_id INTEGER REFERENCES cases,
    session_id INTEGER NOT NULL REFERENCES sessions,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    undoes INTEGER REFERENCES events,
    payload TEXT,
    digest TEXT NOT NULL
);
CREATE INDEX events_of_run ON events (run_id);
CREATE INDEX events_of_slide ON events (slide_id, kind);
CREATE INDEX events_of_case ON events (case_id);
CREATE TABLE changes (
    event_id INTEGER NOT NULL REFERENCES events,
    run_id INTEGER NOT NULL,
    handle INTEGER NOT NULL,
    field TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    UNIQUE (event_id, handle, field),
    FOREIGN KEY (run_id, handle) REFERENCES circles
);
CREATE INDEX changes_of_circle ON changes (run_id, handle, field, event_id);
CREATE TABLE snapshots (
    event_id INTEGER PRIMARY KEY REFERENCES events,
    data TEXT NOT NULL
);
"""

_ONLY_APPENDED = ("events", "changes", "snapshots")


def _first_layout(db: sqlite3.Connection) -> None:
    # `executescript` would end the transaction that this is a part of.
    for statement in _TABLES.split(";\n"):
        db.execute(statement)
    for table in _ONLY_APPENDED:
        for verb in ("UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are only appended'); END"
            )


def _add_secrets(db: sqlite3.Connection) -> None:
    """See `napari_ggs.store.secrets`; the same secret comes again with a second import."""
    db.execute("CREATE TABLE secrets (secret TEXT NOT NULL UNIQUE ON CONFLICT IGNORE)")


def _add_tasks(db: sqlite3.Connection) -> None:
    """See `napari_ggs.store.tasks`; of one that is there already, an import changes nothing."""
    db.execute(
        "CREATE TABLE tasks ("
        "path TEXT NOT NULL, work TEXT NOT NULL, stamp TEXT NOT NULL, about TEXT NOT NULL, "
        "state TEXT NOT NULL, fingerprint TEXT, reason TEXT NOT NULL DEFAULT '', "
        "attempts INTEGER NOT NULL DEFAULT 0, began TEXT, ended TEXT, "
        "run_id INTEGER REFERENCES runs, "
        "PRIMARY KEY (path, work) ON CONFLICT IGNORE) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX tasks_of_content ON tasks (fingerprint, work)")


Step = Callable[[sqlite3.Connection], None]

STEPS: list[Step] = [_first_layout, _add_secrets, _add_tasks]
"""Each brings the layout to the next version; what has been released is never edited."""


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The layout's version of an open file; 0 if it is empty.

    Raises
    ------
    StoreError
        If the file is another program's, or one of a newer napari-ggs.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID and (application or version or tables(db)):
        raise StoreError(
            f"{path} is a database of another program, not a study of napari-ggs. It was left as "
            "it is: choose another file."
        )
    if version > len(STEPS):
        raise StoreError(
            f"{path} was written by a newer napari-ggs (layout {version}; this one knows up to "
            f"{len(STEPS)}). It was left as it is: update napari-ggs to open it."
        )
    return int(version)


def upgrade(db: sqlite3.Connection, since: int, to: int | None = None) -> None:
    """Bring the layout from the version `since` to the version `to`, by default the newest.

    To be called inside a transaction: either all steps are done or none.
    """
    newest = len(STEPS) if to is None else to
    for step in STEPS[since:newest]:
        step(db)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={newest}")


def tables(db: sqlite3.Connection) -> list[str]:
    """Names of the tables, each after those that it refers to."""
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    return [name for (name,) in rows if not name.startswith("sqlite_")]


def columns(db: sqlite3.Connection, table: str) -> list[str]:
    """Names of a table's columns."""
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
