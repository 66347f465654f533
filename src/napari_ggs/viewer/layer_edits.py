"""What napari's own tools do to a class layer becomes an event of the session, or is taken back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from app_model.types import KeyCode, KeyMod
from napari.layers.base import ActionType
from superqt.utils import qdebounced

from napari_ggs.circles import Array
from napari_ggs.glomeruli import circles_of
from napari_ggs.review import Drawn, Event, Moved, Removed, Session
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.class_layer import UNNAMED, ClassLayer

SETTLED_MS = 250
"""A size slider that is dragged becomes one event when it has rested so long."""
TOLERANCE = 1e-3
"""Level-0 px: napari keeps sizes in single precision."""

COPY, PASTE = KeyMod.CtrlCmd | KeyCode.KeyC, KeyMod.CtrlCmd | KeyCode.KeyV


class LayerEdits:
    """Listens to class layers on behalf of a session.

    Points that are moved, deleted or added, and sizes that are set with the slider, are edits of
    glomeruli. Colour, symbol and the layer's own place say something about a circle, so they stay.

    Parameters
    ----------
    session : Session
    rows_of : callable
        Gives the rows of the circles that the layer of a name holds.
    """

    def __init__(self, session: Session, rows_of: Callable[[str], pd.DataFrame]) -> None:
        self._session, self._rows_of = session, rows_of

    def watch(self, layer: ClassLayer) -> None:
        """Follow the edits of a layer for as long as it is there."""
        events = layer.points.events
        resize = qdebounced(lambda: self._move(layer), timeout=SETTLED_MS)
        events.data.connect(lambda event: self._on_data(layer, event))
        events.size.connect(lambda _: resize())
        events.symbol.connect(lambda _: self._show(layer))
        events.affine.connect(lambda _: _put_back(layer))
        for colour in (events.current_border_color, events.current_face_color):
            colour.connect(lambda _: self._on_colour(layer))
        for key in (COPY, PASTE):  # points that are pasted are no circles of the session
            layer.points.bind_key(key, lambda _: None, overwrite=True)

    def _on_colour(self, layer: ClassLayer) -> None:
        """Take back another colour; the event comes with every selection, too."""
        if not layer.is_in_colour():
            self._show(layer)

    def _on_data(self, layer: ClassLayer, event: Any) -> None:
        if event.action not in (ActionType.ADDED, ActionType.CHANGED, ActionType.REMOVED):
            return
        known = layer.points.features["id"]
        rows = self._rows_of(layer.lesion.name)
        gone = rows.index[~rows["id"].isin(known)]
        if len(gone):
            self._apply(layer, Removed(tuple(gone.tolist())))
        elif event.action == ActionType.ADDED:
            self._add(layer, layer.circles()[len(rows) :])
        else:
            self._move(layer)

    def _add(self, layer: ClassLayer, circles: Array) -> None:
        if layer.lesion is UNNAMED:  # who draws a circle says what it is
            self._show(layer)
            return
        for x, y, radius in circles.tolist():
            self._apply(layer, Drawn(x, y, radius, layer.lesion.name))

    def _move(self, layer: ClassLayer) -> None:
        """Keep where the points are now, if they are those of the session."""
        rows, circles = self._rows_of(layer.lesion.name), layer.circles()
        if len(rows) != len(circles):
            self._show(layer)
            return
        off = np.flatnonzero((np.abs(circles - circles_of(rows)) > TOLERANCE).any(axis=1))
        if len(off):
            self._apply(layer, Moved(tuple(rows.index[off].tolist()), circles[off]))

    def _apply(self, layer: ClassLayer, event: Event) -> None:
        """Let the session keep it; where that fails, the layer shows what is kept."""
        if not attempt(lambda: self._session.apply(event)):
            self._show(layer)

    def _show(self, layer: ClassLayer) -> None:
        layer.show(self._rows_of(layer.lesion.name))


def _put_back(layer: ClassLayer) -> None:
    """Put the circles back where the layer as a whole was moved against its slide."""
    if not np.array_equal(layer.points.affine.affine_matrix, np.eye(3)):
        layer.points.affine = np.eye(3)
