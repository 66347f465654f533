"""Crops out of patches: in the middle, or moved as a detector's circles are off."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.training.augment import Images
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.recipe import Augmentation


def crops_of(patches: PatchSet, size: int) -> Images:
    """The crops in the middle of the patches, as the network will see them: (n, size, size, 3)."""
    still = np.zeros(len(patches))
    return _sampled(patches, size, still, still + 1, np.zeros((len(patches), 2)))


def moved_crops(patches: PatchSet, size: int, rng: Generator, settings: Augmentation) -> Images:
    """Crops turned by any angle, mirrored or not, scaled and shifted, each by its own draw."""
    n = len(patches)
    angles = rng.uniform(0, 2 * np.pi, n)
    least, most = np.log(settings.zoom)
    zoom = np.exp(rng.uniform(least, most, n))
    shifts = rng.uniform(-1, 1, (n, 2)) * settings.shift
    crops = _sampled(patches, size, angles, zoom, shifts)
    mirrored = rng.random(n) < 0.5
    crops[mirrored] = crops[mirrored, :, ::-1]
    return crops


def _sampled(
    patches: PatchSet, size: int, angles: NDArray, zoom: NDArray, shifts: NDArray
) -> Images:
    """Sample crops bilinearly; averaged over a finer grid where the patch is the finer one."""
    pixels = torch.from_numpy(patches.images).permute(0, 3, 1, 2).float()
    side = 1 / (patches.context * zoom)
    fine = max(1, round(patches.images.shape[1] * float(side.max()) / size))
    cosine, sine = np.cos(angles) * side, np.sin(angles) * side
    dx, dy = (shifts / patches.context[:, None]).T
    theta = np.stack([cosine, -sine, dx, sine, cosine, dy], axis=1).reshape(-1, 2, 3)
    grid = F.affine_grid(
        torch.from_numpy(theta).float(), [len(patches), 3, fine * size, fine * size], False
    )
    sampled = F.grid_sample(pixels, grid, "bilinear", "reflection", align_corners=False)
    averaged = F.avg_pool2d(sampled, fine) if fine > 1 else sampled
    crops: Images = averaged.round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    return crops
