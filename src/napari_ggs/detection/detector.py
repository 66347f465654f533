"""The detector: images in, circles out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_ggs.detection.circlenet import Maps
from napari_ggs.detection.decoding import Decoded, decode
from napari_ggs.devices import inference
from napari_ggs.rgb import Triple
from napari_ggs.tensors import as_input

Array = NDArray[np.float64]
Images = NDArray[np.uint8]

GRID = 32
"""Sides that the network takes are multiples of this."""

WHITE = 255


class AnyDetector(Protocol):
    """What finds circles on a slide: a `Detector`, or several as one (`FusedDetector`)."""

    @property
    def mpp(self) -> float:
        """Microns per pixel of the images that it wants."""

    @property
    def input_px(self) -> int:
        """Side of the square tiles that a slide is cut into."""

    @property
    def max_radius_um(self) -> float:
        """No circle is larger."""

    def detect(self, images: Images, threshold: float) -> list[tuple[Array, Array]]:
        """Circles and scores for each image; see `Detector.detect`."""


@dataclass(frozen=True)
class Detector:
    """A network and how to feed it.

    Attributes
    ----------
    network : nn.Module
        Images (n, 3, h, w) to `napari_ggs.detection.circlenet.Maps`, in evaluation mode.
    mpp : float
        Microns per pixel of the images that it wants.
    mean, std : tuple of float
        RGB, of pixels in 0..1.
    input_px : int
        Side of the square tiles that a slide is cut into.
    max_radius_um : float
        No circle is larger: larger ones are cut down to it.
    engine : callable, optional
        Makes of images, uint8 of shape (n, h, w, 3), what the network makes of them normalised, but
        faster (`napari_ggs.models.engines`).
    """

    network: nn.Module
    mpp: float
    mean: Triple
    std: Triple
    input_px: int = 512
    max_radius_um: float = 200.0
    engine: Callable[[Images], Maps] | None = None

    def detect(self, images: Images, threshold: float) -> list[tuple[Array, Array]]:
        """Find glomeruli in images of this detector's resolution.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, h, w, 3)
            Of any size; filled up with white to a multiple of 32.
        threshold : float
            Smallest score.

        Returns
        -------
        list of (circles, scores)
            Per image: x, y, radius in image px, shape (k, 3), and scores, shape (k,), by
            falling score. Centres lie within the image.
        """
        if images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"Images have the shape (n, h, w, 3). Found {images.shape}.")
        if len(images) == 0:
            return []
        with inference():
            found = decode(self._maps(_filled_up(images)), threshold)
        return [self._within(one, *images.shape[1:3]) for one in found]

    def _maps(self, images: Images) -> Maps:
        if self.engine is not None:
            return self.engine(images)
        device = next(self.network.parameters()).device
        maps: Maps = self.network(as_input(images, self.mean, self.std, device))
        return maps

    def _within(self, found: Decoded, height: int, width: int) -> tuple[Array, Array]:
        circles, scores = found.circles.cpu().numpy(), found.scores.cpu().numpy()
        x, y, radius = circles.T
        kept = (x >= 0) & (y >= 0) & (x < width) & (y < height) & (radius > 0)
        circles[:, 2] = np.minimum(radius, self.max_radius_um / self.mpp)
        return circles[kept], scores[kept]


def _filled_up(images: Images) -> Images:
    down, right = (-side % GRID for side in images.shape[1:3])
    return np.pad(images, ((0, 0), (0, down), (0, right), (0, 0)), constant_values=WHITE)
