"""The study of one file: everything that was found, and everything that people said of it."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_ggs.store import log
from napari_ggs.store.cases import Cases
from napari_ggs.store.comparisons import Comparisons
from napari_ggs.store.database import Database, require_file
from napari_ggs.store.errors import StoreError
from napari_ggs.store.runs import Runs
from napari_ggs.store.secrets import Secrets
from napari_ggs.store.slides import Slides
from napari_ggs.store.sweeps import Sweeps
from napari_ggs.store.tasks import Tasks
from napari_ggs.store.verifying import problems
from napari_ggs.store.views import Views


class CaseStore(Slides, Cases, Runs, Views, Sweeps, Secrets, Comparisons, Tasks):
    """A study: patients, their cases, slides, runs over them, and what readers did.

    Every edit is an appended event; the present is a fold over the events
    (`napari_ggs.store.folding`). What a method wrote is on disk when it returns.

    A store is one connection, for the thread that opened it. Several processes and threads may
    work on a study at once, each with a store of its own.
    """

    @classmethod
    def open(cls, path: str | Path, create: bool = True) -> Self:
        """Open a study's file, by convention ``.ggs``.

        Parameters
        ----------
        path : str or Path
        create : bool
            Whether to make a file that is not there.

        Raises
        ------
        StoreError
            If the file is not there, is no study, is one of a newer version, or cannot be opened.
        """
        file = Path(path)
        if not create:
            require_file(file)
        return cls(Database.open(file))

    @property
    def path(self) -> Path:
        """The study's file."""
        return self.database.path

    @property
    def journal_mode(self) -> str:
        """``wal``, or ``truncate`` where the disk cannot do that."""
        return self.database.journal_mode

    def begin_session(self, who: str) -> int:
        """Begin a person's session; events are written in its name, and undone only in it."""
        if not who.strip():
            raise ValueError("A session needs the name of the person whose it is.")
        with self.database.writing() as db:
            added = db.execute(
                "INSERT INTO sessions (who, started) VALUES (?, ?)",
                (who, log.stamp(datetime.now(UTC))),
            )
        return int(added.lastrowid or 0)

    def verify(self) -> list[str]:
        """Check the whole study: what is wrong, one line each; nothing if all is well."""
        try:
            with self.database.reading() as db:
                return problems(db)
        except (StoreError, sqlite3.DatabaseError) as error:
            return [str(error)]

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
