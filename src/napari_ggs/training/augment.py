"""Augmentation: the same tissue as another laboratory, scanner or microscope would show it.

Plain functions over batches of uint8 images, (n, h, w, 3) in and out; everything random comes
from the generator given. Nothing here changes what an image shows, so labels stay.
"""

import math

import imagecodecs
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_ggs.training.recipe import Augmentation

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]

HAEMATOXYLIN = (0.652, 0.675, 0.339)
PAS = (0.197, 0.910, 0.363)
WHITE = 240.0
"""Stain vectors (optical density, natural log) of the AIDPATH slides: REFERENCE.md, section 1."""

_DENSITY = -np.log(np.maximum(np.arange(256), 1) / WHITE).astype(np.float32)
_GRAIN = np.random.default_rng(0).standard_normal(1 << 21, dtype=np.float32)
"""Normal noise; each image takes a stretch of it, ten times as fast as drawing it anew."""


def appearance(images: Images, rng: Generator, settings: Augmentation) -> Images:
    """Vary stain, tone, light, focus, noise and compression; each image by its own draw.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, h, w, 3)
    rng : Generator
    settings : Augmentation
        How far.

    Returns
    -------
    ndarray of uint8, shape (n, h, w, 3)
    """
    if not settings.changes_appearance:
        return images.copy()
    varied = np.empty_like(images)
    for out, image in zip(varied, images, strict=True):
        out[:] = _vary(image, rng, settings)
    return varied


def _vary(image: Images, rng: Generator, settings: Augmentation) -> Images:
    image = coarsen(image, rng, settings.coarse)
    gamma = math.exp(rng.uniform(-0.25, 0.25) * settings.tone)
    pixels = restain(image, rng, settings.stain, gamma)
    retone(pixels, rng, settings.tone)
    pixels *= shading(image.shape[:2], rng, settings.light)
    pixels = defocus(pixels, rng, settings.blur_px)
    pixels += grain(pixels.shape, rng, settings.noise)
    return compress(_as_bytes(pixels), rng, settings.jpeg)


def restain(image: Images, rng: Generator, strength: float, gamma: float = 1.0) -> Floats:
    """Change stain concentrations and vectors in optical density; returns pixels in 0..1.

    The density is unmixed into haematoxylin, PAS and what is left over; each concentration is
    scaled, each vector turned a little, and the three are mixed again: one 3 x 3 matrix. The
    scanner's `gamma` is a factor of the density.
    """
    mixing = _basis(np.array([HAEMATOXYLIN, PAS]))
    scales = np.exp(rng.uniform(-0.45, 0.45, 3) * strength)
    turned = _basis(mixing[:2] + rng.normal(0, 0.06, (2, 3)) * strength)
    change = (np.linalg.inv(mixing) * scales) @ turned * -gamma
    pixels: Floats = _DENSITY[image].reshape(-1, 3) @ change.astype(np.float32)
    np.exp(pixels, out=pixels)
    pixels *= np.float32((WHITE / 255) ** gamma)
    return pixels.reshape(image.shape)


def coarsen(image: Images, rng: Generator, largest: float) -> Images:
    """Show every third image as if it came from pixels up to `largest` times as wide."""
    factor = np.exp(rng.uniform(0, np.log(largest)))
    if rng.random() > 1 / 3 or factor < 1.1:
        return image
    height, width = image.shape[:2]
    small = (max(1, round(width / factor)), max(1, round(height / factor)))
    shrunk = Image.fromarray(image).resize(small, Image.Resampling.BOX)
    return np.asarray(shrunk.resize((width, height), Image.Resampling.BILINEAR))


def retone(pixels: Floats, rng: Generator, strength: float) -> None:
    """Change contrast, brightness and the white level of each channel, in place."""
    contrast = np.exp(rng.uniform(-0.2, 0.2) * strength)
    brightness = rng.uniform(-0.05, 0.05) * strength
    white = 1 + rng.uniform(-0.07, 0.05, 3) * strength
    constant = pixels.mean() * (1 - contrast) + brightness
    pixels *= (contrast * white).astype(np.float32)
    pixels += (constant * white).astype(np.float32)


def shading(shape: tuple[int, int], rng: Generator, largest: float) -> Floats:
    """Uneven light as a factor (h, w, 1): a slope across the image, a fall towards its corners."""
    v, u = (np.linspace(-1, 1, n) for n in shape)
    angle = rng.uniform(0, 2 * np.pi)
    slope, vignette = rng.uniform(0, largest, 2) / 2
    down, across = (
        steep * slope * at - vignette * at**2
        for at, steep in ((v, np.sin(angle)), (u, np.cos(angle)))
    )
    return np.add.outer(1 + down, across).astype(np.float32)[:, :, None]


def defocus(pixels: Floats, rng: Generator, largest: float) -> Floats:
    """Blur every other image with a Gaussian of up to `largest` px."""
    sigma = rng.uniform(0, largest)
    if rng.random() < 0.5 or sigma < 0.2:
        return pixels
    blurred: Floats = gaussian_filter(pixels, (sigma, sigma, 0), truncate=2.5)
    return blurred


def grain(shape: tuple[int, ...], rng: Generator, largest: float) -> Floats:
    """Noise of a standard deviation of up to `largest`, of pixels in 0..1."""
    number, sigma = math.prod(shape), np.float32(rng.uniform(0, largest))
    first = int(rng.integers(len(_GRAIN)))
    return sigma * np.take(_GRAIN, np.arange(first, first + number), mode="wrap").reshape(shape)


def compress(image: Images, rng: Generator, qualities: tuple[int, int]) -> Images:
    """Compress every other image as JPEG, at a quality from the range, both ends included."""
    quality = int(rng.integers(qualities[0], qualities[1] + 1))
    if rng.random() < 0.5 or quality == 0:
        return image
    return imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(image, level=quality))


def _as_bytes(pixels: Floats) -> Images:
    return np.clip(np.rint(pixels * 255), 0, 255).astype(np.uint8)


def _basis(stains: NDArray[np.float64]) -> NDArray[np.float64]:
    """The stains' unit vectors and, as third row, the direction that both leave over."""
    units = stains / np.linalg.norm(stains, axis=1, keepdims=True)
    rest = np.cross(units[0], units[1])
    return np.vstack([units, rest / np.linalg.norm(rest)])
