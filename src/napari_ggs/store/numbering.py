"""The numbers of a run's circles: 1..n by (y, x) for what was found, then what was drawn.

A drawn circle's number follows from its handle: handles of drawn circles have no gaps.
"""

import sqlite3

import pandas as pd

from napari_ggs.store.events import FIRST_DRAWN


def drawn_number(found: int, handle: int) -> int:
    """The number of a drawn circle in a run that found so many."""
    return found + handle - FIRST_DRAWN + 1


def give_numbers(db: sqlite3.Connection, run: int, table: pd.DataFrame) -> None:
    """Write the final numbers of a run's circles.

    Parameters
    ----------
    db : Connection
        Inside a transaction that writes.
    run : int
    table : DataFrame
        The handles of all found circles as index, their numbers as ``id``.

    Raises
    ------
    ValueError
        If the table has not the circles that were added.
    """
    rows = db.execute("SELECT handle FROM circles WHERE run_id = ? ORDER BY handle", (run,))
    handles = [handle for (handle,) in rows]
    found = [handle for handle in handles if handle < FIRST_DRAWN]
    if sorted(table.index.tolist()) != found:
        raise ValueError(
            f"Run {run} was given {len(found)} circles, and the {len(table)} rows of its table are "
            "not these: add every circle, under the same handle, before the run is finished."
        )
    numbers = dict(zip(table.index.tolist(), table["id"].tolist(), strict=True))
    for handle in handles[len(found) :]:
        numbers[handle] = drawn_number(len(found), handle)
    db.executemany(
        "UPDATE circles SET number = ? WHERE run_id = ? AND handle = ?",
        [(number, run, handle) for handle, number in numbers.items()],
    )


def add_drawn(
    db: sqlite3.Connection, run: int, circle: tuple[float, float, float], who: str
) -> int:
    """Add a circle that a person draws; returns its handle.

    Parameters
    ----------
    db : Connection
        Inside a transaction that writes.
    run : int
    circle : tuple of float
        x, y, radius in level-0 px.
    who : str
    """
    (drawn,) = db.execute(
        "SELECT count(*) FROM circles WHERE run_id = ? AND handle >= ?", (run, FIRST_DRAWN)
    ).fetchone()
    (last,) = db.execute("SELECT max(number) FROM circles WHERE run_id = ?", (run,)).fetchone()
    (finished,) = db.execute("SELECT finished FROM runs WHERE id = ?", (run,)).fetchone()
    handle = FIRST_DRAWN + int(drawn)
    number = (last or 0) + 1 if finished else None
    db.execute(
        "INSERT INTO circles (run_id, handle, number, x, y, radius, drawn_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, handle, number, *circle, who),
    )
    return handle
