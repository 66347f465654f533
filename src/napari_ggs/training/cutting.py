"""Cutting patches out of images, and laying circles where there is no glomerulus."""

import math
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from PIL import Image

from napari_ggs.circles import Array
from napari_ggs.glomeruli import MARGIN_UM
from napari_ggs.training.augment import Images
from napari_ggs.training.patches import CONTEXT, PATCH_PX

Window = Callable[[int, int, int, int], Images]
"""(x, y, width, height) to uint8 (height, width, 3); any window, also beyond the edge."""


SMALLEST_UM, LARGEST_UM = 30.0, 130.0
"""Radii of circles laid where there is no glomerulus: those that a detector's could have."""


def cut(window: Window, circle: ArrayLike, mpp: float) -> Images:
    """Cut the patch of a circle (x, y, radius in px of `mpp`) out of an image.

    Area-averaged where it shrinks, bilinear where it grows, as `Slide.read`.
    """
    x, y, radius = np.asarray(circle, dtype=float)
    reach = (radius + MARGIN_UM / mpp) * CONTEXT
    left, top = math.floor(x - reach), math.floor(y - reach)
    side = math.ceil(2 * reach) + 2
    box = (x - reach - left, y - reach - top, x + reach - left, y + reach - top)
    kind = Image.Resampling.BOX if 2 * reach > PATCH_PX else Image.Resampling.BILINEAR
    pixels = Image.fromarray(window(left, top, side, side))
    return np.asarray(pixels.resize((PATCH_PX, PATCH_PX), kind, box=box))


def window_of(image: Images) -> Window:
    """Windows of an image in memory, white beyond its edge."""

    def window(x: int, y: int, width: int, height: int) -> Images:
        out = np.full((height, width, 3), 255, np.uint8)
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + width, image.shape[1]), min(y + height, image.shape[0])
        if x1 > x0 and y1 > y0:
            out[y0 - y : y1 - y, x0 - x : x1 - x] = image[y0:y1, x0:x1]
        return out

    return window


def free_circles(
    rng: Generator, size: tuple[int, int], taken: Array, mpp: float, number: int
) -> Array:
    """Draw circles (x, y, radius in px) of a glomerulus's size that keep clear of those taken.

    Their crops lie within the image. Fewer than `number` where there is no room.
    """
    n = 6 * number
    radius = np.exp(rng.uniform(np.log(SMALLEST_UM), np.log(LARGEST_UM), n)) / mpp
    room = np.minimum(radius + MARGIN_UM / mpp, min(size) / 2)
    x, y = (rng.uniform(room, side - room) for side in size)
    apart = np.hypot(x[:, None] - taken[:, 0], y[:, None] - taken[:, 1])
    clear = (apart > taken[:, 2] + 0.7 * radius[:, None]).all(axis=1)
    return np.stack([x, y, radius], axis=1)[clear][:number]
