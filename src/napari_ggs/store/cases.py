"""The cases of a study: a finished one is frozen, with a snapshot of what was found."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from napari_ggs.store import log
from napari_ggs.store.database import Part
from napari_ggs.store.errors import StoreError
from napari_ggs.store.events import Event

FINISHED, REOPENED = "finished", "reopened"


class Cases(Part):
    """The cases of a study, by their names."""

    def finish_case(self, case: str, session: int, snapshot: Mapping[str, Any]) -> Event:
        """Freeze a case: until it is reopened, nothing is added to its slides.

        Parameters
        ----------
        case : str
        session : int
        snapshot : mapping
            What was found, in what JSON can hold; it stays whatever happens later.

        Returns
        -------
        Event
            Of the kind "finished".

        Raises
        ------
        StoreError
            If there is no such case, or it is finished already.
        """
        data = log.canonical(dict(snapshot))
        payload = {"case": case, "sha256": sha256(data)}
        with self.database.writing() as db:
            if _is_finished(db, _id_of(db, case)):
                raise StoreError(f"The case {case} is finished already: reopen it to change it.")
            entry = log.Entry(FINISHED, session, case=_id_of(db, case), payload=payload)
            event = log.write(db, entry)
            db.execute("INSERT INTO snapshots (event_id, data) VALUES (?, ?)", (event.id, data))
        return event

    def reopen_case(self, case: str, session: int) -> Event:
        """Let a finished case be changed again.

        Returns
        -------
        Event
            Of the kind "reopened".

        Raises
        ------
        StoreError
            If there is no such case, or it is not finished.
        """
        with self.database.writing() as db:
            if not _is_finished(db, _id_of(db, case)):
                raise StoreError(f"The case {case} is not finished, so it cannot be reopened.")
            payload = {"case": case}
            return log.write(
                db, log.Entry(REOPENED, session, case=_id_of(db, case), payload=payload)
            )

    def is_finished(self, case: str) -> bool:
        """Whether a case is frozen."""
        with self.database.reading() as db:
            return _is_finished(db, _id_of(db, case))

    def case_events(self, case: str) -> list[Event]:
        """When and by whom a case was finished and reopened, the latest last."""
        with self.database.reading() as db:
            return log.read(db, "case_id = ?", (_id_of(db, case),))

    def snapshot(self, case: str) -> dict[str, Any] | None:
        """What was found when the case was last finished; None if it never was."""
        with self.database.reading() as db:
            row = db.execute(
                "SELECT data FROM snapshots JOIN events ON id = event_id "
                "WHERE case_id = ? ORDER BY id DESC LIMIT 1",
                (_id_of(db, case),),
            ).fetchone()
        return json.loads(row[0]) if row else None


def sha256(text: str) -> str:
    """The digest by which an event knows its snapshot."""
    return hashlib.sha256(text.encode()).hexdigest()


def require_open(db: sqlite3.Connection, slide: int) -> None:
    """Refuse to add to a slide whose case is finished.

    Raises
    ------
    StoreError
        If it is finished.
    KeyError
        If there is no such slide.
    """
    row = db.execute(
        "SELECT c.id, c.name FROM slides AS s JOIN cases AS c ON c.id = s.case_id WHERE s.id = ?",
        (slide,),
    ).fetchone()
    if row is None:
        raise KeyError(f"There is no slide {slide} in the study.")
    refuse_finished(db, *row)


def refuse_finished(db: sqlite3.Connection, case: int, name: str) -> None:
    """Refuse to add to a case that is finished."""
    if _is_finished(db, case):
        raise StoreError(f"The case {name} is finished and nothing can be added: reopen it first.")


def case_for(db: sqlite3.Connection, case: str, patient: str, slide: int | None = None) -> int:
    """The id of an open case of a patient; both are made where they are new.

    Parameters
    ----------
    db : Connection
        Inside a transaction that writes.
    case, patient : str
    slide : int, optional
        If the case has no slide but this one, it becomes the patient's.

    Raises
    ------
    StoreError
        If the case is another patient's, or finished.
    """
    patient_id = patient_for(db, patient)
    row = db.execute("SELECT id, patient_id FROM cases WHERE name = ?", (case,)).fetchone()
    if row is None:
        added = db.execute("INSERT INTO cases (name, patient_id) VALUES (?, ?)", (case, patient_id))
        return int(added.lastrowid or 0)
    refuse_finished(db, row[0], case)
    if row[1] != patient_id:
        _refuse_others(db, row[0], case, slide)
        db.execute("UPDATE cases SET patient_id = ? WHERE id = ?", (patient_id, row[0]))
    return int(row[0])


def patient_for(db: sqlite3.Connection, name: str) -> int:
    """The id of a patient, who is made if new."""
    db.execute("INSERT OR IGNORE INTO patients (name) VALUES (?)", (name,))
    return int(db.execute("SELECT id FROM patients WHERE name = ?", (name,)).fetchone()[0])


def _refuse_others(db: sqlite3.Connection, case: int, name: str, slide: int | None) -> None:
    if db.execute(
        "SELECT 1 FROM slides WHERE case_id = ? AND id IS NOT ?", (case, slide)
    ).fetchone():
        raise StoreError(
            f"The case {name} has slides of another patient: choose another case name, or assign "
            "those slides first."
        )


def _id_of(db: sqlite3.Connection, case: str) -> int:
    row = db.execute("SELECT id FROM cases WHERE name = ?", (case,)).fetchone()
    if row is None:
        raise StoreError(f"There is no case {case} in the study: choose one that it has.")
    return int(row[0])


def _is_finished(db: sqlite3.Connection, case: int) -> bool:
    row = db.execute(
        "SELECT kind FROM events WHERE case_id = ? ORDER BY id DESC LIMIT 1", (case,)
    ).fetchone()
    return row is not None and row[0] == FINISHED
