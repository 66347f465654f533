"""What a person can do to the circles of a slide, and which values each of it changes.

An event names circles by their handles, the index of the review's table (`store.folding`). It says
what is wanted; what that changes, with the old and the new value of every field, is what is kept,
shown and undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from napari_ggs.circles import Array
from napari_ggs.glomeruli import GEOMETRY, STAYING_OUT
from napari_ggs.store import ASSESSMENTS, NEW, FieldChange, circle_text, flags_of, flags_text

Handles = tuple[int, ...]

FLAGS = ("segmental", "periglomerular fibrosis", "other")


class Event(Protocol):
    """Something that a person does."""

    kind: ClassVar[str]

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """The values that it changes in the table of a review; KeyError at an unknown handle."""
        ...


@dataclass(frozen=True)
class Labelled:
    """Circles got a class; "" takes it back, so that the prediction holds again.

    Who names a class has graded: an assessment that says otherwise goes.
    """

    handles: Handles
    label: str
    kind: ClassVar[str] = "labelled"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        yield from _set(rows, self.handles, "label", "own_label", self.label)
        chosen = rows.loc[list(self.handles)]
        graded = chosen.index[chosen["assessment"].isin(STAYING_OUT)] if self.label else ()
        yield from _set(rows, graded, "assessment", "assessment", "")


@dataclass(frozen=True)
class Confirmed:
    """What is predicted of circles was found right; those that were judged stay as they are."""

    handles: Handles
    kind: ClassVar[str] = "labelled"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        chosen = rows.loc[list(self.handles)]
        judged = (chosen["label"] != "") | chosen["assessment"].isin(STAYING_OUT)
        judged |= chosen["removed"]
        named = chosen[~judged & (chosen["predicted"] != "")]
        for handle, name in zip(named.index.tolist(), named["predicted"], strict=True):
            yield FieldChange(handle, "label", "", str(name))


@dataclass(frozen=True)
class Settled:
    """Circles got the class on which the readers agree; "" takes it back."""

    handles: Handles
    label: str
    kind: ClassVar[str] = "settled"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        return _set(rows, self.handles, "consensus", "consensus", self.label)


@dataclass(frozen=True)
class Assessed:
    """Circles were found uncertain, ungradable, cut, duplicate or ok; "" takes it back."""

    handles: Handles
    assessment: str
    kind: ClassVar[str] = "assessed"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        if self.assessment not in ASSESSMENTS:
            raise KeyError(f"{self.assessment!r} is no assessment: take one of {ASSESSMENTS[1:]}.")
        return _set(rows, self.handles, "assessment", "assessment", self.assessment)


@dataclass(frozen=True)
class Flagged:
    """A finding beside the class was marked on circles, or (`on` False) taken off."""

    handles: Handles
    flag: str
    on: bool = True
    kind: ClassVar[str] = "flagged"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        for handle in self.handles:
            others = {*flags_of(str(rows.loc[handle, "flags"]))} - {self.flag}
            flags = flags_text({*others, self.flag} if self.on else others)
            yield from _set(rows, (handle,), "flags", "flags", flags)


@dataclass(frozen=True)
class Noted:
    """A person wrote a note about circles, in place of what was noted."""

    handles: Handles
    note: str
    kind: ClassVar[str] = "noted"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        return _set(rows, self.handles, "note", "note", self.note)


@dataclass(frozen=True)
class Removed:
    """Circles were taken out (misplaced): neither counted nor trained on; or brought back."""

    handles: Handles
    out: bool = True
    kind: ClassVar[str] = "removed"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        old, new = ("", "1") if self.out else ("1", "")
        others = [h for h in self.handles if bool(rows.loc[h, "removed"]) != self.out]
        return (FieldChange(handle, "removed", old, new) for handle in others)


@dataclass(frozen=True, eq=False)
class Moved:
    """Circles were moved or resized.

    Attributes
    ----------
    handles : tuple of int
    circles : ndarray, shape (n, 3)
        x, y, radius in level-0 px, of each handle.
    """

    handles: Handles
    circles: Array
    kind: ClassVar[str] = "moved"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:
        """See `Event`."""
        before = rows.loc[list(self.handles), GEOMETRY].to_numpy(float)
        for handle, old, new in zip(self.handles, before, np.atleast_2d(self.circles), strict=True):
            if not np.array_equal(old, new):
                yield FieldChange(handle, "circle", circle_text(*old), circle_text(*new))


@dataclass(frozen=True)
class Drawn:
    """A circle was drawn: x, y, radius in level-0 px, and its class."""

    x: float
    y: float
    radius: float
    label: str
    kind: ClassVar[str] = "drawn"

    def changes(self, rows: pd.DataFrame) -> Iterable[FieldChange]:  # noqa: ARG002
        """See `Event`."""
        yield FieldChange(NEW, "circle", "", circle_text(self.x, self.y, self.radius))
        yield FieldChange(NEW, "label", "", self.label)


def _set(
    rows: pd.DataFrame, handles: Iterable[int], field: str, column: str, new: str
) -> Iterable[FieldChange]:
    """Give circles a value where they have another one."""
    for handle in handles:
        old = str(rows.loc[handle, column])
        if old != new:
            yield FieldChange(handle, field, old, new)
