"""The connection to one study's file: sound whatever happens to the process or the disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from napari_ggs.store import layout
from napari_ggs.store.errors import StoreError, explained

BUSY_SECONDS = 10.0
"""How long a writer waits for another one to be done."""


class Database:
    """One connection to a study, for one thread.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._writing = False

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Open a study's file; make it if it is not there, upgrade it if it is an older one.

        Raises
        ------
        StoreError
            If the file is no study, one of a newer version, or cannot be opened.
        """
        with explained(path):
            connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                database = cls(path, connection)
                database._prepare()
            except BaseException:
                connection.close()
                raise
        return database

    def _prepare(self) -> None:
        # Only once it is known to be ours may anything be written to the file; read in one
        # transaction, since another process may just be making it.
        with self.reading() as db:
            version = layout.version_of(db, self.path)
        self._connection.execute("PRAGMA foreign_keys=ON")
        _set_journal(self._connection)
        self._connection.execute("PRAGMA synchronous=FULL")
        if version < len(layout.STEPS):
            with self.writing() as db:
                layout.upgrade(db, layout.version_of(db, self.path))

    @property
    def journal_mode(self) -> str:
        """``wal``; ``truncate`` where the disk cannot do that, such as some network drives."""
        return str(self._connection.execute("PRAGMA journal_mode").fetchone()[0])

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: it is on disk when the block ends, or nothing has changed.

        It begins as a writer (BEGIN IMMEDIATE): one that reads first and writes later fails at
        once where another writer is active, whatever the timeout (REFERENCE.md section 7). Inside
        another one it is a part of that: all of it is kept, or nothing.

        Raises
        ------
        StoreError
            If the file is locked or cannot be written, or the disk is full.
        """
        with self._transaction("BEGIN IMMEDIATE") as db:
            around, self._writing = self._writing, True
            try:
                yield db
            finally:
                self._writing = around

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that only reads: all it sees is of one moment."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        if self._writing:
            yield self._connection
            return
        with explained(self.path):
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # After some faults SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _set_journal(connection: sqlite3.Connection) -> None:
    """Set the best journal that the disk can do; either keeps what is committed."""
    for wanted in ("wal", "truncate"):
        try:
            (answer,) = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return  # Another process is at it with a journal of its own, which holds for all.
            continue
        if answer == wanted:
            return


class Part:
    """A part of `CaseStore`: methods about one thing, on the connection that all parts share."""

    def __init__(self, database: Database) -> None:
        self.database = database


def default_study() -> Path:
    """The file that keeps a study if nobody names another: one in the user's data folder."""
    return platformdirs.user_data_path("napari-ggs") / "study.ggs"


def require_file(path: Path) -> None:
    """Refuse a study that is not there."""
    if not path.is_file():
        raise StoreError(
            f"There is no study {path}: choose a .ggs file. Detect & Classify in napari makes one; "
            "where, stands in napari's Preferences under Glomerulosclerosis."
        )
