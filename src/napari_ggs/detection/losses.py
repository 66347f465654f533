"""CircleNet's losses: focal on the centre heat map, L1 on radius and offset at the centres."""

from typing import NamedTuple

import torch
from torch import Tensor

from napari_ggs.detection.circlenet import Maps
from napari_ggs.detection.targets import Targets

ALPHA, BETA = 2, 4
CLAMP = 1e-4
RADIUS_WEIGHT, OFFSET_WEIGHT = 0.1, 1.0


class Losses(NamedTuple):
    """The parts of the loss, scalars, each already divided by the number of centres."""

    heat: Tensor
    radius: Tensor
    offset: Tensor

    @property
    def total(self) -> Tensor:
        """heat + 0.1 radius + offset (the published weights)."""
        return self.heat + RADIUS_WEIGHT * self.radius + OFFSET_WEIGHT * self.offset


def losses(maps: Maps, targets: Targets) -> Losses:
    """Compare what the network says with what it should say.

    A batch without any centre still has a heat-map loss: it learns that there is nothing.
    """
    centres = targets.centre.sum().clamp(min=1)
    # The offset, |dx| + |dy|, is divided by the N centres too, as the papers write it; the code of
    # CenterNet and CircleNet divides by 2 N, since its mask counts x and y: half our weight.
    return Losses(
        heat=focal(maps.heat.float(), targets) / centres,
        radius=_l1_at_centres(maps.radius, targets.radius, targets.centre) / centres,
        offset=_l1_at_centres(maps.offset, targets.offset, targets.centre) / centres,
    )


def focal(logits: Tensor, targets: Targets) -> Tensor:
    """Focal loss over Gaussian bumps, summed (Law and Deng 2018, eq. 1).

    With p clamped to [1e-4, 1 - 1e-4]: ``-(1 - p)^2 log p`` at centres and
    ``-(1 - y)^4 p^2 log(1 - p)`` elsewhere; nothing where the targets do not count.
    """
    p = torch.sigmoid(logits).clamp(CLAMP, 1 - CLAMP)
    hit = -((1 - p) ** ALPHA) * torch.log(p)
    miss = -((1 - targets.heat) ** BETA) * p**ALPHA * torch.log(1 - p)
    return (torch.where(targets.centre, hit, miss) * targets.counts).sum()


def _l1_at_centres(said: Tensor, wanted: Tensor, centre: Tensor) -> Tensor:
    return ((said.float() - wanted).abs() * centre).sum()
