"""Images as networks take them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_ggs.rgb import Triple

CPU = torch.device("cpu")


def as_input(
    images: NDArray[np.uint8], mean: Triple, std: Triple, device: torch.device = CPU
) -> Tensor:
    """Normalise uint8 images (n, h, w, 3) to floats (n, 3, h, w), channels last in memory.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, h, w, 3)
    mean, std : tuple of float
        RGB, of pixels in 0..1.
    device : torch.device
        Where the floats are made.
    """
    return normalised(torch.from_numpy(np.ascontiguousarray(images)).to(device), mean, std)


def normalised(images: Tensor, mean: Triple, std: Triple) -> Tensor:
    """Normalise images that are a tensor already; see `as_input`."""
    scale = torch.tensor([1 / (255 * s) for s in std], device=images.device).view(3, 1, 1)
    shift = torch.tensor([m / s for m, s in zip(mean, std, strict=True)], device=images.device)
    return images.permute(0, 3, 1, 2).float() * scale - shift.view(3, 1, 1)
