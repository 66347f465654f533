"""One Points layer per class: views of a session, never the truth."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points

from napari_ggs import circles as geometry
from napari_ggs import glomeruli
from napari_ggs.review import Change, Session
from napari_ggs.viewer.class_layer import ClassLayer
from napari_ggs.viewer.layer_edits import LayerEdits

BORDER_PX = 3.0
"""Width of a circle's border on the screen, at any zoom."""
ZOOM_STEP = 1.1
"""The borders are redrawn when the zoom has changed by this factor."""


class ClassLayers:
    """The Points layers of one slide, one per class, which follow a session.

    The layer list shows the classes in their order, each with its count; non-glomerulus starts
    hidden. What napari's own tools do to the points becomes events of the session
    (`LayerEdits`). A layer that a person takes out is back as soon as its class changes.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    image : Image
        The slide's layer; the circles share its scale and units.
    """

    def __init__(self, viewer: ViewerModel, session: Session, image: Image) -> None:
        self._viewer, self.session, self.image = viewer, session, image
        self._border = self._border_width()
        self._layers: dict[str, ClassLayer] = {}
        self._edits = LayerEdits(session)
        for lesion in reversed(session.scheme.lesions):
            self._add(lesion.name)
        session.changed.connect(self._on_changed)
        session.finished.connect(self._on_finished)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        image.events.scale.connect(self._on_scale)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def __getitem__(self, name: str) -> Points:
        """The layer of a class; KeyError while it is out of the layer list."""
        return self._layers[name].points

    def __contains__(self, layer: object) -> bool:
        """Whether a napari layer is one of these."""
        return any(each.points is layer for each in self._layers.values())

    def class_of(self, layer: object) -> str | None:
        """The class that a napari layer shows; None if it is none of these."""
        return next((n for n, each in self._layers.items() if each.points is layer), None)

    def remove(self) -> None:
        """Take the layers out of the viewer and stop following the session."""
        self.session.changed.disconnect(self._on_changed)
        self.session.finished.disconnect(self._on_finished)
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
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
        self._layers[name].points.visible = True
        self._layers[name].preview(handle, circle)

    def settle(self, name: str) -> None:
        """End what `preview` shows."""
        self._layers[name].show(self.session.members(name))

    def hide(self, hidden: bool) -> None:
        """Hide all circles for a look at the tissue, or show them again."""
        for layer in self._layers.values():
            layer.points.opacity = 0.0 if hidden else 1.0

    def _visible(self) -> Iterator[ClassLayer]:
        return (layer for layer in self._layers.values() if layer.points.visible)

    def _seen(self) -> pd.DataFrame:
        names = [layer.lesion.name for layer in self._visible()]
        return self.session.shown(names)

    def _add(self, name: str) -> None:
        scheme, place = self.session.scheme, self._place(name)
        layer = ClassLayer(scheme[name], glomeruli.empty(scheme), self.image, self._border)
        layer.show(self.session.members(name))
        self._layers[name] = layer
        layer.points.events.visible.connect(self._on_visible)
        self._edits.watch(layer)
        self._viewer.layers.insert(place, layer.points)

    def _place(self, name: str) -> int:
        """Where in the layer list a class goes: below those that come before it, else on top."""
        classes, layers = self.session.scheme.classes, self._viewer.layers
        before = [c for c in classes[: classes.index(name)] if c in self._layers]
        return min((layers.index(self[c]) for c in before), default=len(layers))

    def _on_changed(self, change: Change) -> None:
        chosen = self.selected()
        for name in change.classes:
            if name not in self._layers:
                self._bring_back(name)
            self._layers[name].show(self.session.members(name))
        if len(moved := chosen[chosen.isin(change.handles)]):
            self.select([*self.selected(), *moved])

    def _bring_back(self, name: str) -> None:
        """Add the layer of a class that a person took out; what is selected stays so."""
        selected = set(self._viewer.layers.selection)
        self._add(name)
        self._viewer.layers.selection = selected

    def _on_finished(self) -> None:
        """Show the final ids, where they differ."""
        for name, layer in self._layers.items():
            rows = self.session.members(name)
            if not np.array_equal(layer.points.features["id"], rows["id"]):
                layer.show(rows)

    def _on_layer_removed(self, event: Any) -> None:
        self._layers = {n: e for n, e in self._layers.items() if e.points is not event.value}

    def _border_width(self) -> float:
        """The border's width in level-0 pixels."""
        return BORDER_PX / (self._viewer.scene.camera.zoom * self.image.scale[-1])

    def _on_zoom(self) -> None:
        width = self._border_width()
        if max(width / self._border, self._border / width) >= ZOOM_STEP:
            self._border = width
            for layer in self._layers.values():
                layer.fit_border(width)

    def _on_visible(self, event: Any) -> None:
        name = self.class_of(event.source)
        if name is not None:
            self._layers[name].fit_border(self._border)

    def _on_scale(self) -> None:
        for layer in self._layers.values():
            layer.points.scale, layer.points.units = self.image.scale, self.image.units
        self._on_zoom()
