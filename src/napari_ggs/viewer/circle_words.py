"""What the Review dock says of the circle at hand, or of several that are selected."""

from typing import Any

from napari_ggs.lesions import Scheme

NONE_CHOSEN = "No circle chosen"
NOTHING_SHOWN = "No circle passes the filters above."


def words_of(row: Any, scheme: Scheme, place: int | None, of: int) -> str:
    """Number, place in the order, and what was said of it beside its class.

    Parameters
    ----------
    row : Series or None
        Of a review's table; None if no circle is at hand.
    scheme : Scheme
    place : int or None
        Where it is in the order, from 0; None if it is none of these circles.
    of : int
        Number of circles in the order.
    """
    if row is None:
        return NONE_CHOSEN if of else NOTHING_SHOWN
    where = f", {place + 1} of {of}" if place is not None else ""
    return " · ".join([f"Circle {row['id']}{where}", *_states(row, scheme)])


def words_of_several(number: int) -> str:
    """That a key acts on all of them."""
    return f"{number} circles selected: a key acts on all"


def _states(row: Any, scheme: Scheme) -> list[str]:
    said = ["taken out"] if row["removed"] else []
    said += [str(row["assessment"])] if row["assessment"] else []
    said += str(row["flags"]).split(",") if row["flags"] else []
    agreed = str(row["consensus"])
    return said + ([f"settled as {scheme[agreed].title}"] if agreed else [])
