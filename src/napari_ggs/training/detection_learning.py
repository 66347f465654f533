"""A detector's network that learns: one batch, one step."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from napari_ggs.detection import Detector
from napari_ggs.detection.losses import losses
from napari_ggs.detection.targets import Targets
from napari_ggs.tensors import as_input
from napari_ggs.training.augment import Images
from napari_ggs.training.detection_recipe import DetectorRecipe, Schedule
from napari_ggs.training.detection_state import Best, TrainingState
from napari_ggs.training.splits import TrainingError

LARGEST_GRADIENT = 10.0
"""Norm to which gradients are cut, so that no single batch throws the network off."""

Batch = tuple[Images, Targets]


class DivergedError(TrainingError):
    """A loss that is no longer a number; ``best`` is the best network before."""

    def __init__(self, message: str, best: Best) -> None:
        super().__init__(message)
        self.best = best


def learn(detector: Detector, recipe: DetectorRecipe, state: TrainingState, batch: Batch) -> float:
    """Move the weights by one batch; return its loss.

    Raises
    ------
    DivergedError
        If the loss is no longer a number.
    """
    torch.manual_seed((1_000_003 * recipe.seed + state.step) % 2**63)  # for dropout
    for group in state.optimiser.param_groups:
        group["lr"] = recipe.optimiser.lr * rate(recipe.schedule, state.step)
    loss = loss_of(detector, batch, recipe.schedule.precision == "bfloat16")
    if not bool(loss.isfinite()):
        raise DivergedError(
            "The loss is no longer a number: lower the recipe's learning rate "
            f"(now {recipe.optimiser.lr:g}), then begin again with --no-resume.",
            state.best,
        )
    state.optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), LARGEST_GRADIENT)
    state.optimiser.step()
    return loss.item()


def loss_of(detector: Detector, batch: Batch, half: bool) -> Tensor:
    """The loss of a batch; `half` computes in bfloat16."""
    network, (images, targets) = detector.network.train(), batch
    device = next(network.parameters()).device
    pixels = as_input(images, detector.mean, detector.std, device)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        maps = network(pixels)
    return losses(maps, Targets(*(part.to(device) for part in targets))).total


def keep_depthwise_in_float32(network: nn.Module) -> None:
    """Let depthwise convolutions compute in float32 where the rest computes in bfloat16.

    Their backward pass in bfloat16 takes six times as long on a CPU, which undoes the gain.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.forward = partial(_in_float32, module.forward)  # type: ignore[method-assign]


def _in_float32(forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.autocast(x.device.type, enabled=False):
        return forward(x.float()).to(x.dtype)


def rate(schedule: Schedule, step: int) -> float:
    """The share of the learning rate at a step."""
    rising = min(1.0, (step + 1) / max(schedule.warm_up, 1))
    done = step / schedule.steps
    if schedule.drops:
        return rising * 0.1 ** sum(done >= drop for drop in schedule.drops)
    return rising * (1 + math.cos(math.pi * done)) / 2
