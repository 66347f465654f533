"""The slides of a study, each recognised by its content, and whose they are."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_ggs.store import cases, log
from napari_ggs.store.database import Part
from napari_ggs.store.events import Event


@dataclass(frozen=True)
class SlideInfo:
    """What a study keeps of a slide's file.

    Attributes
    ----------
    fingerprint : str
        Identity of the content, whatever the file's name.
    name : str
    path : Path
        Where it was seen last.
    width, height : int
        Level-0 pixels.
    mpp : float or None
        Microns per pixel.
    """

    fingerprint: str
    name: str
    path: Path
    width: int
    height: int
    mpp: float | None


@dataclass(frozen=True)
class StoredSlide(SlideInfo):
    """A slide of a study, and whose it is.

    Attributes
    ----------
    id : int
        Its key within this study.
    case, patient : str
        Names; pseudonyms unless somebody gave others.
    """

    id: int
    case: str
    patient: str

    @property
    def assigned(self) -> bool:
        """Whether somebody said whose it is; else it is a patient of its own."""
        return self.patient != pseudonym(self.fingerprint)


def pseudonym(fingerprint: str) -> str:
    """What the case and the patient of a slide are called until somebody says whose it is."""
    return fingerprint[:8]


def told_unassigned(slides: Iterable[StoredSlide]) -> str:
    """In a sentence: how many slides have no patient; "" if all have one."""
    number = sum(not slide.assigned for slide in slides)
    if not number:
        return ""
    slides_have = f"{number} slide has" if number == 1 else f"{number} slides have"
    return (
        f"{slides_have} no patient: each counts as a patient of its own. Where some are of one "
        "person, name the patient (Review dock, Patient; or 'napari-ggs cohort' with a manifest)."
    )


_SELECT = """
    SELECT s.fingerprint, s.name, s.path, s.width, s.height, s.mpp, s.id, c.name, p.name
    FROM slides AS s JOIN cases AS c ON c.id = s.case_id JOIN patients AS p ON p.id = c.patient_id
"""


class Slides(Part):
    """The slides of a study."""

    def add_slide(self, slide: SlideInfo, patient: str = "", case: str = "") -> int:
        """Take a slide in; one that is known is found again, whatever it is called now.

        Parameters
        ----------
        slide : SlideInfo
            Name and path of a known slide become these, and its um/px if they are given.
        patient, case : str
            Whose a new slide is, by default a pseudonym from its fingerprint. Those of a known
            slide stay: `assign` changes them, and leaves a trace.

        Returns
        -------
        int
            The slide's id.

        Raises
        ------
        StoreError
            If the case is another patient's or is finished, or the file cannot be written.
        """
        values = (slide.name, str(slide.path), slide.mpp, slide.fingerprint)
        with self.database.writing() as db:
            db.execute(
                "UPDATE slides SET name = ?, path = ?, mpp = coalesce(?, mpp) "
                "WHERE fingerprint = ?",
                values,
            )
            return _id_of(db, slide.fingerprint) or _add(db, slide, patient, case)

    def slide(self, fingerprint: str) -> StoredSlide | None:
        """The slide of that content; None if the study has none."""
        with self.database.reading() as db:
            row = db.execute(_SELECT + "WHERE s.fingerprint = ?", (fingerprint,)).fetchone()
        return None if row is None else _stored(row)

    def slides(self) -> list[StoredSlide]:
        """All slides, in the order of their coming."""
        with self.database.reading() as db:
            return [_stored(row) for row in db.execute(_SELECT + "ORDER BY s.id")]

    def assign(self, slide: int, patient: str, case: str, session: int) -> Event:
        """Say whose a slide is.

        The patient of a case that has no other slide is corrected with it.

        Returns
        -------
        Event
            Of the kind "assigned"; its payload has the "old" and the "new" patient and case.

        Raises
        ------
        StoreError
            If the old or the new case is finished, or the new one has slides and another patient.
        """
        with self.database.writing() as db:
            cases.require_open(db, slide)
            old = _owner(db, slide)
            case_id = cases.case_for(db, case, patient, slide)
            db.execute("UPDATE slides SET case_id = ? WHERE id = ?", (case_id, slide))
            payload = {"old": old, "new": {"patient": patient, "case": case}}
            return log.write(db, log.Entry("assigned", session, slide=slide, payload=payload))


def _id_of(db: sqlite3.Connection, fingerprint: str) -> int | None:
    row = db.execute("SELECT id FROM slides WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return row[0] if row else None


def _add(db: sqlite3.Connection, slide: SlideInfo, patient: str, case: str) -> int:
    name = pseudonym(slide.fingerprint)
    case_id = cases.case_for(db, case or name, patient or _patient_of(db, case) or name)
    added = db.execute(
        "INSERT INTO slides (fingerprint, name, path, width, height, mpp, case_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            slide.fingerprint,
            slide.name,
            str(slide.path),
            slide.width,
            slide.height,
            slide.mpp,
            case_id,
        ),
    )
    return int(added.lastrowid or 0)


def _patient_of(db: sqlite3.Connection, case: str) -> str:
    row = db.execute(
        "SELECT p.name FROM cases AS c JOIN patients AS p ON p.id = c.patient_id WHERE c.name = ?",
        (case,),
    ).fetchone()
    return row[0] if row else ""


def _owner(db: sqlite3.Connection, slide: int) -> dict[str, str]:
    slide_row = _stored(db.execute(_SELECT + "WHERE s.id = ?", (slide,)).fetchone())
    return {"patient": slide_row.patient, "case": slide_row.case}


def _stored(row: tuple) -> StoredSlide:
    fingerprint, name, path, *rest = row
    return StoredSlide(fingerprint, name, Path(path), *rest)
