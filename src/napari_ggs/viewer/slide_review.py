"""The review of one slide on the screen: its layers, the mouse, the keys, and where one is."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QTimer

from napari_ggs.report import RunInfo
from napari_ggs.review import Drawn, Session, Walk
from napari_ggs.review.actions import Actions
from napari_ggs.slides import Slide
from napari_ggs.store import Event
from napari_ggs.viewer.blinding import as_preferred
from napari_ggs.viewer.coordinates import to_points
from napari_ggs.viewer.embeddings import Embeddings
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.layers import ClassLayers
from napari_ggs.viewer.picking import Picker
from napari_ggs.viewer.review_keys import ReviewKeys, keys_of

T = TypeVar("T")

FIELD_UM = 400.0
"""Side of the field that a visit shows, however large the window is."""
UNKNOWN_MPP = 0.5


def unwrapped(thing: T) -> T:
    """What napari gives a dock in a wrapper, which is not the same object (`is`)."""
    inner: T = getattr(thing, "__wrapped__", thing)
    return inner


class SlideReview:
    """What a person sees and does of a session.

    It lives in the metadata of the slide's layer, as ``review``; docks come and go.

    Parameters
    ----------
    viewer : ViewerModel
    image : Image
        The slide's layer.
    session : Session
    keeping : Keeping, optional
        The slide's place in the study; without one, edits end with the window.
    described : callable
        Tells how the table came about, for the results' summary.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        image: Image,
        session: Session,
        keeping: Keeping | None = None,
        described: Callable[[], RunInfo] = RunInfo,
    ) -> None:
        viewer, image = unwrapped(viewer), unwrapped(image)
        self._viewer, self.image, self.session, self.keeping = viewer, image, session, keeping
        self.described = described
        self.slide: Slide = image.metadata["slide"]
        self.layers = ClassLayers(viewer, session, image)
        self.embeddings = Embeddings(self.slide.path)
        self.walk = Walk()
        self.actions = Actions(session, self.walk, self.layers.selected)
        self.picker = Picker(viewer, self.layers)
        keys = keys_of(self.actions, self.picker, self.confirm)
        self.keys = ReviewKeys(viewer, self.layers, keys)
        self.walk.visited.connect(self._look_at)
        self.walk.moved.connect(self._on_moved)
        session.recorded.connect(self._on_recorded)
        self.picker.picked.connect(self.walk.go)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        image.metadata.update(review=self, session=session)
        as_preferred(session, self.layers)

    @property
    def over(self) -> bool:
        """Whether its slide is gone; docks that follow later have nothing to show of it."""
        return self.image.metadata.get("review") is not self

    @property
    def blind(self) -> bool:
        """Whether the reader sees nothing of what the model says."""
        return self.layers.blind

    def confirm(self) -> None:
        """Confirm what is seen; who is blind to the model sees nothing to confirm, and goes on."""
        if self.blind:
            self.walk.next()
        else:
            self.actions.confirm()

    @property
    def mpp(self) -> float:
        """Microns per level-0 pixel; half a micron for a slide that does not say."""
        return float(self.image.scale[-1]) if str(self.image.units[-1]) != "pixel" else UNKNOWN_MPP

    def remove(self) -> None:
        """Take the layers away and let go of mouse and keys."""
        if self.over:
            return
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        self.embeddings.stop()
        self.keys.remove()
        self.picker.remove()
        self.session.recorded.disconnect(self._on_recorded)
        self.layers.remove()
        if self.keeping is not None:
            self.keeping.close()
        for name in ("review", "session"):
            self.image.metadata.pop(name, None)

    def _on_moved(self, handle: int | None) -> None:
        """Where no circle is at hand, none is selected: a key would act on it unseen."""
        if handle is None:
            self.layers.select([])

    def _on_recorded(self, event: Event) -> None:
        """What was drawn, with whichever tool, is the circle at hand."""
        if event.kind == Drawn.kind and event.who == self.session.who:
            self.walk.go(event.changes[0].handle)

    def _on_layer_removed(self, event: Any) -> None:
        if event.value is self.image:
            QTimer.singleShot(0, self.remove)  # napari may be about to remove the class layers

    def _look_at(self, handle: int) -> None:
        """Centre the camera on a circle, select it, and show a field of a fixed size."""
        row = self.session.rows([handle]).iloc[0]
        centre = self.image.data_to_world(to_points([row[["x", "y"]].to_list()])[0])
        field = FIELD_UM / self.mpp * float(self.image.scale[-1])
        camera = self._viewer.scene.camera
        camera.center = (0.0, *(float(c) for c in centre))
        side = min(self._viewer.canvas.size)
        if math.isfinite(side) and side > 0:
            camera.zoom = side / field
        self.layers.lend(self.session.class_of(handle))
        self.layers.select([handle])
