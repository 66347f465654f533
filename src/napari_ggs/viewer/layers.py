"""One Points layer per class: views of a session, never the truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points
from napari.layers.base import ActionType

from napari_ggs import glomeruli
from napari_ggs.lesions import NON_GLOMERULUS, Lesion
from napari_ggs.review import Change, Labelled, Removed, Session
from napari_ggs.viewer.coordinates import to_points

BORDER_PX = 3.0
"""Width of a circle's border on the screen, at any zoom."""
ZOOM_STEP = 1.1
"""The borders are redrawn when the zoom has changed by this factor."""


class ClassLayers:
    """The Points layers of one slide, one per class, which follow a session.

    The layer list shows the classes in their order, each with its count; non-glomerulus starts
    hidden. On a layer, keys 1..n give the selected circles a class, Ctrl+Z and Ctrl+Shift+Z undo
    and redo, and napari's own delete removes circles from the session.

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
            self._layers[lesion.name] = self._add(lesion)
            self._update(lesion.name)
        session.changed.connect(self._on_changed)
        session.finished.connect(self._on_finished)
        viewer.scene.camera.events.zoom.connect(self._on_zoom)
        image.events.scale.connect(self._on_scale)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def __getitem__(self, name: str) -> Points:
        """The layer of a class; KeyError if a person took it out of the layer list."""
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

    def _add(self, lesion: Lesion) -> Points:
        layer = Points(
            ndim=2,
            name=lesion.title,
            symbol="disc",
            face_color="transparent",
            border_color=lesion.colour,
            border_width=self._border,
            border_width_is_relative=False,
            scale=self._image.scale,
            units=self._image.units,
            visible=lesion.name != NON_GLOMERULUS,
            features=_features(glomeruli.empty(self._session.scheme), lesion),
        )
        self._bind_keys(layer)
        layer.events.data.connect(self._on_data)
        layer.events.visible.connect(self._on_visible)
        self._viewer.add_layer(layer)
        return layer

    def _bind_keys(self, layer: Points) -> None:
        for number, name in enumerate(self._session.scheme.classes, start=1):
            layer.bind_key(str(number), self._labeller(name), overwrite=True)
        layer.bind_key("Control-Z", lambda _: self._session.undo(), overwrite=True)
        layer.bind_key("Control-Shift-Z", lambda _: self._session.redo(), overwrite=True)

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
        return self._handles[name][sorted(self._layers[name].selected_data)]

    def _on_changed(self, change: Change) -> None:
        for name in change.classes & self._layers.keys():
            self._update(name)

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
            layer.data = to_points(rows[["x", "y"]])
            layer.size = 2 * rows["radius"].to_numpy()
            layer.features = _features(rows, lesion)
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


def _features(rows: pd.DataFrame, lesion: Lesion) -> dict[str, Any]:
    """What napari's status bar tells of the circle under the pointer."""
    return {
        "id": rows["id"].to_numpy(),
        "score": rows["detection_score"].round(2).to_numpy(),
        "probability": rows[lesion.column].round(2).to_numpy(),
    }
