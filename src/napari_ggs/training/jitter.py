"""Colour jitter and random erasing, as the code of the GGS paper's authors has them."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.training.augment import Images, appearance
from napari_ggs.training.classifier_recipe import PatchAugmentation

GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""

AREAS, ASPECTS = (0.02, 0.33), (0.3, 3.3)
"""Of an erased rectangle: share of the image, ratio of the sides (Zhong et al. 2020)."""


def varied(images: Images, rng: Generator, settings: PatchAugmentation) -> Images:
    """Vary how images look by everything that is switched on; each image by its own draw.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, h, w, 3)
    rng : Generator
    settings : PatchAugmentation

    Returns
    -------
    ndarray of uint8, shape (n, h, w, 3)
    """
    changed = appearance(images, rng, settings)
    for image in changed:
        if settings.colour:
            image[:] = jittered(image, rng, settings.colour)
        if rng.random() < settings.erasing:
            erase(image, rng)
    return changed


def jittered(image: Images, rng: Generator, largest: float) -> Images:
    """Change brightness, contrast and saturation by factors of 1 - `largest` to 1 + `largest`."""
    bright, contrast, saturation = rng.uniform(1 - largest, 1 + largest, 3).astype(np.float32)
    pixels = image * bright
    grey = pixels @ GREY
    pixels = contrast * pixels + (1 - contrast) * grey.mean()
    grey = contrast * grey + (1 - contrast) * grey.mean()
    pixels = saturation * pixels + (1 - saturation) * grey[:, :, None]
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def erase(image: Images, rng: Generator) -> None:
    """Fill a random rectangle of an image with noise, in place."""
    area, aspect = rng.uniform(*AREAS), np.exp(rng.uniform(*np.log(ASPECTS)))
    size = np.sqrt([area * aspect, area / aspect]) * image.shape[:2]
    height, width = np.minimum(np.maximum(size.astype(int), 1), image.shape[:2])
    top = rng.integers(image.shape[0] - height + 1)
    left = rng.integers(image.shape[1] - width + 1)
    noise: NDArray[np.uint8] = rng.integers(0, 256, (height, width, 3), np.uint8)
    image[top : top + height, left : left + width] = noise
