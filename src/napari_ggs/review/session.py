"""One slide under review: its table, what people did to it, and a signal per change.

Nothing else holds state: layers and docks ask the session and follow its signals. What a person
does is kept in the journal first (`review.journal`), and shown after that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from psygnal import Signal

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.events import Event
from napari_ggs.review.journal import Journal, MemoryJournal
from napari_ggs.review.readings import seen_by_reader
from napari_ggs.store import Event as Kept
from napari_ggs.store import FieldChange, apply_changes, existing, starting, value_of

HIDDEN = ""
"""The class of a circle that no layer shows: under the detection threshold, or removed."""


@dataclass(frozen=True, eq=False)
class Change:
    """Circles that appeared, went, moved or changed class.

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
        """Classes whose circles are others now."""
        return ({*self.before} | {*self.after}) - {HIDDEN}


class Session:
    """The circles of one slide under review, as one reader sees them.

    Parameters
    ----------
    scheme : Scheme
    thresholds : Thresholds, optional
        What an unlabelled circle must reach to count; settable at any time.
    journal : Journal, optional
        Where events are kept; in memory if not given.

    Attributes
    ----------
    changed : Signal
        Emits a `Change` when circles appear, go, move or change class.
    recorded : Signal
        Emits each event that was kept, by whomever, once it is in the table.
    finished : Signal
        Emits when a run is over and the ids are final.
    latest : tuple of int
        Handles of the circles of the latest event.
    """

    changed = Signal(Change)
    recorded = Signal(Kept)
    finished = Signal()

    def __init__(
        self,
        scheme: Scheme,
        thresholds: Thresholds | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.scheme, self.journal = scheme, journal or MemoryJournal()
        self._thresholds = thresholds or Thresholds()
        self._rows = starting(glomeruli.empty(scheme))
        self._classes = pd.Series([], index=self._rows.index, dtype=object)
        self._done: list[Kept] = []
        self._undone: list[tuple[Kept, Kept]] = []
        self._seen = 0
        self.latest: tuple[int, ...] = ()

    @property
    def who(self) -> str:
        """The reader."""
        return self.journal.who

    @property
    def table(self) -> pd.DataFrame:
        """The table of the review (`store.folding`) without the circles that are removed.

        The index holds the handles.
        """
        rows = self.everything
        return rows[~rows["removed"]]

    @property
    def everything(self) -> pd.DataFrame:
        """The table with the removed circles, without those that only other readers drew."""
        return seen_by_reader(existing(self._rows))

    def rows(self, handles: Iterable[int]) -> pd.DataFrame:
        """The rows of some circles."""
        return self._rows.loc[list(handles)]

    def knows(self, handle: int) -> bool:
        """Whether a circle is there, taken out or not: not one that was drawn and undone."""
        return handle in self._rows.index and bool(self._rows.loc[handle, "exists"])

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
            known = [self._rows] if len(self._rows) else []
            self._replace(pd.concat([*known, starting(rows)]))

    def finish(self, table: pd.DataFrame) -> None:
        """Take over the final ids of a run, and what has not been streamed of it.

        The table holds every circle that was streamed, under the same handle. What people did
        while the run was going on stays.
        """
        self.extend(table.loc[table.index.difference(self._rows.index)])
        drawn = self._rows.index.difference(table.index)
        rows = self._rows.loc[[*table.index, *drawn]]
        rows["id"] = [*table["id"], *range(len(table) + 1, len(rows) + 1)]
        self._replace(rows)
        self.finished.emit()

    def resume(self, state: pd.DataFrame, seen: int) -> None:
        """Go on from a run's state (`store.replay`), which follows from events up to `seen`."""
        self._seen = seen
        self._replace(state)

    def go_on_in(self, journal: Journal) -> None:
        """Keep what is done from now on in another journal; what was done cannot be undone."""
        self.journal, self._seen = journal, 0
        self._done.clear()
        self._undone.clear()

    def apply(self, event: Event) -> None:
        """Let an event happen, if it changes anything; it can be undone.

        Raises
        ------
        KeyError
            If a handle or the class is unknown.
        UserError
            If it cannot be kept; nothing has changed then.
        """
        if label := getattr(event, "label", ""):
            self.scheme[label]
        if changes := tuple(event.changes(self._rows)):
            self._done.append(self._keep(event.kind, changes))
            self._undone.clear()

    def undo(self) -> None:
        """Take back the latest event of this session that stands; nothing if there is none."""
        self.follow()
        if self._done:
            event = self._done[-1]
            back = [FieldChange(c.handle, c.field, c.new, c.old) for c in reversed(event.changes)]
            undoing = self._keep("undo", self._standing(back), event.id)
            self._undone.append((self._done.pop(), undoing))

    def redo(self) -> None:
        """Let the latest undone event happen again; nothing if there is none."""
        self.follow()
        if self._undone:
            event, undoing = self._undone[-1]
            self._keep("redo", self._standing(event.changes), undoing.id)
            self._done.append(self._undone.pop()[0])

    def follow(self) -> None:
        """Take in what was kept since, by this session or by another process."""
        for event in self.journal.events(self._seen):
            self._seen = event.id
            self._happen(event)

    def class_of(self, handle: int) -> str:
        """The class that a circle is shown in: its label, else its prediction; "" if hidden."""
        return str(self._classes[handle])

    def members(self, name: str) -> pd.DataFrame:
        """The rows of the circles shown in the class `name`."""
        return self.shown([name])

    def shown(self, names: Iterable[str]) -> pd.DataFrame:
        """The rows of the circles shown in any of these classes."""
        return self._rows[self._classes.isin(list(names)).to_numpy()]

    def counts(self) -> dict[str, int]:
        """Number of shown circles per class of the scheme, in class order."""
        found = self._classes.value_counts()
        return {name: int(found.get(name, 0)) for name in self.scheme.classes}

    def percent_sclerotic(self) -> float | None:
        """%GGS of the counted glomeruli; None where there are none."""
        found = glomeruli.counts(self.table, self.scheme, self._thresholds)
        return glomeruli.percent_sclerotic(found, self.scheme)

    @property
    def edited(self) -> int:
        """Number of circles that a person drew, graded or took out."""
        rows = self.everything
        graded = (rows["label"] != "") | (rows["assessment"] != "") | rows["removed"]
        return int((graded | rows["detection_score"].isna()).sum())

    def _keep(self, kind: str, changes: Sequence[FieldChange], undoes: int | None = None) -> Kept:
        kept = self.journal.append(kind, changes, undoes)
        self.follow()
        return kept

    def _standing(self, changes: Iterable[FieldChange]) -> list[FieldChange]:
        """The changes whose old value still holds: others have been overtaken since."""
        return [c for c in changes if value_of(self._rows, c.handle, c.field) == c.old]

    def _happen(self, event: Kept) -> None:
        """Let the table follow an event that is kept."""
        apply_changes(self._rows, event.changes, own=event.who == self.who)
        touched = pd.Index(dict.fromkeys(change.handle for change in event.changes))
        new = touched.difference(self._classes.index)
        if len(new):
            self._classes = pd.concat([self._classes, pd.Series(HIDDEN, new, dtype=object)])
        self.latest = tuple(touched.tolist())
        placed = [c.handle for c in event.changes if c.field == "circle"]
        self._refresh(touched, placed)
        self.recorded.emit(event)

    def _replace(self, rows: pd.DataFrame) -> None:
        self._rows = rows
        self._classes = self._classes.reindex(rows.index, fill_value=HIDDEN)
        self._predict()
        self._refresh(rows.index)

    def _predict(self) -> None:
        p = self._rows[list(self.scheme.columns)]
        self._rows["predicted"] = glomeruli.predict(p, self.scheme, self._thresholds.glomerulus)

    def _refresh(self, handles: pd.Index, placed: Sequence[int] = ()) -> None:
        """Settle the class of the circles; say which ones changed it, or their place."""
        before = self._classes.loc[handles].to_numpy()
        after = self._shown(self._rows.loc[handles])
        differ = (before != after) | handles.isin(list(placed))
        if differ.any():
            self._classes.loc[handles] = after
            self.changed.emit(Change(handles.to_numpy()[differ], before[differ], after[differ]))

    def _shown(self, rows: pd.DataFrame) -> NDArray[np.object_]:
        there = rows["x"].notna() & ~(rows["removed"] & (rows["consensus"] == ""))
        there &= glomeruli.passes(rows, self._thresholds)
        names: NDArray[np.object_] = (
            glomeruli.classes_in_force(rows).where(there, HIDDEN).to_numpy(dtype=object)
        )
        return names
