import math

import pytest
import torch

from napari_ggs.detection.circlenet import Maps
from napari_ggs.detection.losses import focal, losses
from napari_ggs.detection.targets import Targets, encode


def targets(heat: list[float], counts: list[bool]) -> Targets:
    """Targets of a row of cells, of which those of heat 1 are centres."""
    shape = (1, 1, 1, len(heat))
    values = torch.tensor(heat).reshape(shape)
    return Targets(
        heat=values,
        radius=torch.zeros(shape),
        offset=torch.zeros(1, 2, 1, len(heat)),
        centre=values == 1,
        counts=torch.tensor(counts).reshape(shape),
    )


def test_the_heat_map_loss_is_that_of_the_paper() -> None:
    p = [0.8, 0.3, 0.6]
    wanted = targets([1.0, 0.5, 0.0], [True, True, True])
    centre = -((1 - 0.8) ** 2) * math.log(0.8)
    near = -((1 - 0.5) ** 4) * 0.3**2 * math.log(1 - 0.3)
    far = -(0.6**2) * math.log(1 - 0.6)
    said = torch.logit(torch.tensor(p)).reshape(1, 1, 1, 3)
    assert focal(said, wanted).item() == pytest.approx(centre + near + far, rel=1e-5)


def test_cells_that_do_not_count_cost_nothing() -> None:
    said = torch.full((1, 1, 1, 2), 5.0)
    assert focal(said, targets([0.0, 0.0], [False, False])).item() == 0


def test_a_certain_mistake_costs_a_finite_amount() -> None:
    said = torch.tensor([-1e4, 1e4]).reshape(1, 1, 1, 2)
    cost = focal(said, targets([1.0, 0.0], [True, True])).item()
    assert cost == pytest.approx(2 * (1 - 1e-4) ** 2 * -math.log(1e-4), rel=1e-3)


def test_radius_and_offset_are_compared_at_centres_and_shared_among_them() -> None:
    wanted = encode([[10, 10, 8], [50, 50, 12]], [], 64, 64)
    maps = Maps(
        heat=torch.zeros(1, 1, 16, 16),
        radius=torch.full((1, 1, 16, 16), 2.5),
        offset=torch.full((1, 2, 16, 16), 0.5),
    )
    cost = losses(maps, wanted)
    assert cost.radius.item() == pytest.approx((0.5 + 0.5) / 2)
    assert cost.offset.item() == pytest.approx(0, abs=1e-6)
    assert cost.total.item() == pytest.approx(cost.heat.item() + 0.1 * 0.5)


def test_an_image_without_glomeruli_teaches_that_there_are_none() -> None:
    maps = Maps(*(torch.zeros(1, c, 16, 16) for c in (1, 1, 2)))
    cost = losses(maps, encode([], [], 64, 64))
    assert cost.heat.item() == pytest.approx(256 * 0.25 * math.log(2), rel=1e-5)
    assert cost.radius.item() == cost.offset.item() == 0
