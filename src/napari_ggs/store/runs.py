"""The runs of a study: what was looked for where, with which models, and what came of it."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import SCHEMES, Scheme
from napari_ggs.store import cases, log, numbering
from napari_ggs.store.database import Part
from napari_ggs.store.errors import StoreError

Models = Mapping[str, Mapping[str, str]]
"""What each role was filled by: {"detector": {"name": ..., "sha256": ...}, ...}."""


@dataclass(frozen=True)
class StoredRun:
    """One run over one slide.

    Attributes
    ----------
    id : int
        Its key within this study.
    slide : int
    number : int
        1, 2, ... on its slide.
    created : datetime
        UTC.
    scheme : Scheme
        The classes that its circles may have.
    models : mapping
        See `Models`.
    thresholds : Thresholds
    region : tuple of float, or None
        x, y, width, height in level-0 px; None is the whole slide.
    finished : bool
        False while it streams, and for ever if it was cut off.
    info : dict
        What else is worth knowing: how long it took, what it missed.
    """

    id: int
    slide: int
    number: int
    created: datetime
    scheme: Scheme
    models: Models
    thresholds: Thresholds
    region: tuple[float, ...] | None
    finished: bool
    info: dict[str, Any]


_SELECT = (
    "SELECT id, slide_id, number, created, scheme, models, t_det, t_glom, region, finished, info "
    "FROM runs "
)


class Runs(Part):
    """The runs of a study."""

    def begin_run(
        self,
        slide: int,
        scheme: Scheme,
        models: Models,
        thresholds: Thresholds,
        region: Sequence[float] | None = None,
    ) -> int:
        """Begin a run over a slide; its circles follow with `add_circles`.

        Parameters
        ----------
        slide : int
        scheme : Scheme
            One of `napari_ggs.lesions.SCHEMES`.
        models, thresholds, region
            See `StoredRun`.

        Returns
        -------
        int
            The run's id.

        Raises
        ------
        StoreError
            If the slide's case is finished.
        """
        if SCHEMES.get(scheme.name) != scheme:
            raise ValueError(f"A run's scheme is one of {', '.join(SCHEMES)}, not {scheme.name!r}.")
        values = (
            slide,
            log.stamp(datetime.now(UTC)),
            scheme.name,
            log.canonical({role: dict(model) for role, model in models.items()}),
            thresholds.detection,
            thresholds.glomerulus,
            None if region is None else log.canonical([float(value) for value in region]),
        )
        with self.database.writing() as db:
            cases.require_open(db, slide)
            added = db.execute(
                "INSERT INTO runs "
                "(slide_id, created, scheme, models, t_det, t_glom, region, number) "
                "SELECT ?, ?, ?, ?, ?, ?, ?, count(*) + 1 FROM runs WHERE slide_id = ?",
                (*values, slide),
            )
        return int(added.lastrowid or 0)

    def finish_run(self, run: int, table: pd.DataFrame, info: Mapping[str, Any]) -> None:
        """End a run: its circles get their final numbers.

        Parameters
        ----------
        run : int
        table : DataFrame
            The whole Glomeruli table: every circle that was added, under its handle, with its
            final id. Circles drawn in the meantime go on from there, in the order of drawing.
        info : mapping
            What JSON can hold.

        Raises
        ------
        ValueError
            If the run is finished already, or the table has not the circles that were added.
        StoreError
            If the slide's case is finished.
        """
        with self.database.writing() as db:
            require_streaming(db, run)
            numbering.give_numbers(db, run, table)
            db.execute(
                "UPDATE runs SET finished = 1, info = ? WHERE id = ?",
                (log.canonical(dict(info)), run),
            )

    def runs(self, slide: int) -> list[StoredRun]:
        """The runs over a slide, the latest last."""
        with self.database.reading() as db:
            rows = db.execute(_SELECT + "WHERE slide_id = ? ORDER BY number", (slide,))
            return [_stored(row) for row in rows]

    def standing_run(self, slide: int, but: int | None = None) -> StoredRun | None:
        """The run whose circles stand for a slide; None if none was made.

        The latest that is finished: one that was cut off never takes its place. Where none is
        finished, the latest. The run of the id `but` is left out.
        """
        runs = [run for run in self.runs(slide) if run.id != but]
        standing = [run for run in runs if run.finished] or runs
        return standing[-1] if standing else None

    def run(self, run: int) -> StoredRun:
        """The run of that id."""
        with self.database.reading() as db:
            return run_of(db, run)


def run_of(db: sqlite3.Connection, run: int) -> StoredRun:
    """The run of that id.

    Raises
    ------
    KeyError
        If there is none.
    StoreError
        If its scheme is unknown.
    """
    row = db.execute(_SELECT + "WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise KeyError(f"There is no run {run} in the study.")
    return _stored(row)


def require_streaming(db: sqlite3.Connection, run: int) -> StoredRun:
    """The run, which must still be going on, of a case that is open."""
    stored = run_of(db, run)
    if stored.finished:
        raise ValueError(f"Run {run} is finished: begin another one to find more.")
    cases.require_open(db, stored.slide)
    return stored


def _stored(row: tuple) -> StoredRun:
    number, slide, place, created, scheme, models, t_det, t_glom, region, finished, info = row
    if scheme not in SCHEMES:
        raise StoreError(
            f"A run was made with the classes {scheme!r}, which this napari-ggs does not know "
            f"({', '.join(SCHEMES)}): update it."
        )
    return StoredRun(
        id=number,
        slide=slide,
        number=place,
        created=datetime.fromisoformat(created),
        scheme=SCHEMES[scheme],
        models=json.loads(models),
        thresholds=Thresholds(t_det, t_glom),
        region=None if region is None else tuple(json.loads(region)),
        finished=bool(finished),
        info=json.loads(info),
    )
