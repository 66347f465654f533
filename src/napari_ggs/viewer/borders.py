"""The borders of circles: as wide on the screen at any zoom."""

from collections.abc import Callable, Iterable

from napari.components import ViewerModel
from napari.layers import Image

from napari_ggs.viewer.class_layer import ClassLayer

BORDER_PX = 3.0
"""Width of a circle's border on the screen."""
ZOOM_STEP = 1.1
"""The borders are redrawn when the zoom has changed by this factor."""


class Borders:
    """Fits the borders of layers to the zoom of a viewer.

    Parameters
    ----------
    viewer : ViewerModel
    image : Image
        The slide's layer.
    layers : callable
        Gives the layers.

    Attributes
    ----------
    width : float
        Level-0 pixels.
    """

    def __init__(
        self, viewer: ViewerModel, image: Image, layers: Callable[[], Iterable[ClassLayer]]
    ) -> None:
        self._camera, self._image, self._layers = viewer.scene.camera, image, layers
        self.width = self._fitting()
        self._camera.events.zoom.connect(self.fit)

    def remove(self) -> None:
        """Follow the zoom no longer."""
        self._camera.events.zoom.disconnect(self.fit)

    def fit(self) -> None:
        """Draw the borders anew if that is to be seen."""
        width = self._fitting()
        if max(width / self.width, self.width / width) >= ZOOM_STEP:
            self.width = width
            for layer in self._layers():
                layer.fit_border(width)

    def _fitting(self) -> float:
        return BORDER_PX / (self._camera.zoom * float(self._image.scale[-1]))
