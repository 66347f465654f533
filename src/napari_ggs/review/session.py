"""One slide under review: its table, what people did to it, and a signal per change.

Nothing else holds state: layers and docks ask the session and follow its signals.
"""

from dataclasses import dataclass
from functools import singledispatchmethod

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.events import Event, Labelled, Removed, Restored

HIDDEN = ""
"""The class of a circle that no layer shows: under the detection threshold, or removed."""


@dataclass(frozen=True, eq=False)
class Change:
    """Circles whose class changed, appeared or went.

    Attributes
    ----------
    handles : ndarray of int, shape (n,)
    before, after : ndarray of str, shape (n,)
        The class of each circle; "" where it was, or is, not shown.
    """

    handles: NDArray[np.intp]
    before: NDArray[np.object_]
    after: NDArray[np.object_]

    @property
    def classes(self) -> set[str]:
        """Classes that lost or gained circles."""
        return ({*self.before} | {*self.after}) - {HIDDEN}


class Session:
    """The circles of one slide under review.

    Parameters
    ----------
    scheme : Scheme
    thresholds : Thresholds, optional
        What an unlabelled circle must reach to count; settable at any time.

    Attributes
    ----------
    changed : Signal
        Emits a `Change` when circles appear, go or change class.
    finished : Signal
        Emits when a run is over and the ids are final.
    """

    changed = Signal(Change)
    finished = Signal()

    def __init__(self, scheme: Scheme, thresholds: Thresholds | None = None) -> None:
        self.scheme = scheme
        self._thresholds = thresholds or Thresholds()
        self._rows = glomeruli.empty(scheme)
        self._removed: set[int] = set()
        self._classes = pd.Series([], index=self._rows.index, dtype=object)
        self._undo: list[tuple[Event, tuple[Event, ...]]] = []
        self._redo: list[Event] = []

    @property
    def table(self) -> pd.DataFrame:
        """The Glomeruli table without the removed circles; the index holds the handles."""
        return self._rows.drop(index=list(self._removed))

    @property
    def thresholds(self) -> Thresholds:
        """What an unlabelled circle must reach to count; setting it acts at once."""
        return self._thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        if thresholds == self._thresholds:
            return
        self._thresholds = thresholds
        self._predict()
        self._refresh(self._rows.index)

    def extend(self, rows: pd.DataFrame) -> None:
        """Take in the rows that a run has just found; their handles are new."""
        if len(rows):
            self._replace(pd.concat([self._rows, rows]) if len(self._rows) else rows.copy())

    def finish(self, table: pd.DataFrame) -> None:
        """Take over a run's whole table, with its final ids.

        It holds every circle that was streamed, under the same handle. Labels that a person gave
        while the run was going on stay with their handles.
        """
        given = self._rows["label"].reindex(table.index, fill_value="")
        self._replace(table.assign(label=given.where(given != "", table["label"])))
        self.finished.emit()

    def apply(self, event: Event) -> None:
        """Let an event happen; it can be undone.

        Raises
        ------
        KeyError
            If a handle or the class is unknown.
        """
        self._undo.append((event, self._happen(event)))
        self._redo.clear()

    def undo(self) -> None:
        """Take back the latest event that stands; nothing if there is none."""
        if self._undo:
            event, inverse = self._undo.pop()
            for step in inverse:
                self._happen(step)
            self._redo.append(event)

    def redo(self) -> None:
        """Let the latest undone event happen again; nothing if there is none."""
        if self._redo:
            event = self._redo.pop()
            self._undo.append((event, self._happen(event)))

    def class_of(self, handle: int) -> str:
        """The class that a circle is shown in: its label, else its prediction; "" if hidden."""
        return str(self._classes[handle])

    def members(self, name: str) -> pd.DataFrame:
        """The rows of the circles shown in the class `name`."""
        return self._rows[(self._classes == name).to_numpy()]

    def counts(self) -> dict[str, int]:
        """Number of shown circles per class of the scheme, in class order."""
        found = self._classes.value_counts()
        return {name: int(found.get(name, 0)) for name in self.scheme.classes}

    def percent_sclerotic(self) -> float | None:
        """%GGS of the counted glomeruli; None where there are none."""
        found = self.counts()
        return glomeruli.percent_sclerotic(
            {name: found[name] for name in self.scheme.glomerular}, self.scheme
        )

    @property
    def edited(self) -> int:
        """Number of circles that a person gave a class or took out."""
        labelled = self._rows.index[self._rows["label"] != ""]
        return len(self._removed.union(labelled))

    @singledispatchmethod
    def _happen(self, event: Event) -> tuple[Event, ...]:
        """Change the rows; return the events that undo it."""
        raise TypeError(f"{event!r} is no event of a review.")

    @_happen.register
    def _(self, event: Labelled) -> tuple[Event, ...]:
        if event.label:
            self.scheme[event.label]
        before = self._rows.loc[list(event.handles), "label"]
        self._rows.loc[list(event.handles), "label"] = event.label
        self._refresh(before.index)
        return tuple(
            Labelled(tuple(same.index), str(label))
            for label, same in before.groupby(before, sort=False)
        )

    @_happen.register
    def _(self, event: Removed) -> tuple[Event, ...]:
        there = self._rows.loc[list(event.handles)].index.difference(list(self._removed))
        self._removed.update(there)
        self._refresh(there)
        return (Restored(tuple(there)),)

    @_happen.register
    def _(self, event: Restored) -> tuple[Event, ...]:
        there = self._rows.loc[list(event.handles)].index.intersection(list(self._removed))
        self._removed.difference_update(there)
        self._refresh(there)
        return (Removed(tuple(there)),)

    def _replace(self, rows: pd.DataFrame) -> None:
        self._rows = rows
        self._classes = self._classes.reindex(rows.index, fill_value=HIDDEN)
        self._predict()
        self._refresh(rows.index)

    def _predict(self) -> None:
        p = self._rows[list(self.scheme.columns)]
        self._rows["predicted"] = glomeruli.predict(p, self.scheme, self._thresholds.glomerulus)

    def _refresh(self, handles: pd.Index) -> None:
        """Settle the class of the circles and say which ones changed."""
        before = self._classes.loc[handles].to_numpy()
        after = self._shown(self._rows.loc[handles])
        differ = before != after
        if differ.any():
            self._classes.loc[handles] = after
            self.changed.emit(Change(handles.to_numpy()[differ], before[differ], after[differ]))

    def _shown(self, rows: pd.DataFrame) -> NDArray[np.object_]:
        shows = glomeruli.passes(rows, self._thresholds) & ~rows.index.isin(list(self._removed))
        names: NDArray[np.object_] = (
            glomeruli.classes_in_force(rows).where(shows, HIDDEN).to_numpy(dtype=object)
        )
        return names
