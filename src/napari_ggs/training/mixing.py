"""Mixing the images of a mini-batch in pairs, and their labels with them: CircleMix, CutMix.

Masks are computed on the device of the images, for all of them at once.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from napari_ggs.training.classifier_recipe import Mixing

PERIMETER = 360.0
"""Unit of positions along the rim of an image: its perimeter is 360, a corner every 90."""


class Mixed(NamedTuple):
    """Images (n, 3, px, px) and the shares of the classes in each (n, k); rows sum to 1."""

    images: Tensor
    shares: Tensor


def mix(images: Tensor, shares: Tensor, rng: Generator, settings: Mixing) -> Mixed:
    """Fill a part of each image from another one of the mini-batch.

    The label of the image that fills the part weighs as much as what is seen of it: the area of
    the mask itself (CircleMix paper, section 3.1; REFERENCE.md, section 4).

    Parameters
    ----------
    images : Tensor, shape (n, 3, px, px)
    shares : Tensor, shape (n, k)
        Shares of the classes in each image.
    rng : Generator
        Draws who is paired with whom, and the parts.
    settings : Mixing
    """
    if settings.kind == "none":
        return Mixed(images, shares)
    n, device = len(images), images.device
    parts = n if settings.per == "sample" else 1
    draw = circlemix_masks if settings.kind == "circlemix" else cutmix_masks
    masks = draw(parts, images.shape[-1], rng, device)
    masks &= torch.from_numpy(rng.random(parts) < settings.probability).to(device)[:, None, None]
    others = torch.from_numpy(rng.permutation(n)).to(device)
    weight = masks.float().mean(dim=(1, 2))[:, None].to(shares.dtype)
    return Mixed(
        torch.where(masks[:, None], images[others], images),
        (1 - weight) * shares + weight * shares[others],
    )


def circlemix_masks(number: int, px: int, rng: Generator, device: torch.device) -> Tensor:
    """Draw polygons of CircleMix: start and end uniform over the perimeter, sorted.

    Returns
    -------
    Tensor of bool, shape (number, px, px)
    """
    ends = np.sort(rng.uniform(0, PERIMETER, (number, 2)), axis=1)
    return polygons(torch.from_numpy(ends).float().to(device), px)


def polygons(ends: Tensor, px: int) -> Tensor:
    """The polygons from the centre over the perimeter's stretch between two positions.

    A polygon has the centre, the start, every corner strictly between and the end as vertices.
    Seen from the centre it is the pixels whose ray meets the rim between start and end, which
    is what is computed. It never wraps past 360. Of a square image it takes
    (end - start) / 360.

    Parameters
    ----------
    ends : Tensor, shape (n, 2)
        Start and end, start <= end, in 360ths of the perimeter; 0 is the top-left corner, and
        the way goes down the left side first.
    px : int
        Side of the image.

    Returns
    -------
    Tensor of bool, shape (n, px, px)
    """
    rim = rim_positions(px, ends.device)
    return (rim >= ends[:, :1, None]) & (rim < ends[:, 1:, None])


@lru_cache(maxsize=8)
def rim_positions(px: int, device: torch.device) -> Tensor:
    """For each pixel, where the ray from the centre through it meets the rim: (px, px)."""
    side = (torch.arange(px, dtype=torch.float64) + 0.5) * 2 / px - 1
    y, x = torch.meshgrid(side, side, indexing="ij")
    reach = torch.maximum(x.abs(), y.abs()).clamp(min=1e-9)
    u, v = x / reach, y / reach
    left, bottom, right = u == -1, v == 1, u == 1
    along = torch.where(left, v, torch.where(bottom, u, torch.where(right, -v, -u)))
    first = torch.where(left, 0, torch.where(bottom, 90, torch.where(right, 180, 270)))
    return (first + 45 * (1 + along)).float().to(device)


def cutmix_masks(number: int, px: int, rng: Generator, device: torch.device) -> Tensor:
    """Draw boxes of CutMix (Yun et al. 2019): area uniform in 0..1, centre anywhere, clipped.

    Returns
    -------
    Tensor of bool, shape (number, px, px)
    """
    half = px * np.sqrt(rng.uniform(0, 1, (number, 1))) / 2
    centre = rng.uniform(0, px, (number, 2))
    low, high = (
        torch.from_numpy(np.round(edge)).to(device)[:, :, None]
        for edge in (centre - half, centre + half)
    )
    at = torch.arange(px, device=device)
    inside = (at >= low) & (at < high)
    return inside[:, 0, :, None] & inside[:, 1, None, :]
