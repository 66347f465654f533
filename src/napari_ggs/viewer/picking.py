"""Mouse on the slide: pick circles, draw, move and resize them, whichever layer is active.

napari gives mouse events to the active layer alone; glomeruli of different classes are in
different layers, so this listens at the viewer.

============================ ==================================================================
mouse                        what happens
============================ ==================================================================
click in a circle            selects it (the nearest centre); beside all circles: selects none
Shift + click                adds a circle to what is selected, or takes it out
Shift + drag                 selects the circles whose centres are in the box
drag a selected circle       moves it; at its rim: resizes it
Ctrl + drag                  draws a circle from its centre to its rim (so does a drag while
                             drawing is switched on)
drag elsewhere               moves the view, as always
============================ ==================================================================
"""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.components.overlays import ZoomOverlay
from numpy.typing import NDArray
from psygnal import Signal

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import circles_of
from napari_ggs.review import Drawn, Event, Moved, Session
from napari_ggs.store import NEW
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.coordinates import from_points
from napari_ggs.viewer.layers import ClassLayers

CLICK_PX = 4
"""A press that moves less on the screen is a click."""
RIM = 0.22
"""Share of the radius on both sides of the rim where a drag resizes."""
SMALLEST_UM, LARGEST_UM = 10.0, 1000.0
"""Diameters: a circle that is drawn smaller or larger was a slip of the hand."""
SLIP = (
    f"That would be no glomerulus: its centre must lie on the slide, and its diameter between "
    f"{SMALLEST_UM:.0f} and {LARGEST_UM:.0f} um. It was left as it was."
)
BOX = "_ggs_box"
DRAWING = "Drawing: drag from centre to rim. D ends it."

Drag = Generator[None, None, None]
Circle = tuple[float, float, float]


class Picker:
    """Turns what the mouse does into selections and events.

    Parameters
    ----------
    viewer : ViewerModel
    layers : ClassLayers

    Attributes
    ----------
    drawing : bool
        Whether a plain drag draws a circle.
    label : str
        The class of what is drawn, unless a class layer is active.
    picked : Signal
        Emits the handle of the one circle that was clicked or drawn, or None.
    toggled : Signal
        Emits whether a plain drag draws from now on.
    """

    picked = Signal(object)
    toggled = Signal(bool)

    def __init__(self, viewer: ViewerModel, layers: ClassLayers) -> None:
        self._viewer, self._layers = viewer, layers
        self.drawing, self.label = False, self._session.scheme.classes[0]
        if BOX not in viewer.canvas.overlays:
            viewer.canvas.overlays[BOX] = ZoomOverlay()
        viewer.mouse_drag_callbacks.append(self.on_drag)

    @property
    def _session(self) -> Session:
        return self._layers.session

    def toggle(self) -> None:
        """Switch drawing on or off."""
        self.drawing = not self.drawing
        sign = self._viewer.canvas.overlays.text
        sign.text, sign.position = DRAWING, "top_center"
        sign.visible = self.drawing
        self.toggled.emit(self.drawing)

    def remove(self) -> None:
        """Stop listening."""
        if self.drawing:
            self.toggle()
        if self.on_drag in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self.on_drag)

    def on_drag(self, viewer: ViewerModel, event: Any) -> Drag:  # noqa: ARG002
        """Follow a press of the left button to its release; napari calls it."""
        if event.button != 1 or not self._may_act():
            return
        if self.drawing or "Control" in event.modifiers:
            yield from self._draw(event)
        elif "Shift" in event.modifiers:
            yield from self._choose_more(event)
        elif (handle := self._held(event)) is not None:
            yield from self._change(handle, event)
        else:
            yield from self._choose(event)

    def _may_act(self) -> bool:
        """Not while a tool of napari's other than its hand and its arrow is in use."""
        active = self._viewer.layers.selection.active
        if active is self._layers.image or active is None:
            return active is None or str(active.mode) == "pan_zoom"
        return active in self._layers and str(active.mode) in ("pan_zoom", "select")

    def _place(self, event: Any) -> tuple[float, float]:
        """x, y in level-0 pixels under the pointer."""
        ((x, y),) = from_points(self._layers.image.world_to_data(event.position)[-2:])
        return float(x), float(y)

    def _held(self, event: Any) -> int | None:
        """The selected circle that a drag would move or resize."""
        x, y = self._place(event)
        rows = self._session.rows(self._layers.selected())
        away = np.hypot(rows["x"] - x, rows["y"] - y) / rows["radius"]
        near = away[away <= 1 + RIM]
        return None if near.empty else int(near.idxmin())

    def _choose(self, event: Any) -> Drag:
        start = np.array(event.pos)
        yield
        yield from _while_moving(event)
        if _is_click(start, event):
            handle = self._layers.at(*self._place(event))
            self._layers.select([] if handle is None else [handle])
            self.picked.emit(handle)

    def _choose_more(self, event: Any) -> Drag:
        (x, y), start = self._place(event), np.array(event.pos)
        box = self._viewer.canvas.overlays[BOX]
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            box.position, box.visible = (start[::-1], event.pos[::-1]), True
            yield
        box.visible = False
        chosen = set(self._layers.selected().tolist())
        if _is_click(start, event):
            handle = self._layers.at(x, y)
            self._layers.select(chosen ^ ({handle} if handle is not None else set()))
            return
        right, bottom = self._place(event)
        ends = min(x, right), min(y, bottom), max(x, right), max(y, bottom)
        self._layers.select(chosen | set(self._layers.within(*ends)))

    def _draw(self, event: Any) -> Drag:
        x, y = self._place(event)
        label = self._layers.class_of(self._viewer.layers.selection.active) or self.label

        def to_the_rim(px: float, py: float) -> Circle:
            return x, y, float(np.hypot(px - x, py - y))

        yield from self._preview(event, label, NEW, to_the_rim)
        circle = to_the_rim(*self._place(event))
        if circle[2] * self._layers.image.scale[-1] < SMALLEST_UM / 2:
            return
        if attempt(lambda: self._apply(Drawn(*circle, label), circle)):
            self._layers.select(self._session.latest)
            self.picked.emit(self._session.latest[0])

    def _change(self, handle: int, event: Any) -> Drag:
        x0, y0 = self._place(event)
        ((x, y, radius),) = circles_of(self._session.rows([handle]))
        start, at_rim = np.array(event.pos), abs(np.hypot(x0 - x, y0 - y) / radius - 1) <= RIM

        def changed(px: float, py: float) -> Circle:
            if at_rim:
                return x, y, float(np.hypot(px - x, py - y))
            return x + px - x0, y + py - y0, radius

        yield from self._preview(event, self._session.class_of(handle), handle, changed)
        if _is_click(start, event):
            self._layers.select([handle])
            self.picked.emit(handle)
        else:
            circle = changed(*self._place(event))
            attempt(lambda: self._apply(Moved((handle,), np.array([circle])), circle))

    def _apply(self, event: Event, circle: Circle) -> None:
        x, y, radius = circle
        slide = self._layers.image.metadata["slide"]
        diameter = 2 * radius * float(self._layers.image.scale[-1])
        on_it = 0 <= x <= slide.width and 0 <= y <= slide.height
        if not (on_it and SMALLEST_UM <= diameter <= LARGEST_UM):
            raise UserError(SLIP)
        self._session.apply(event)

    def _preview(
        self, event: Any, name: str, handle: int, shape: Callable[[float, float], Circle]
    ) -> Drag:
        """Show the circle that a drag would make, until the button is released."""
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            self._layers.preview(name, handle, shape(*self._place(event)))
            yield
        self._layers.settle(name)


def _is_click(start: NDArray[np.float64], event: Any) -> bool:
    return bool(np.abs(np.array(event.pos) - start).max() < CLICK_PX)


def _while_moving(event: Any) -> Drag:
    while event.type == "mouse_move":
        yield
