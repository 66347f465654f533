"""What can be wrong with a study, in plain words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_ggs.errors import UserError


class StoreError(UserError):
    """A study that cannot be opened or written, or a change that its state forbids."""


_REASONS = {
    sqlite3.SQLITE_BUSY: "another program keeps it locked: close it there, or try again",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked: close it there, or try again",
    sqlite3.SQLITE_PROTOCOL: "another program keeps it locked: close it there, or try again",
    sqlite3.SQLITE_FULL: "the disk is full: free some space and try again",
    sqlite3.SQLITE_NOLFS: "the disk allows no file of that size: move the study to another disk",
    sqlite3.SQLITE_IOERR: "the disk gives an error: check its space and its connection",
    sqlite3.SQLITE_READONLY: "it cannot be written to: check its permissions, or copy it",
    sqlite3.SQLITE_PERM: "it cannot be written to: check its permissions, or copy it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its folder exists and can be written",
    sqlite3.SQLITE_NOTADB: "it is no study, or not a whole one: choose a .ggs file of napari-ggs",
    sqlite3.SQLITE_CORRUPT: "it is damaged: put back a copy, or import an export of it",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn a fault of the disk or of the file at `path` into a `StoreError` that says what to do.

    Broken constraints and wrong SQL are faults of ours and stay as they are.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the kind of fault; the rest tells apart where it came up.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _REASONS:
            raise
        raise StoreError(f"Cannot use the study {path}: {_REASONS[code]}.") from error
