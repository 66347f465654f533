"""What the network should say: circles of an image as a heat map, radii and offsets per cell."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from napari_ggs.circles import as_circles
from napari_ggs.detection.circlenet import STRIDE

OVERLAP = 0.7


class Targets(NamedTuple):
    """What the maps of a batch should be, cell by cell.

    Attributes
    ----------
    heat : Tensor, shape (n, 1, h, w)
        1 at the centres, falling around them as Gaussians.
    radius : Tensor, shape (n, 1, h, w)
        In cells; where `centre`.
    offset : Tensor, shape (n, 2, h, w)
        x, y within the cell; where `centre`.
    centre : Tensor of bool, shape (n, 1, h, w)
        Cells that hold a centre.
    counts : Tensor of bool, shape (n, 1, h, w)
        Cells that the heat-map loss looks at.
    """

    heat: Tensor
    radius: Tensor
    offset: Tensor
    centre: Tensor
    counts: Tensor


def gaussian_radius(side: float, overlap: float = OVERLAP) -> float:
    """How far a box of `side` may be displaced and still count, as CircleNet computes it.

    The smallest of the three cases of CornerNet (Law and Deng 2018), with the roots as the
    released code of CornerNet, CenterNet and CircleNet takes them (not divided by 2a): about
    .27 of the side at an overlap of .7.
    """
    area, around = side**2, 2 * side
    shifted = (1.0, around, area * (1 - overlap) / (1 + overlap))
    inside = (4.0, 2 * around, (1 - overlap) * area)
    outside = (4 * overlap, -2 * overlap * around, (overlap - 1) * area)
    return min((b + np.sqrt(b**2 - 4 * a * c)) / 2 for a, b, c in (shifted, inside, outside))


def encode(circles: ArrayLike, ignored: ArrayLike, height: int, width: int) -> Targets:
    """Targets of one image (n = 1).

    Parameters
    ----------
    circles : array_like, shape (k, 3)
        x, y, radius in image px, corner convention; centres within the image.
    ignored : array_like, shape (m, 3)
        Circles that are neither objects nor background: cut by the image's edge, or unlabelled.
    height, width : int
        Of the image; multiples of `STRIDE`.
    """
    shape = (height // STRIDE, width // STRIDE)
    blank = Targets(
        heat=torch.zeros(1, 1, *shape),
        radius=torch.zeros(1, 1, *shape),
        offset=torch.zeros(1, 2, *shape),
        centre=torch.zeros(1, 1, *shape, dtype=torch.bool),
        counts=torch.from_numpy(~_covered(as_circles(ignored) / STRIDE, shape))[None, None],
    )
    for x, y, radius in as_circles(circles) / STRIDE:
        _put(blank, float(x), float(y), float(radius))
    return blank


def collate(targets: list[Targets]) -> Targets:
    """Join the targets of several images into those of a batch."""
    return Targets(*(torch.cat(parts) for parts in zip(*targets, strict=True)))


def _covered(circles: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells whose centre lies in any of the circles."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    covered = np.zeros(shape, dtype=bool)
    for cx, cy, radius in circles:
        covered |= (x - cx) ** 2 + (y - cy) ** 2 <= radius**2
    return covered


def _put(targets: Targets, x: float, y: float, radius: float) -> None:
    row, column = int(y), int(x)
    heat = targets.heat[0, 0]
    bump = _bump(heat.shape[0], heat.shape[1], row, column, int(gaussian_radius(2 * radius)))
    torch.maximum(heat, bump, out=heat)
    targets.radius[0, 0, row, column] = radius
    targets.offset[0, :, row, column] = torch.tensor([x - column, y - row])
    targets.centre[0, 0, row, column] = True
    targets.counts[0, 0, row, column] = True


def _bump(height: int, width: int, row: int, column: int, reach: int) -> Tensor:
    """A Gaussian of sigma (2 reach + 1) / 6 around one cell, cut off beyond `reach` cells."""
    down = torch.arange(height) - row
    across = torch.arange(width) - column
    sigma = (2 * reach + 1) / 6
    bump = torch.exp(-(down[:, None] ** 2 + across[None] ** 2) / (2 * sigma**2))
    near = (down.abs() <= reach)[:, None] & (across.abs() <= reach)[None]
    return torch.where(near, bump, 0.0)
