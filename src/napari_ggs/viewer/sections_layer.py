"""The sections of a slide as a napari layer, on which they are drawn with napari's own tools."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Shapes
from napari.layers.base import ActionType
from qtpy.QtCore import QObject, QTimer, Signal

from napari_ggs.circles import Array
from napari_ggs.errors import UserError
from napari_ggs.review.outlines import Polygon
from napari_ggs.review.section_edits import alike
from napari_ggs.review.sections import Section
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.coordinates import from_points, to_points
from napari_ggs.viewer.slide_sections import SlideSections
from napari_ggs.viewer.style import ACCENT

NAME = "sections"
EDGE = 1 / 500
"""Width of an outline, as a part of the slide's longer side."""
TEXT = {"string": "{name}", "size": 20, "color": ACCENT, "anchor": "upper_left"}
ELLIPSE_CORNERS = 48
POLYGONS = {"polygon", "rectangle"}
COLLAPSED = "A section needs three corners or more. To take one out, select it and press Delete."


class SectionsLayer(QObject):
    """A Shapes layer that follows the sections of a slide; what is drawn in it is kept.

    Parameters
    ----------
    viewer : ViewerModel
    image : Image
        The slide's layer; the outlines share its scale and units.
    sections : SlideSections

    Attributes
    ----------
    shown : Signal
        Emits when the layer comes or goes.
    """

    shown = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        image: Image,
        sections: SlideSections,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._image, self._sections = viewer, image, sections
        self.layer: Shapes | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)  # napari tells of a shape before its features are in step
        self._soon.timeout.connect(self._take_in)
        sections.changed.connect(self._draw)

    def show(self) -> None:
        """Put the layer on top, ready for a section to be selected."""
        if self.layer is not None:
            return
        self.layer = _empty(self._image)
        self._draw()
        self.layer.events.data.connect(self._on_data)
        self.layer.events.features.connect(self._on_features)
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._image.events.scale.connect(self._on_scale)
        self.layer.bind_key("Control-Z", lambda _: attempt(self._sections.undo), overwrite=True)
        self._viewer.add_layer(self.layer)
        self._viewer.layers.selection.active = self.layer
        self.layer.mode = "select"
        self.shown.emit()

    def remove(self) -> None:
        """Take the layer away."""
        if self.layer is not None:
            self._soon.stop()
            self._viewer.layers.remove(self.layer)

    def _on_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self._viewer.layers.events.removed.disconnect(self._on_removed)
            self._image.events.scale.disconnect(self._on_scale)
            self.layer = None
            QTimer.singleShot(0, self._give_back)
            self.shown.emit()

    def _give_back(self) -> None:
        """Let the slide's layer be the active one, so that the keys of the review work again."""
        layers = self._viewer.layers
        if layers.selection.active is None and self._image in layers:
            layers.selection.active = self._image

    def _on_scale(self) -> None:
        if self.layer is not None:
            self.layer.scale, self.layer.units = self._image.scale, self._image.units

    def _on_data(self, event: Any) -> None:
        if event.action in (ActionType.ADDED, ActionType.CHANGED, ActionType.REMOVED):
            self._soon.start(0)

    def _on_features(self) -> None:
        self._soon.start(0)

    def _take_in(self) -> None:
        """Keep what is drawn; then show what is kept, where that differs."""
        if self.layer is not None and self._sections.sections is not None:
            attempt(lambda: self._sections.draw(self._drawn()))
            self._draw()

    def _drawn(self) -> list[tuple[str, Polygon]]:
        """Names and outlines (level-0 px) as they stand in the layer."""
        assert self.layer is not None
        names = self._names()
        if len(names) != len(self.layer.data):  # a triangle that lost a corner
            raise UserError(COLLAPSED)
        shapes = zip(names, self.layer.data, self.layer.shape_type, strict=True)
        return [(name, _outline(corners, str(kind))) for name, corners, kind in shapes]

    def _names(self) -> list[str]:
        assert self.layer is not None
        return self.layer.features["name"].fillna("").astype(str).tolist()

    def _draw(self) -> None:
        """Show the sections, unless they are what the layer shows."""
        layer, sections = self.layer, self._sections.sections or ()
        if layer is None or self._is_drawn(sections):
            return
        with layer.events.blocker_all():
            layer.selected_data = set()
            layer.data = []
            layer.add([to_points(one.outline) for one in sections], shape_type="polygon")
            layer.features = _features(sections)
            layer.text = TEXT
        layer.refresh()

    def _is_drawn(self, sections: Sequence[Section]) -> bool:
        assert self.layer is not None
        if self._names() != [one.name for one in sections]:
            return False
        if not {str(kind) for kind in self.layer.shape_type} <= POLYGONS:
            return False
        shown = (from_points(corners) for corners in self.layer.data)
        return len(self.layer.data) == len(sections) and all(
            alike(one.outline, corners) for one, corners in zip(sections, shown, strict=True)
        )


def _empty(image: Image) -> Shapes:
    return Shapes(
        ndim=2,
        name=NAME,
        features=_features(()),
        text=TEXT,
        edge_color=ACCENT,
        face_color="transparent",
        opacity=1.0,
        edge_width=EDGE * max(image.metadata["slide"].width, image.metadata["slide"].height),
        scale=image.scale,
        units=image.units,
    )


def _features(sections: Sequence[Section]) -> dict[str, Any]:
    return {"name": np.array([one.name for one in sections], dtype=object)}


def _outline(corners: Array, kind: str) -> Polygon:
    """The outline of a shape in level-0 px; an ellipse has the corners of its box."""
    if kind == "ellipse":
        first, second, _, last = corners
        turn = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)[:, None]
        middle, across, down = corners.mean(axis=0), (second - first) / 2, (last - first) / 2
        corners = middle + np.cos(turn) * across + np.sin(turn) * down
    return tuple((float(x), float(y)) for x, y in from_points(corners))
