"""One Points layer per class: views of a session, never the truth."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points
from psygnal import Signal

from napari_ggs import circles as geometry
from napari_ggs import glomeruli
from napari_ggs.review import Change, Session
from napari_ggs.review.session import HIDDEN
from napari_ggs.store import NEW, Event
from napari_ggs.viewer.borders import Borders
from napari_ggs.viewer.class_layer import UNNAMED, ClassLayer
from napari_ggs.viewer.layer_edits import LayerEdits


class ClassLayers:
    """The Points layers of one slide, one per class, which follow a session.

    The layer list shows the classes in their order, each with its count; non-glomerulus starts
    hidden. What napari's own tools do to the points becomes events of the session
    (`LayerEdits`). A layer that a person takes out is back as soon as its class changes.

    For a reader who is blind to the model, the layers hold what people named, and one more on top,
    in a colour of no class, holds all circles that nobody named, whatever the model says of them.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    image : Image
        The slide's layer; the circles share its scale and units.

    Attributes
    ----------
    blind : bool
        Whether they tell nothing of what the model says.
    blinded : Signal
        Emits whether they are blind from now on.
    chosen : Signal
        Emits the handles of the circles that are selected from now on.
    """

    blinded = Signal(bool)
    chosen = Signal(list)

    def __init__(self, viewer: ViewerModel, session: Session, image: Image) -> None:
        self._viewer, self.session, self.image = viewer, session, image
        self.blind = False
        self._lent: str | None = None
        self._layers: dict[str, ClassLayer] = {}
        self._borders = Borders(viewer, image, self._layers.values)
        self._edits = LayerEdits(session, self.rows_of)
        for lesion in reversed(session.scheme.lesions):
            self._add(lesion.name)
        session.changed.connect(self._on_changed)
        session.recorded.connect(self._on_recorded)
        session.finished.connect(self._on_finished)
        image.events.scale.connect(self._on_scale)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def __getitem__(self, name: str) -> Points:
        """The layer of a class; KeyError while it is out of the layer list."""
        return self._layers[name].points

    def __contains__(self, layer: object) -> bool:
        """Whether a napari layer is one of these."""
        return any(each.points is layer for each in self._layers.values())

    def class_of(self, layer: object) -> str | None:
        """The class that a napari layer shows; None if it shows none."""
        name = self._name_of(layer)
        return None if name == UNNAMED.name else name

    def rows_of(self, *names: str) -> pd.DataFrame:
        """The rows of the circles that the layers of these names hold."""
        if not self.blind:
            return self.session.shown(names)
        rows = self.session.shown(self.session.scheme.classes)
        return rows[rows["label"].where(rows["label"] != "", UNNAMED.name).isin(names)]

    def set_blind(self, blind: bool) -> None:
        """Show what the model says, or nothing of it; what is selected stays so."""
        if blind == self.blind:
            return
        self.blind, chosen = blind, self.selected()
        if blind:
            self._bring_back(UNNAMED.name)
        elif UNNAMED.name in self._layers:
            self._viewer.layers.remove(self._layers[UNNAMED.name].points)
        for name, layer in self._layers.items():
            layer.blind = blind
            layer.show(self.rows_of(name))
        self.select(chosen)
        self.blinded.emit(blind)

    def remove(self) -> None:
        """Take the layers out of the viewer and stop following the session."""
        self.session.changed.disconnect(self._on_changed)
        self.session.recorded.disconnect(self._on_recorded)
        self.session.finished.disconnect(self._on_finished)
        self._borders.remove()
        self.image.events.scale.disconnect(self._on_scale)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        for layer in self._layers.values():
            self._viewer.layers.remove(layer.points)
        self._layers.clear()

    def selected(self) -> pd.Index:
        """Handles of the circles that are selected, in all layers that are visible."""
        found = [layer.selected() for layer in self._visible()]
        return found[0].append(found[1:]) if found else pd.Index([], dtype=int)

    def select(self, handles: Iterable[int]) -> None:
        """Select exactly these circles, in whichever layers they are."""
        chosen = list(handles)
        for layer in self._layers.values():
            layer.select(chosen)
        self.chosen.emit(chosen)

    def choose(self, handles: Iterable[int]) -> None:
        """Select exactly these circles, and show hidden layers that hold some of them.

        What is said of a selection passes over what is hidden.
        """
        chosen = list(handles)
        self.select(chosen)
        for layer in self._layers.values():
            if layer.handles.isin(chosen).any():
                layer.points.visible = True

    def lend(self, name: str) -> None:
        """Show the layer of a class, if it is hidden, until another class is asked for."""
        if self._lent is not None and self._lent != name and self._lent in self._layers:
            self._layers[self._lent].points.visible = False
        if self._lent != name:
            self._lent = None
        if name in self._layers and not self._layers[name].points.visible:
            self._layers[name].points.visible, self._lent = True, name

    def at(self, x: float, y: float) -> int | None:
        """The visible circle around a place (level-0 px) whose centre is nearest, if any."""
        rows = self._seen()
        place = geometry.nearest_around(glomeruli.circles_of(rows), x, y)
        return None if place is None else int(rows.index[place])

    def within(self, left: float, top: float, right: float, bottom: float) -> list[int]:
        """The visible circles whose centres are in a rectangle (level-0 px)."""
        rows = self._seen()
        inside = rows["x"].between(left, right) & rows["y"].between(top, bottom)
        return [int(handle) for handle in rows.index[inside]]

    def preview(self, name: str, handle: int, circle: tuple[float, float, float]) -> None:
        """Show a circle of a class as a drag would make it."""
        unnamed = self.blind and handle != NEW and not self.session.rows([handle])["label"].item()
        layer = self._layers[UNNAMED.name if unnamed else name]
        layer.points.visible = True
        layer.preview(handle, circle)

    def settle(self, name: str) -> None:
        """End what `preview` shows."""
        self._show({name})

    def hide(self, hidden: bool) -> None:
        """Hide all circles for a look at the tissue, or show them again."""
        for layer in self._layers.values():
            layer.points.opacity = 0.0 if hidden else 1.0

    def _visible(self) -> Iterator[ClassLayer]:
        return (layer for layer in self._layers.values() if layer.points.visible)

    def _seen(self) -> pd.DataFrame:
        return self.rows_of(*(layer.lesion.name for layer in self._visible()))

    def _name_of(self, layer: object) -> str | None:
        return next((n for n, each in self._layers.items() if each.points is layer), None)

    def _add(self, name: str) -> None:
        scheme, place = self.session.scheme, self._place(name)
        lesion = UNNAMED if name == UNNAMED.name else scheme[name]
        layer = ClassLayer(lesion, glomeruli.empty(scheme), self.image, self._borders.width)
        layer.blind = self.blind
        layer.show(self.rows_of(name))
        self._layers[name] = layer
        layer.points.events.visible.connect(self._on_visible)
        self._edits.watch(layer)
        self._viewer.layers.insert(place, layer.points)

    def _place(self, name: str) -> int:
        """Where in the layer list a class goes: below those that come before it, else on top."""
        order, layers = (UNNAMED.name, *self.session.scheme.classes), self._viewer.layers
        before = [c for c in order[: order.index(name)] if c in self._layers]
        return min((layers.index(self[c]) for c in before), default=len(layers))

    def _on_changed(self, change: Change) -> None:
        self._follow(change.classes)

    def _on_recorded(self, event: Event) -> None:
        """Circles that are named as the model would have it: only the blind see them go."""
        named = [c.handle for c in event.changes if c.field in ("label", "consensus")]
        if self.blind and named:
            self._follow({self.session.class_of(handle) for handle in named} - {HIDDEN})

    def _follow(self, names: set[str]) -> None:
        """Show these classes as they are now; circles that go to another layer stay selected."""
        chosen = self.selected()
        self._show(names)
        if len(lost := chosen.difference(self.selected())):
            self.select([*self.selected(), *lost])

    def _show(self, names: set[str]) -> None:
        for name in names | ({UNNAMED.name} if self.blind else set()):
            if name not in self._layers:
                self._bring_back(name)
            self._layers[name].show(self.rows_of(name))

    def _bring_back(self, name: str) -> None:
        """Add the layer of a class that a person took out; what is selected stays so."""
        selected = set(self._viewer.layers.selection)
        self._add(name)
        self._viewer.layers.selection = selected

    def _on_finished(self) -> None:
        """Show the final ids, where they differ."""
        for name, layer in self._layers.items():
            rows = self.rows_of(name)
            if not np.array_equal(layer.points.features["id"], rows["id"]):
                layer.show(rows)

    def _on_layer_removed(self, event: Any) -> None:
        if (name := self._name_of(event.value)) is not None:
            del self._layers[name]

    def _on_visible(self, event: Any) -> None:
        name = self._name_of(event.source)
        if name is not None:
            self._layers[name].fit_border(self._borders.width)

    def _on_scale(self) -> None:
        for layer in self._layers.values():
            layer.points.scale, layer.points.units = self.image.scale, self.image.units
        self._borders.fit()
