"""What people said of the circles of a run, carried over to another run over the same slide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.circles import iou
from napari_ggs.glomeruli import circles_of, classes_in_force
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.store import FIRST_DRAWN, NEW, CaseStore, FieldChange, circle_text, fold
from napari_ggs.store.readings import readers

SAME = 0.5
"""Circles of two runs that overlap so much (IoU) are of one glomerulus."""

TEXTS = {
    "label": "own_label",
    "assessment": "assessment",
    "flags": "flags",
    "note": "note",
    "consensus": "consensus",
}
"""Fields, and the columns of a review's table that hold them."""


@dataclass(frozen=True)
class Carried:
    """What becomes of a review when a slide is run again.

    Attributes
    ----------
    edits : list of list of FieldChange
        One list for each circle that people said something of.
    kept : int
        Circles whose edits were carried over.
    lost : int
        Circles that people took out or rejected, and that were not found again.
    new, gone : int
        Circles that only the new run found, or only the old one.
    changed : int
        Circles that both found, now predicted as another class.
    """

    edits: list[list[FieldChange]]
    kept: int
    lost: int
    new: int
    gone: int
    changed: int

    def words(self) -> str:
        """What changed, in a sentence or two."""
        said = f"{self.kept} of your edits kept. " if self.kept else ""
        found = f"{self.new} circles are new, {self.gone} are gone"
        return f"{said}Against the run before: {found}, {self.changed} have another class."


def carry_over(store: CaseStore, before: int, run: int, who: str, session: int) -> Carried:
    """Lay what a reader said of one run over another of its slide, and keep that.

    Parameters
    ----------
    store : CaseStore
    before, run : int
        Ids of the runs.
    who : str
        The reader.
    session : int
        In which it is kept: one of theirs.

    Raises
    ------
    StoreError
        If it cannot be kept.
    """
    old, new = (fold(store.table(each), store.events(each), who) for each in (before, run))
    carried = carry(old, new, moved(store.table(before), old))
    journal = store.journal(run, session)
    for edit in carried.edits:
        journal.append("carried", edit)
    return carried


def moved(found: pd.DataFrame, old: pd.DataFrame) -> set[int]:
    """Handles of the circles that a person moved or resized since they were found."""
    both = found.index.intersection(old.index)
    apart = circles_of(found.loc[both]) != circles_of(old.loc[both])
    return {int(handle) for handle in both[apart.any(axis=1)]}


def carry_over_all(store: CaseStore, before: int, run: int) -> None:
    """Lay what each reader said of one run over another of its slide, in their names.

    Raises
    ------
    StoreError
        If it cannot be kept.
    """
    for who in readers(store.events(before)):
        carry_over(store, before, run, who, store.begin_session(who))


def carry(old: pd.DataFrame, new: pd.DataFrame, placed: Collection[int] = ()) -> Carried:
    """Lay a review over the circles of another run.

    A circle takes over what was said of the old circle that it overlaps most (IoU >= `SAME`), and
    the place that a person gave it. A glomerulus that a person drew or named and that is not
    found again is drawn; one that was rejected or taken out is not.

    Parameters
    ----------
    old : DataFrame
        The review's table of the run before (`store.folding`), removed circles included.
    new : DataFrame
        The Glomeruli table of the new run; the index holds the handles.
    placed : collection of int
        Handles of old circles that people moved or resized.
    """
    partner = matched(circles_of(old), circles_of(new))
    edits, lost = [], 0
    for place in np.flatnonzero(_edited(old) | old.index.isin(list(placed))).tolist():
        row, at = old.iloc[place], partner[place]
        if at >= 0:
            here = old.index[place] in placed
            edits.append(_onto(row, new.iloc[at], int(new.index[at]), here))
        elif row["removed"] or row["label"] == NON_GLOMERULUS:
            lost += 1
        else:
            edits.append(_drawn(row))
    found = partner >= 0
    before = classes_in_force(old.assign(label=""))[found].to_numpy()
    after = new["predicted"].iloc[partner[found]].to_numpy()
    detected = (old.index < FIRST_DRAWN).sum()
    return Carried(
        edits,
        kept=len(edits),
        lost=lost,
        new=len(new) - int(found.sum()),
        gone=int(detected - found[old.index < FIRST_DRAWN].sum()),
        changed=int((before != after).sum()),
    )


def matched(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each old circle the new one that is the same glomerulus, or -1; one to one.

    The pairs that overlap most go first.
    """
    overlap = iou(old, new)
    partner = np.full(len(old), -1, dtype=np.intp)
    pairs = np.argwhere(overlap >= SAME)
    order = np.argsort(-overlap[pairs[:, 0], pairs[:, 1]], kind="stable")
    taken: set[int] = set()
    for i, j in pairs[order].tolist():
        if partner[i] < 0 and j not in taken:
            partner[i] = j
            taken.add(j)
    return partner


def _edited(old: pd.DataFrame) -> pd.Series:
    """Of which this reader said anything; who draws a circle names it."""
    return (old[list(TEXTS.values())] != "").any(axis=1) | old["removed"]


def _onto(row: pd.Series, new: pd.Series, handle: int, placed: bool) -> list[FieldChange]:
    """What was said of an old circle, said of a new one; `placed`: its place, too."""
    removed = [FieldChange(handle, "removed", "", "1")] if row["removed"] else []
    there, here = (circle_text(each["x"], each["y"], each["radius"]) for each in (new, row))
    circle = [FieldChange(handle, "circle", there, here)] if placed and there != here else []
    return [*circle, *_said(row, handle), *removed]


def _drawn(row: pd.Series) -> list[FieldChange]:
    """An old circle, drawn anew with what was said of it."""
    place = circle_text(row["x"], row["y"], row["radius"])
    return [FieldChange(NEW, "circle", "", place), *_said(row, NEW)]


def _said(row: pd.Series, handle: int) -> Sequence[FieldChange]:
    fields = {field: str(row[column]) for field, column in TEXTS.items()}
    return [FieldChange(handle, field, "", value) for field, value in fields.items() if value]
