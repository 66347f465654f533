"""Random reviews by several readers, and a simple model of what each of them should see."""

from copy import deepcopy
from dataclasses import dataclass, field

import pandas as pd
from hypothesis import strategies as st

from napari_ggs.lesions import GGS
from napari_ggs.store import (
    ASSESSMENTS,
    FIRST_DRAWN,
    NEW,
    SHARED,
    CaseStore,
    Event,
    FieldChange,
    circle_of,
    circle_text,
    flags_text,
)
from napari_ggs.store.events import OWN
from tests.store.studies import reader

READERS = ("ann", "bob")

_place = st.floats(-1e5, 1e5)
CIRCLES = st.builds(circle_text, _place, _place, st.floats(0.5, 1e4))
CLASSES = st.sampled_from(["", *GGS.classes])
VALUES = {
    "circle": CIRCLES,
    "label": CLASSES,
    "consensus": CLASSES,
    "assessment": st.sampled_from(ASSESSMENTS),
    "flags": st.lists(st.sampled_from(["segmental", "other"])).map(flags_text),
    "note": st.text(st.characters(codec="utf-8"), max_size=5),
    "removed": st.sampled_from(["", "1"]),
}


@dataclass(frozen=True)
class Step:
    """A reader edits circles, draws one, or undraws (again: redraws) the latest drawn one.

    Attributes
    ----------
    kind : {"edited", "drawn", "undrawn"}
    who : str
    edits : tuple of (place among the circles, field, value)
    """

    kind: str
    who: str
    edits: tuple[tuple[int, str, str], ...]


EDITS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.integers(0, 30), st.just(name), VALUES[name])
)
STEPS = st.builds(
    Step,
    st.sampled_from(["edited", "edited", "drawn", "undrawn"]),
    st.sampled_from(READERS),
    st.lists(EDITS, min_size=1, max_size=4).map(tuple),
)


@dataclass
class Model:
    """What holds, in dictionaries: all's by circle and field, own also by reader."""

    shared: dict[tuple[int, str], str]
    own: dict[tuple[str, int, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Model":
        return cls(
            {(h, "circle"): circle_text(x, y, r) for h, x, y, r in _places(table).itertuples()}
        )

    def take(self, who: str, change: FieldChange) -> None:
        if change.field in SHARED:
            self.shared[change.handle, change.field] = change.new
        else:
            self.own[who, change.handle, change.field] = change.new

    def seen_by(self, who: str) -> dict[int, dict[str, object]]:
        there = [h for (h, name), value in self.shared.items() if name == "circle" and value]
        return {handle: self._row(who, handle) for handle in there}

    def _row(self, who: str, handle: int) -> dict[str, object]:
        own = {name: self.own.get((who, handle, name), "") for name in OWN}
        agreed = self.shared.get((handle, "consensus"), "")
        x, y, radius = circle_of(self.shared[handle, "circle"])
        return {
            **own,
            "x": x,
            "y": y,
            "radius": radius,
            "consensus": agreed,
            "own_label": own["label"],
            "label": agreed or own["label"],
            "removed": own["removed"] == "1",
        }


def happen(store: CaseStore, run: int, steps: list[Step]) -> list[tuple[Event, Model]]:
    """Let the steps happen in a study; each event, and the model after it."""
    journals = {who: reader(store, run, who) for who in READERS}
    model, handles = Model.of(store.table(run)), store.table(run).index.tolist()
    happened = []
    for step in steps:
        if changes := _changes(step, handles, model):
            event = journals[step.who].append(step.kind, changes)
            for change in event.changes:
                model.take(step.who, change)
            handles += {change.handle for change in event.changes} - {*handles}
            happened.append((event, deepcopy(model)))
    return happened


def _changes(step: Step, handles: list[int], model: Model) -> list[FieldChange]:
    if step.kind == "edited":
        return _edits(step, handles, model)
    if step.kind == "drawn":
        return [FieldChange(NEW, "circle", "", f"{float(len(handles))!r} 2.5 30.0")]
    if handles and handles[-1] >= FIRST_DRAWN:
        there = model.shared[handles[-1], "circle"]
        return [FieldChange(handles[-1], "circle", there, "" if there else "9.0 8.0 7.0")]
    return []


def _edits(step: Step, handles: list[int], model: Model) -> list[FieldChange]:
    edits = {(handles[place % len(handles)], name): value for place, name, value in step.edits}
    return [
        FieldChange(handle, name, "", value)
        for (handle, name), value in edits.items()
        if name != "circle" or model.shared[handle, "circle"]
    ]


def rows_seen(state: pd.DataFrame) -> dict[int, dict[str, object]]:
    """A fold as the model tells it."""
    columns = ["x", "y", "radius", "label", "own_label", "consensus", "removed"]
    rows = state[[*columns, "assessment", "flags", "note"]]
    return {int(h): dict(row) for h, row in rows.to_dict(orient="index").items()}


def _places(table: pd.DataFrame) -> pd.DataFrame:
    return table[["x", "y", "radius"]]
