"""Going through the circles of a slide, one after another, in an order."""

from collections.abc import Sequence

from psygnal import Signal


class Walk:
    """Where a reader is.

    The order is fixed until it is set again: a circle that was graded keeps its place, so that
    going back finds it.

    Attributes
    ----------
    moved : Signal
        Emits the handle of the circle that it comes to, or None.
    visited : Signal
        Emits the handle of a circle that is to be looked at: also where it is already.
    ordered : Signal
        Emits when the order is another one.
    ended : Signal
        Emits when it is to go on, and the circle at hand is the last one.
    """

    moved = Signal(object)
    visited = Signal(int)
    ordered = Signal()
    ended = Signal()

    def __init__(self) -> None:
        self.order: tuple[int, ...] = ()
        self._place: dict[int, int] = {}
        self.current: int | None = None

    def set_order(self, handles: Sequence[int]) -> None:
        """Go through these circles from now on; stay where it is, if that is one of them."""
        self.order = tuple(handles)
        self._place = {handle: place for place, handle in enumerate(self.order)}
        self.ordered.emit()
        if self.current not in self._place:
            self.go(None)

    def go(self, handle: int | None) -> None:
        """Come to a circle, whether or not it is one of the order, without looking there."""
        if handle != self.current:
            self.current = handle
            self.moved.emit(handle)

    def visit(self, handle: int) -> None:
        """Come to a circle and look at it."""
        self.go(handle)
        self.visited.emit(handle)

    def next(self) -> None:
        """Come to the circle after this one; at the last one, stay."""
        ended = bool(self.order) and self.current == self.order[-1]
        self._step(1)
        if ended:
            self.ended.emit()

    def previous(self) -> None:
        """Come to the circle before this one; at the first one, stay."""
        self._step(-1)

    def place(self, handle: int | None) -> int | None:
        """Where a circle is in the order, counted from 0; None if it is none of them."""
        return None if handle is None else self._place.get(handle)

    def _step(self, by: int) -> None:
        if not self.order:
            return
        at = self.place(self.current)
        to = 0 if at is None else min(max(at + by, 0), len(self.order) - 1)
        self.visit(self.order[to])
