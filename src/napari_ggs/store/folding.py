"""The present of a run, or its state at any moment: its table with the events laid over it.

The state has the columns of the Glomeruli table, where ``label`` is the consensus if there is
one, else the reader's own label, and these:

============== ==== ==========================================================
column         type meaning
============== ==== ==========================================================
``own_label``  str  the class that this reader gave, "" for none
``assessment`` str  this reader's; one of `napari_ggs.store.events.ASSESSMENTS`
``flags``      str  this reader's, sorted, joined by commas
``note``       str  this reader's
``removed``    bool whether this reader took the circle out
``consensus``  str  the class that the readers agreed on, "" for none
============== ==== ==========================================================

While events are laid over it there is one more, ``exists`` (bool): a drawn circle that is not
drawn yet, or was undone, keeps its row, so that what people said of it comes back with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.store.events import (
    FIRST_DRAWN,
    SHARED,
    Event,
    FieldChange,
    circle_of,
    circle_text,
)
from napari_ggs.store.numbering import drawn_number

TEXTS = ["own_label", "assessment", "flags", "note", "consensus"]

_FEW = 16
"""So many cells are faster set one by one than as a column."""


def fold(table: pd.DataFrame, events: Iterable[Event], reviewer: str) -> pd.DataFrame:
    """What a reader sees of a run after these events.

    Parameters
    ----------
    table : DataFrame
        As `CaseStore.table` gives it.
    events : iterable of Event
        In the order of happening.
    reviewer : str

    Returns
    -------
    DataFrame
        The columns above, a row for each circle that exists; the index holds the handles.
    """
    return existing(replay(table, events, reviewer))


def replay(table: pd.DataFrame, events: Iterable[Event], reviewer: str) -> pd.DataFrame:
    """As `fold`, but a state to go on from: circles that do not exist have their rows too."""
    state = starting(table)
    seen = (
        change
        for event in events
        for change in event.changes
        if event.who == reviewer or change.field in SHARED
    )
    apply_changes(state, seen, own=True)
    return state


def starting(table: pd.DataFrame) -> pd.DataFrame:
    """The state before any event: nobody has said anything, and no circle is drawn yet."""
    state = table.copy()
    state[TEXTS] = ""
    state[TEXTS] = state[TEXTS].astype("str")
    state["removed"] = False
    state["exists"] = state.index < FIRST_DRAWN
    return state


def existing(state: pd.DataFrame) -> pd.DataFrame:
    """A state without the circles that do not exist, and without the column that says so."""
    return state[state["exists"]].drop(columns="exists")


def value_of(state: pd.DataFrame, handle: int, field: str) -> str:
    """The value of a field of a circle in a state, as events write it.

    Raises
    ------
    KeyError
        If the circle or the field is unknown.
    """
    if field == "circle":
        x, y, radius = (_cell(state, handle, axis) for axis in GEOMETRY)
        return circle_text(x, y, radius) if _cell(state, handle, "exists") else ""
    if field == "removed":
        return "1" if _cell(state, handle, "removed") else ""
    return str(_cell(state, handle, _column(field)))


def apply_changes(state: pd.DataFrame, changes: Iterable[FieldChange], own: bool) -> None:
    """Lay changes over a state, in place.

    Parameters
    ----------
    state : DataFrame
        As `starting` or `replay` gives it.
    changes : iterable of FieldChange
        In the order of happening. A circle that has just been drawn gets a row.
    own : bool
        Whether the changes are the reader's own; of others' only what is shared is seen.

    Raises
    ------
    KeyError
        If a circle is unknown.
    """
    latest: dict[str, dict[int, str]] = {}
    for change in changes:
        if own or change.field in SHARED:
            latest.setdefault(change.field, {})[change.handle] = change.new
    _place(state, latest.pop("circle", {}))
    _put(state, "removed", {h: bool(text) for h, text in latest.pop("removed", {}).items()})
    for field, values in latest.items():
        _put(state, _column(field), values)
    labelled = latest.get("label", {}) | latest.get("consensus", {})
    _put(state, "label", _labels_in_force(state, list(labelled)))


def _column(field: str) -> str:
    return "own_label" if field == "label" else field


def _place(state: pd.DataFrame, circles: dict[int, str]) -> None:
    """Put circles where they are now; drawn ones that the table does not have yet get a row."""
    for handle in sorted(circles):
        if handle >= FIRST_DRAWN and handle not in state.index:
            _add_row(state, handle)
    _put(state, "exists", {handle: bool(text) for handle, text in circles.items()})
    places = {handle: circle_of(text) for handle, text in circles.items() if text}
    for axis, column in enumerate(GEOMETRY):
        _put(state, column, {handle: place[axis] for handle, place in places.items()})


def _add_row(state: pd.DataFrame, handle: int) -> None:
    found = int((state.index < FIRST_DRAWN).sum())
    row: dict[str, Any] = dict.fromkeys(["predicted", "label", *TEXTS], "")
    row |= {"id": drawn_number(found, handle), "removed": False, "exists": True}
    state.loc[handle] = [row.get(column, np.nan) for column in state.columns]


def _put(state: pd.DataFrame, column: str, values: Mapping[int, Any]) -> None:
    if unknown := [handle for handle in values if handle not in state.index]:
        raise KeyError(f"The table has no circle {unknown[0]}: read it anew from the store.")
    if len(values) > _FEW:
        state.loc[list(values), column] = list(values.values())
        return
    for handle, value in values.items():
        state.at[handle, column] = value  # noqa: PD008 `loc` takes five times as long


def _labels_in_force(state: pd.DataFrame, handles: list[int]) -> dict[int, str]:
    agreed, given = (_get(state, column, handles) for column in ("consensus", "own_label"))
    return {h: a or g for h, a, g in zip(handles, agreed, given, strict=True)}


def _get(state: pd.DataFrame, column: str, handles: list[int]) -> list[Any]:
    if len(handles) > _FEW:
        return state[column].loc[handles].tolist()
    return [_cell(state, handle, column) for handle in handles]


def _cell(state: pd.DataFrame, handle: int, column: str) -> Any:
    return state.at[handle, column]  # noqa: PD008 `loc` takes ten times as long
