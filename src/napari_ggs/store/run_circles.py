"""The circles of a run as they were found or drawn: in as they stream, out as a table."""

import sqlite3

import numpy as np
import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.circles import Array
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.lesions import Scheme
from napari_ggs.store import numbering, runs
from napari_ggs.store.database import Part
from napari_ggs.store.events import FIRST_DRAWN

CLASSIFIER = "classifier"
"""Which of a run's models a probability is from: the role that `StoredRun.models` names."""


class RunCircles(Part):
    """The circles of the runs of a study."""

    def add_circles(self, run: int, rows: pd.DataFrame) -> None:
        """Add circles that a run has just found; all of them are on disk when this returns.

        Parameters
        ----------
        run : int
        rows : DataFrame
            Of a Glomeruli table under the run's scheme; the index holds the handles, below
            `FIRST_DRAWN` and new. NaN probabilities are left out. Ids, predicted classes and
            labels are not looked at: they follow from what is kept.

        Raises
        ------
        ValueError
            If the run is finished, or a handle is out of range.
        StoreError
            If the slide's case is finished, or the file cannot be written.
        """
        handles = rows.index.tolist()
        if handles and not 0 <= min(handles) <= max(handles) < FIRST_DRAWN:
            raise ValueError(
                f"The handles of found circles are 0 to {FIRST_DRAWN - 1}, not {min(handles)} to "
                f"{max(handles)}."
            )
        with self.database.writing() as db:
            scheme = runs.require_streaming(db, run).scheme
            _insert_circles(db, run, rows)
            _insert_probabilities(db, run, rows, scheme)

    def table(self, run: int) -> pd.DataFrame:
        """The Glomeruli table as found, in the order of its ids; the index holds the handles.

        Drawn circles are as they were drawn, with NaN score and probabilities, also if they were
        undone since: `napari_ggs.store.folding` brings the table to the present. Ids are
        provisional while the run streams. No circle has a label.
        """
        with self.database.reading() as db:
            stored = runs.run_of(db, run)
            circles = db.execute(
                "SELECT handle, x, y, radius, score, number FROM circles WHERE run_id = ? "
                "ORDER BY handle",
                (run,),
            ).fetchall()
            p = _probabilities(db, run, [row[0] for row in circles], stored.scheme)
        values = np.array(circles, dtype=float).reshape(-1, 6)
        table = glomeruli.build(
            values[:, 1:4], values[:, 4], p, stored.scheme, stored.thresholds.glomerulus
        ).set_axis(pd.Index(values[:, 0].astype(np.int64)), axis="index")
        if not stored.finished:
            return _numbered(table)
        return table.assign(id=values[:, 5].astype(np.int64)).sort_values("id")


def _insert_circles(db: sqlite3.Connection, run: int, rows: pd.DataFrame) -> None:
    geometry = (rows[name].tolist() for name in GEOMETRY)
    scores = rows["detection_score"].tolist()
    db.executemany(
        "INSERT INTO circles (run_id, handle, x, y, radius, score) "
        f"VALUES ({run:d}, ?, ?, ?, ?, ?)",
        zip(rows.index.tolist(), *geometry, scores, strict=True),
    )


def _insert_probabilities(
    db: sqlite3.Connection, run: int, rows: pd.DataFrame, scheme: Scheme
) -> None:
    p = rows[list(scheme.columns)].to_numpy(dtype=float)
    places, classes = np.nonzero(~np.isnan(p))
    handles = rows.index[places].tolist()
    names = [scheme.classes[place] for place in classes.tolist()]
    db.executemany(
        "INSERT INTO probabilities (run_id, handle, model, class, p) "
        f"VALUES ({run:d}, ?, '{CLASSIFIER}', ?, ?)",
        zip(handles, names, p[places, classes].tolist(), strict=True),
    )


def _probabilities(db: sqlite3.Connection, run: int, handles: list[int], scheme: Scheme) -> Array:
    """The probabilities of circles, in class order; NaN where none are kept."""
    p = np.full((len(handles), len(scheme.classes)), np.nan)
    for column, name in enumerate(scheme.classes):
        rows = db.execute(
            "SELECT handle, p FROM probabilities WHERE run_id = ? AND model = ? AND class = ?",
            (run, CLASSIFIER, name),
        ).fetchall()
        places = np.searchsorted(handles, [handle for handle, _ in rows])
        p[places, column] = [value for _, value in rows]
    return p


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The table of a run that still streams, with the ids that it would have if it ended now."""
    drawn = table.index >= FIRST_DRAWN
    found = glomeruli.numbered(table[~drawn])
    ids = [numbering.drawn_number(len(found), handle) for handle in table.index[drawn]]
    return pd.concat([found, table[drawn].assign(id=ids)]) if ids else found
