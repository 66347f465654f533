"""What a cohort has to do: a slide and the work on it, how far that is, and what came of it.

A task is told by the slide's path and the work (`napari_ggs.cohort.work`): the same work is never
done twice on the same content, wherever that lies and whatever it is called.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from napari_ggs.store import log
from napari_ggs.store.database import Part

TaskState = Literal["waiting", "running", "done", "failed", "skipped"]

STATES: tuple[TaskState, ...] = ("waiting", "running", "done", "failed", "skipped")


class NewTask(NamedTuple):
    """What is to be done.

    Attributes
    ----------
    path : Path
        Of the slide.
    work : str
        The digest of models and settings.
    stamp : str
        Of the file: as long as it is the same, so is the content. "" if it cannot be known.
    about : mapping of str to str
        What the manifest says beside: level, age, groups.
    """

    path: Path
    work: str
    stamp: str
    about: Mapping[str, str]


@dataclass(frozen=True)
class StoredTask:
    """A task and what became of it.

    Attributes
    ----------
    path, work, stamp, about
        See `NewTask`.
    state : {"waiting", "running", "done", "failed", "skipped"}
        A skipped one is the same slide as another; its run is that one's.
    fingerprint : str or None
        Of the content on which the work was done last.
    reason : str
        Why it failed or was skipped.
    attempts : int
        How often it was begun.
    began, ended : datetime or None
        UTC.
    run : int or None
        The run that holds the circles of that content, whatever becomes of the file.
    """

    path: Path
    work: str
    stamp: str
    about: dict[str, str]
    state: TaskState
    fingerprint: str | None
    reason: str
    attempts: int
    began: datetime | None
    ended: datetime | None
    run: int | None


_SELECT = (
    "SELECT path, work, stamp, about, state, fingerprint, reason, attempts, began, ended, run_id "
    "FROM tasks "
)


class Tasks(Part):
    """The tasks of a study."""

    def plan_tasks(self, tasks: Iterable[NewTask]) -> None:
        """Take tasks in. All wait, but what is done or skipped stays so.

        Unless its file was changed: then it waits. A file that is gone was not.
        """
        with self.database.writing() as db:
            db.executemany(
                "INSERT INTO tasks (path, work, stamp, about, state) "
                "VALUES (?, ?, ?, ?, 'waiting') ON CONFLICT (path, work) DO UPDATE SET "
                "state = CASE WHEN state IN ('done', 'skipped') "
                "AND excluded.stamp IN (stamp, '') THEN state ELSE excluded.state END, "
                "stamp = CASE excluded.stamp WHEN '' THEN stamp ELSE excluded.stamp END, "
                "about = excluded.about",
                [(str(t.path), t.work, t.stamp, log.canonical(dict(t.about))) for t in tasks],
            )
            db.execute("UPDATE tasks SET reason = '', ended = NULL WHERE state = 'waiting'")

    def begin_task(self, path: Path, work: str) -> None:
        """Say that a task is being done."""
        self._set(path, work, "state = 'running', attempts = attempts + 1, began = ?", _now())

    def end_task(
        self,
        path: Path,
        work: str,
        state: TaskState,
        reason: str = "",
        fingerprint: str | None = None,
        run: int | None = None,
    ) -> None:
        """Say what became of a task; what was done of an earlier content stays known.

        Parameters
        ----------
        path, work, state, reason
            See `StoredTask`.
        fingerprint, run
            What was done, if it was.
        """
        columns = (
            "state = ?, reason = ?, fingerprint = coalesce(?, fingerprint), "
            "run_id = coalesce(?, run_id), ended = ?"
        )
        ended = None if state == "waiting" else _now()
        self._set(path, work, columns, state, reason, fingerprint, run, ended)

    def release_tasks(self) -> int:
        """Let all that are being done wait again, as nobody does them; returns how many."""
        with self.database.writing() as db:
            return db.execute("UPDATE tasks SET state = 'waiting' WHERE state = 'running'").rowcount

    def tasks(self) -> list[StoredTask]:
        """All tasks, by path."""
        with self.database.reading() as db:
            rows = db.execute(_SELECT + "ORDER BY path, work")
            return [_stored(row) for row in rows]

    def done_task(self, fingerprint: str, work: str, path: Path | None = None) -> StoredTask | None:
        """A task whose run has done this work on this content; None if there is none.

        Of several, one that is done, else the one at `path`.
        """
        with self.database.reading() as db:
            row = db.execute(
                _SELECT + "WHERE fingerprint = ? AND work = ? AND run_id IS NOT NULL "
                "ORDER BY state = 'done' DESC, path = ? DESC",
                (fingerprint, work, str(path)),
            ).fetchone()
        return None if row is None else _stored(row)

    def _set(self, path: Path, work: str, columns: str, *values: object) -> None:
        with self.database.writing() as db:
            changed = db.execute(
                f"UPDATE tasks SET {columns} WHERE path = ? AND work = ?",
                (*values, str(path), work),
            ).rowcount
            if not changed:
                raise KeyError(f"There is no task for {path} and the work {work}: plan it first.")


def _now() -> str:
    return log.stamp(datetime.now(UTC))


def _stored(row: tuple) -> StoredTask:
    path, work, stamp, about, state, fingerprint, reason, attempts, began, ended, run = row
    return StoredTask(
        path=Path(path),
        work=work,
        stamp=stamp,
        about=json.loads(about),
        state=state,
        fingerprint=fingerprint,
        reason=reason,
        attempts=attempts,
        began=began and datetime.fromisoformat(began),
        ended=ended and datetime.fromisoformat(ended),
        run=run,
    )
