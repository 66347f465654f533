"""Crops out of patches: in the middle, or moved as a detector's circles are off."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.training.augment import Images
from napari_ggs.training.classifier_recipe import PatchAugmentation
from napari_ggs.training.patches import PatchSet

Floats = NDArray[np.float64]

ASPECTS = (3 / 4, 4 / 3)
"""Range of the aspect ratio of a random resized crop, as torchvision's."""


class Windows(NamedTuple):
    """What the network sees of each patch, in units of half the crop's side.

    A window's half width and height are stretched to the output, mirrored where they are
    negative, after it was turned about the crop's middle.

    Attributes
    ----------
    half, centre : ndarray, shape (n, 2)
        x, y before turning.
    angle : ndarray, shape (n,)
    shift : ndarray, shape (n, 2)
        Of the whole, after turning.
    """

    half: Floats
    centre: Floats
    angle: Floats
    shift: Floats


def crops_of(patches: PatchSet, size: int) -> Images:
    """The crops in the middle of the patches, as the network will see them: (n, size, size, 3)."""
    still = np.zeros((len(patches), 2))
    return _sampled(patches, size, Windows(still + 1, still, still[:, 0], still))


def moved_crops(
    patches: PatchSet, size: int, rng: Generator, settings: PatchAugmentation
) -> Images:
    """Crops turned, mirrored, scaled, shifted and cut at the edges, each by its own draw."""
    return _sampled(patches, size, _drawn(len(patches), rng, settings))


def _drawn(n: int, rng: Generator, settings: PatchAugmentation) -> Windows:
    low, high = _cut(n, rng, settings)
    zoom = _log_uniform(rng, settings.zoom, n)[:, None]
    mirror = rng.choice([-1.0, 1.0], (n, 2))
    angle = np.deg2rad(rng.uniform(-settings.turn, settings.turn, n))
    shift = rng.uniform(-1, 1, (n, 2)) * settings.shift
    return Windows((high - low) / zoom * mirror, (low + high - 1) / zoom, angle, shift)


def _cut(n: int, rng: Generator, settings: PatchAugmentation) -> tuple[Floats, Floats]:
    """Low and high edges (n, 2) of what is kept of crops of side 1."""
    low, off = (rng.uniform(0, settings.crop, (n, 2)) for _ in range(2))
    high = 1 - off
    if settings.resized_crop < 1:
        area = rng.uniform(settings.resized_crop, 1, n)
        aspect = _log_uniform(rng, ASPECTS, n)
        kept = np.minimum(np.sqrt(np.stack([area * aspect, area / aspect], axis=1)), 1)
        low = low + rng.uniform(0, 1, (n, 2)) * (1 - kept) * (high - low)
        high = low + kept * (high - low)
    return low, high


def _log_uniform(rng: Generator, ends: tuple[float, float], n: int) -> Floats:
    return np.exp(rng.uniform(np.log(ends[0]), np.log(ends[1]), n))


def _sampled(patches: PatchSet, size: int, windows: Windows) -> Images:
    """Sample crops bilinearly; averaged over a finer grid where the patch is the finer one."""
    out = np.empty((len(patches), size, size, 3), np.uint8)
    for i, image in enumerate(patches.images):
        window = Windows(*(values[i] for values in windows))
        grid = _grid(window, float(patches.context[i]), len(image), size)
        out[i] = _sample(image, grid, size)
    return out


def _grid(window: Windows, context: float, side: int, size: int) -> NDArray[np.float32]:
    """Where to sample a patch of a side, in units of half of it: (f size, f size, 2)."""
    fine = max(1, round(side * float(np.abs(window.half).max()) / (context * size)))
    at = (np.arange(fine * size, dtype=np.float32) + 0.5) * np.float32(2 / (fine * size)) - 1
    turn = _turn(float(window.angle))
    (a, b), (c, d) = (turn * window.half / context).astype(np.float32)
    x, y = ((turn @ window.centre + window.shift) / context).astype(np.float32)
    grid = np.empty((len(at), len(at), 2), np.float32)
    np.add.outer(b * at + x, a * at, out=grid[..., 0])
    np.add.outer(d * at + y, c * at, out=grid[..., 1])
    return grid


def _turn(angle: float) -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _sample(image: Images, grid: NDArray[np.float32], size: int) -> Images:
    """Sample one image: alone, so that it takes one thread and the network keeps the others."""
    pixels = torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32))
    points = torch.from_numpy(grid)[None]
    finer = F.grid_sample(pixels, points, "bilinear", "reflection", align_corners=False)[0].numpy()
    fine = len(grid) // size
    parts = [finer[:, i::fine, j::fine] for i in range(fine) for j in range(fine)]
    averaged = np.rint(sum(parts) / np.float32(len(parts)))
    return averaged.astype(np.uint8).transpose(1, 2, 0)
