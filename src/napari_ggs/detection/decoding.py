"""From what the network says to circles: peaks of the heat map, with their radius and offset."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_ggs.detection.circlenet import STRIDE, Maps

TOP_K = 1000


class Decoded(NamedTuple):
    """Circles of one image, by falling score.

    Attributes
    ----------
    circles : Tensor of float64, shape (k, 3)
        x, y, radius in image px, corner convention.
    scores : Tensor of float64, shape (k,)
    """

    circles: Tensor
    scores: Tensor


def decode(maps: Maps, threshold: float, top_k: int = TOP_K) -> list[Decoded]:
    """Circles of every image of a batch.

    A cell is a peak if no neighbour of its 3 x 3 surroundings is higher; of the peaks with a
    score of `threshold` or more, the best `top_k` are kept.
    """
    heat = torch.sigmoid(maps.heat.float())
    peaks = (F.max_pool2d(heat, 3, stride=1, padding=1) == heat) & (heat >= threshold)
    images = zip(heat[:, 0], peaks[:, 0], maps.radius[:, 0], maps.offset, strict=True)
    return [_circles(*image, top_k) for image in images]


def _circles(heat: Tensor, peaks: Tensor, radius: Tensor, offset: Tensor, top_k: int) -> Decoded:
    rows, columns = peaks.nonzero(as_tuple=True)
    scores, best = heat[rows, columns].sort(descending=True, stable=True)
    rows, columns = rows[best[:top_k]], columns[best[:top_k]]
    x = columns + offset[0, rows, columns].double()
    y = rows + offset[1, rows, columns].double()
    circles = torch.stack([x, y, radius[rows, columns].double()], dim=1) * STRIDE
    return Decoded(circles, scores[:top_k].double())
