"""What is kept about a slide as a whole: where somebody looked, its sections, its audits."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from napari_ggs.store import cases, log, runs
from napari_ggs.store.database import Part
from napari_ggs.store.events import Event

COVERED, SECTIONS, AUDIT = "covered", "sections", "audit"


class Field(NamedTuple):
    """A rectangle that was looked at, in level-0 px."""

    x: float
    y: float
    width: float
    height: float


class Sweeps(Part):
    """What is kept about the slides of a study as a whole."""

    def cover(self, slide: int, session: int, fields: Iterable[Sequence[float]]) -> Event:
        """Note where a person has looked for missed glomeruli.

        Parameters
        ----------
        slide, session : int
        fields : iterable of (x, y, width, height)
            Level-0 px.

        Returns
        -------
        Event
            Of the kind "covered".

        Raises
        ------
        StoreError
            If the slide's case is finished, or the file cannot be written.
        """
        looked_at = [[float(value) for value in Field(*field)] for field in fields]
        return self._note(slide, session, COVERED, {"fields": looked_at})

    def covered(self, slide: int, who: str | None = None) -> list[Field]:
        """Where a person, or anybody, has looked, in the order of looking."""
        return [
            Field(*field)
            for event in self._noted(slide, COVERED)
            if event.payload and who in (None, event.who)
            for field in event.payload["fields"]
        ]

    def set_sections(self, slide: int, session: int, sections: list[dict[str, Any]]) -> Event:
        """Say which sections of tissue lie on a slide, in what JSON can hold.

        Returns
        -------
        Event
            Of the kind "sections".

        Raises
        ------
        StoreError
            If the slide's case is finished, or the file cannot be written.
        """
        return self._note(slide, session, SECTIONS, {"sections": sections})

    def sections(self, slide: int) -> list[dict[str, Any]] | None:
        """The sections that were set last; None if none ever were."""
        events = self._noted(slide, SECTIONS)
        return (events[-1].payload or {})["sections"] if events else None

    def set_audit(self, run: int, session: int, audit: dict[str, Any]) -> Event:
        """Say which circles of a run a person is to review as an audit, in what JSON can hold.

        Returns
        -------
        Event
            Of the kind "audit": of the run, since it speaks of its circles by their handles.

        Raises
        ------
        KeyError
            If there is no such run.
        StoreError
            If the slide's case is finished, or the file cannot be written.
        """
        with self.database.writing() as db:
            slide = runs.run_of(db, run).slide
            cases.require_open(db, slide)
            payload = {"audit": audit}
            return log.write(db, log.Entry(AUDIT, session, slide=slide, run=run, payload=payload))

    def audits(self, run: int, who: str) -> list[dict[str, Any]]:
        """The audits of a run that a person was given, the latest last."""
        with self.database.reading() as db:
            events = log.read(db, "run_id = ? AND kind = ? AND who = ?", (run, AUDIT, who))
        return [(event.payload or {})["audit"] for event in events]

    def _note(self, slide: int, session: int, kind: str, payload: dict[str, Any]) -> Event:
        with self.database.writing() as db:
            cases.require_open(db, slide)
            return log.write(db, log.Entry(kind, session, slide=slide, payload=payload))

    def _noted(self, slide: int, kind: str) -> list[Event]:
        with self.database.reading() as db:
            return log.read(db, "slide_id = ? AND run_id IS NULL AND kind = ?", (slide, kind))
