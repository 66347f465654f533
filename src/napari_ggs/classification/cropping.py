"""Cutting the patch of a circle out of a slide."""

import numpy as np
from numpy.typing import ArrayLike

from napari_ggs.circles import as_circles
from napari_ggs.classification.classifier import Patches
from napari_ggs.slides import Slide


def crop(slide: Slide, circle: ArrayLike, margin_um: float, input_px: int) -> Patches:
    """Cut the square around a circle, resized to `input_px`.

    Its side is 2 r + 2 margins, so crops scale with the circle; it is centred on the circle
    and white where it leaves the slide.

    Parameters
    ----------
    slide : Slide
    circle : array_like, shape (3,)
        x, y, radius in level-0 pixels.
    margin_um : float
        In microns, whatever the slide's resolution.
    input_px : int

    Returns
    -------
    ndarray of uint8, shape (input_px, input_px, 3)

    Raises
    ------
    SlideError
        If the slide does not know its microns per pixel.
    """
    return crop_checked(slide, circle, margin_um, input_px)[0]


def crop_checked(
    slide: Slide, circle: ArrayLike, margin_um: float, input_px: int
) -> tuple[Patches, bool]:
    """Cut a crop as `crop` does; say also whether all of it could be read."""
    x, y, radius = np.asarray(circle, dtype=float)
    reach = radius + margin_um / slide.require_mpp()
    return slide.read_checked(x - reach, y - reach, input_px, input_px, 2 * reach / input_px)


def crops(slide: Slide, circles: ArrayLike, margin_um: float, input_px: int) -> Patches:
    """Cut the crops of many circles: uint8 of shape (n, input_px, input_px, 3)."""
    patches = np.empty((len(as_circles(circles)), input_px, input_px, 3), dtype=np.uint8)
    for patch, circle in zip(patches, as_circles(circles), strict=True):
        patch[:] = crop(slide, circle, margin_um, input_px)
    return patches
