"""An edit as the store keeps it: who changed what of which circle, from which value to which.

========== ====== ==========================================================================
field      whose  value, always text; "" is what stands before anybody says anything
========== ====== ==========================================================================
circle     all's  "x y radius" in level-0 pixels (`circle_text`); "" where there is no such
                  circle: one that was drawn and undone
consensus  all's  the class that the readers agreed on
label      own    a class of the run's scheme
assessment own    one of `ASSESSMENTS`
flags      own    free words, sorted and joined by commas (`flags_text`)
note       own    free text
removed    own    "1" if the circle is taken out (duplicate, misplaced)
========== ====== ==========================================================================

What is all's is the same for every reader. What is own has one value per reader: that of the
latest change in an event of theirs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from napari_ggs.lesions import Scheme

SHARED = frozenset({"circle", "consensus"})
OWN = frozenset({"label", "assessment", "flags", "note", "removed"})
ASSESSMENTS = ("", "ok", "uncertain", "ungradable", "cut", "duplicate")

NEW = -1
"""The handle of a circle that is just being drawn; the store gives it a real one."""

FIRST_DRAWN = 1_000_000_000
"""The handles of drawn circles go on from here: people may draw while a run still finds circles,
and numbers those 0, 1, 2..."""


@dataclass(frozen=True)
class FieldChange:
    """One field of one circle changed; see the table above for fields and values."""

    handle: int
    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Event:
    """Something that a person did.

    Attributes
    ----------
    id : int
        Rising in the order of happening throughout the study.
    kind : str
        What it is called; nothing depends on it.
    who : str
    at : datetime
        UTC; later than that of every event before.
    session : int
    run : int or None
        None if it is about a slide or a case.
    changes : tuple of FieldChange
        At most one per circle and field.
    undoes : int or None
        The event of the same session that this one takes back.
    payload : dict or None
        More about it, in what JSON can hold.
    """

    id: int
    kind: str
    who: str
    at: datetime
    session: int
    run: int | None
    changes: tuple[FieldChange, ...]
    undoes: int | None = None
    payload: dict[str, Any] | None = None


def circle_text(x: float, y: float, radius: float) -> str:
    """The value of the field "circle" (level-0 px); no digit is lost."""
    return f"{float(x)!r} {float(y)!r} {float(radius)!r}"


def circle_of(text: str) -> tuple[float, float, float]:
    """x, y, radius (level-0 px) of a value of the field "circle".

    Raises
    ------
    ValueError
        If the text is no such value, or "".
    """
    x, y, radius = map(float, text.split(" "))
    return x, y, radius


def flags_text(flags: Iterable[str]) -> str:
    """The value of the field "flags"."""
    return ",".join(sorted(set(flags)))


def flags_of(text: str) -> tuple[str, ...]:
    """The single flags of a value of the field "flags"."""
    return tuple(text.split(",")) if text else ()


def with_handle(changes: Iterable[FieldChange], handle: int) -> tuple[FieldChange, ...]:
    """The changes, where those of a `NEW` circle have its real handle."""
    return tuple(replace(c, handle=handle) if c.handle == NEW else c for c in changes)


def refuse_malformed(change: FieldChange, scheme: Scheme) -> None:
    """Refuse what cannot stand in the record for ever.

    Raises
    ------
    ValueError
        If the field or its new value is not as the table above says.
    """
    if change.field not in SHARED | OWN:
        raise ValueError(
            f"{change.field!r} is no field of a circle: {', '.join(sorted(SHARED | OWN))}."
        )
    if not _is_value(change, scheme):
        raise ValueError(
            f"{change.new!r} is no value of the field {change.field!r} of circle {change.handle} "
            f"under the scheme {scheme.name!r}."
        )


def _is_value(change: FieldChange, scheme: Scheme) -> bool:
    match change.field:
        case "circle":
            return _is_circle(change)
        case "label" | "consensus":
            return change.new == "" or change.new in scheme
        case "assessment":
            return change.new in ASSESSMENTS
        case "flags":
            return change.new == flags_text(flags_of(change.new))
        case "removed":
            return change.new in ("", "1")
    return True


def _is_circle(change: FieldChange) -> bool:
    if not change.new:
        # What a detector found can be removed, but it cannot become undone.
        return change.handle >= FIRST_DRAWN
    try:
        x, y, radius = circle_of(change.new)
    except ValueError:
        return False
    canonical = change.new == circle_text(x, y, radius)
    return canonical and math.isfinite(x + y + radius) and radius > 0
