"""One Points layer per class: views of a session, never the truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from app_model.types import KeyCode, KeyMod
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.layers.base import ActionType

from napari_ggs import glomeruli
from napari_ggs.review import Change, Labelled, Removed, Session
from napari_ggs.viewer.class_layer import is_in_colour, new_layer, show

BORDER_PX = 3.0
"""Width of a circle's border on the screen, at any zoom."""
ZOOM_STEP = 1.1
"""The borders are redrawn when the zoom has changed by this factor."""

COPY, PASTE = KeyMod.CtrlCmd | KeyCode.KeyC, KeyMod.CtrlCmd | KeyCode.KeyV


class ClassLayers:
    """The Points layers of one slide, one per class, which follow a session.

    The layer list shows the classes in their order, each with its count; non-glomerulus starts
    hidden. On a layer, keys 1..n give the selected circles a class, Ctrl+Z and Ctrl+Shift+Z undo
    and redo, and napari's own delete removes circles from the session. A layer that a person takes
    out is back as soon as its class changes.

    Parameters
    ----------
    viewer : ViewerModel
    session : Session
    image : Image
        The slide's layer; the circles share its scale and units.
    """

    def __init__(self, viewer: ViewerModel, session: Session, image: Image) -> None:
        self._viewer, self._session, self._image = viewer, session, image
        self._border = self._border_width()
        self._layers: dict[str, Points] = {}
        self._handles: dict[str, pd.Index] = {}
        for lesion in reversed(session.scheme.lesions):
            self._handles[lesion.name] = pd.Index([])
            self._add(lesion.name)
            self._update(lesion.name)
        session.changed.connect(self._on_changed)
        session.finished.connect(self._on_finished)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        image.events.scale.connect(self._on_scale)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def __getitem__(self, name: str) -> Points:
        """The layer of a class; KeyError while it is out of the layer list."""
        return self._layers[name]

    def remove(self) -> None:
        """Take the layers out of the viewer and stop following the session."""
        self._session.changed.disconnect(self._on_changed)
        self._session.finished.disconnect(self._on_finished)
        self._viewer.scene.camera.events.zoom.disconnect(self._on_zoom)
        self._image.events.scale.disconnect(self._on_scale)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        for layer in self._layers.values():
            self._viewer.layers.remove(layer)
        self._layers.clear()

    def _add(self, name: str) -> None:
        scheme, place = self._session.scheme, self._place(name)
        layer = new_layer(scheme[name], glomeruli.empty(scheme), self._image, self._border)
        self._layers[name] = layer
        self._bind_keys(layer)
        layer.events.data.connect(self._on_data)
        layer.events.visible.connect(self._on_visible)
        layer.events.affine.connect(self._on_affine)
        for control in (layer.events.size, layer.events.symbol):
            control.connect(self._on_control)
        for control in (layer.events.current_border_color, layer.events.current_face_color):
            control.connect(self._on_colour)
        self._viewer.layers.insert(place, layer)

    def _place(self, name: str) -> int:
        """Where in the layer list a class goes: below those that come before it, else on top."""
        classes, layers = self._session.scheme.classes, self._viewer.layers
        before = [c for c in classes[: classes.index(name)] if c in self._layers]
        return min((layers.index(self._layers[c]) for c in before), default=len(layers))

    def _bind_keys(self, layer: Points) -> None:
        for number, name in enumerate(self._session.scheme.classes, start=1):
            layer.bind_key(str(number), self._labeller(name), overwrite=True)
        layer.bind_key("Control-Z", lambda _: self._session.undo(), overwrite=True)
        layer.bind_key("Control-Shift-Z", lambda _: self._session.redo(), overwrite=True)
        for key in (COPY, PASTE):  # points that are pasted are no circles of the session
            layer.bind_key(key, lambda _: None, overwrite=True)

    def _labeller(self, name: str) -> Callable[[Points], None]:
        def label(layer: Points) -> None:
            handles = self._selected(self._name_of(layer))
            if len(handles):
                self._session.apply(Labelled(tuple(handles.tolist()), name))

        return label

    def _name_of(self, layer: Points) -> str:
        return next(name for name, known in self._layers.items() if known is layer)

    def _selected(self, name: str) -> pd.Index:
        """Handles of the circles that are selected in a layer."""
        handles = self._handles[name]
        return handles[sorted(i for i in self._layers[name].selected_data if i < len(handles))]

    def _on_changed(self, change: Change) -> None:
        for name in change.classes:
            if name not in self._layers:
                self._bring_back(name)
            self._update(name)

    def _bring_back(self, name: str) -> None:
        """Add the layer of a class that a person took out; what is selected stays so."""
        selected = set(self._viewer.layers.selection)
        self._add(name)
        self._viewer.layers.selection = selected

    def _on_finished(self) -> None:
        """Show the final ids, where they differ."""
        for name, layer in self._layers.items():
            ids = self._session.members(name)["id"].to_numpy()
            if not np.array_equal(layer.features["id"], ids):
                self._update(name)

    def _update(self, name: str) -> None:
        """Show the circles that the session has in a class; keep what is selected."""
        layer, lesion = self._layers[name], self._session.scheme[name]
        rows, selected = self._session.members(name), self._selected(name)
        with layer.events.blocker_all():  # else napari redraws after each of these lines
            layer.selected_data = set()
            show(layer, rows, lesion)
            layer.selected_data = set(np.flatnonzero(rows.index.isin(selected)))
        self._handles[name] = rows.index
        layer.refresh()
        layer.name = f"{lesion.title} ({len(rows)})"

    def _on_data(self, event: Any) -> None:
        """Make an edit with napari's own tools an event, or take it back."""
        if event.action not in (ActionType.ADDED, ActionType.CHANGED, ActionType.REMOVED):
            return
        name = self._name_of(event.source)
        rows = self._session.members(name)
        gone = rows.index[~rows["id"].isin(event.source.features["id"])]
        if len(gone):
            self._session.apply(Removed(tuple(gone.tolist())))
        else:
            self._update(name)

    def _on_control(self, event: Any) -> None:
        """Take back what the layer's controls did: size and colour of a circle say something."""
        self._update(self._name_of(event.source))

    def _on_colour(self, event: Any) -> None:
        """Take back another colour; the event comes with every selection, too."""
        lesion = self._session.scheme[self._name_of(event.source)]
        if not is_in_colour(event.source, lesion):
            self._on_control(event)

    def _on_affine(self, event: Any) -> None:
        """Put the circles back where the layer as a whole was moved against its slide."""
        if not np.array_equal(event.source.affine.affine_matrix, np.eye(3)):
            event.source.affine = np.eye(3)

    def _on_layer_removed(self, event: Any) -> None:
        self._layers = {n: layer for n, layer in self._layers.items() if layer is not event.value}

    def _border_width(self) -> float:
        """The border's width in level-0 pixels."""
        return BORDER_PX / (self._viewer.scene.camera.zoom * self._image.scale[-1])

    def _on_zoom(self) -> None:
        width = self._border_width()
        if max(width / self._border, self._border / width) >= ZOOM_STEP:
            self._border = width
            for layer in self._layers.values():
                self._fit_border(layer)

    def _on_visible(self, event: Any) -> None:
        self._fit_border(event.source)

    def _fit_border(self, layer: Points) -> None:
        layer.current_border_width = self._border
        if layer.visible and len(layer.data):
            with layer.events.blocker_all():  # else napari draws it anew three times
                layer.border_width = self._border
            layer.events.border_width()

    def _on_scale(self) -> None:
        for layer in self._layers.values():
            layer.scale, layer.units = self._image.scale, self._image.units
        self._on_zoom()
