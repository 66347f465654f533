"""The outline of a field on the canvas: drawn over the slide, and no layer."""

from napari.components import ViewerModel
from napari.components.overlays import ZoomOverlay
from napari.layers import Image

from napari_ggs.store import Field
from napari_ggs.viewer.camera import on_canvas

NAME = "_ggs_field"


class FieldOutline:
    """A rectangle that stays on its field as the camera moves; clicks go through it.

    Parameters
    ----------
    viewer : ViewerModel
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._place: tuple[Image, Field] | None = None
        if NAME not in viewer.canvas.overlays:
            viewer.canvas.overlays[NAME] = ZoomOverlay()
        viewer.scene.camera.events.connect(self._draw)
        viewer.canvas.events.size.connect(self._draw)

    def show(self, image: Image, field: Field) -> None:
        """Outline a field of a slide, and no other."""
        self._place = image, field
        self._draw()
        self._viewer.canvas.overlays[NAME].visible = True

    def hide(self) -> None:
        """Outline none."""
        self._place = None
        self._viewer.canvas.overlays[NAME].visible = False

    def _draw(self) -> None:
        if self._place is not None:
            corners = on_canvas(self._viewer, *self._place)
            self._viewer.canvas.overlays[NAME].position = corners.tolist()
