"""The state of a detector's training: weights, their running mean, the optimiser, the best."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer

from napari_ggs.training.circles_data import Field
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.state import (
    State,
    optimiser_tensors,
    restore_optimiser,
    save_state,
    saved_state,
)


class RunningMean:
    """The exponential running mean of a network's weights; it finds more than the weights do.

    Parameters
    ----------
    network : nn.Module
    keep : float
        Share that a step keeps. Early steps keep less, (1 + n) / (10 + n).
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self.keep = keep
        self.state = copied(network.state_dict())

    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step (counted from 0)."""
        share = 1 - min(self.keep, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, value in network.state_dict().items():
                if value.is_floating_point():
                    self.state[key].lerp_(value, share)
                else:
                    self.state[key].copy_(value)


@dataclass
class Best:
    """The best running mean so far; an AP50 of NaN where nothing is there to choose by."""

    state: State
    ap50: float = math.nan
    step: int = 0


@dataclass
class TrainingState:
    """Everything that training needs to go on, to the same weights as if it had never stopped.

    What is random follows from the seed and the step; the learning rate from the step.

    Attributes
    ----------
    network : nn.Module
    optimiser : Optimizer
    mean : RunningMean
    best : Best
    made_by : dict of str to str
        Digests of the recipe and the data: a state goes with them only.
    step : int
        Steps done.
    loss, ap50 : float
        Running mean of the loss, and the last validation: for people to watch.
    """

    network: nn.Module
    optimiser: Optimizer
    mean: RunningMean
    best: Best
    made_by: dict[str, str]
    step: int = 0
    loss: float = math.nan
    ap50: float = math.nan

    def save(self, path: Path) -> None:
        """Write the state; what stood there before stays until it is whole.

        Raises
        ------
        UserError
            If the disk is full or the place cannot be written to.
        """
        parts = {
            "network": self.network.state_dict(),
            "mean": self.mean.state,
            "best": self.best.state,
            "optimiser": optimiser_tensors(self.optimiser),
        }
        about = {"best_ap50": self.best.ap50, "best_step": self.best.step}
        about |= {"step": self.step, "loss": self.loss, "ap50": self.ap50}
        save_state(path, self.made_by, parts, about)

    def resume(self, path: Path) -> None:
        """Go back to a saved state, if there is one.

        Raises
        ------
        TrainingError
            If the file is damaged, or of another recipe or other data.
        """
        saved = saved_state(path, self.made_by)
        if saved is not None:
            about = saved.about
            self.network.load_state_dict(saved.parts["network"])
            for key, value in self.mean.state.items():  # in place: the memory layout stays
                value.copy_(saved.parts["mean"][key])
            self.best = Best(saved.parts["best"], about["best_ap50"], about["best_step"])
            restore_optimiser(self.optimiser, saved.parts.get("optimiser", {}))
            self.step, self.loss, self.ap50 = about["step"], about["loss"], about["ap50"]


def copied(state: State) -> State:
    """A copy of a network's state that later steps do not change."""
    return {key: value.detach().clone() for key, value in state.items()}


def origin(
    recipe: DetectorRecipe,
    sources: Sequence[Sequence[Field]],
    odds: Sequence[float],
    selection: Sequence[Field],
) -> dict[str, str]:
    """Digests of what the weights depend on: the recipe's settings, and the data's circles."""
    words = {"name", "notes", "labelled_by", "device", "data", "t_det"}
    settings = recipe.model_dump_json(exclude=words)
    data = hashlib.sha256(repr(list(odds)).encode())
    for fields in (*sources, selection):
        data.update(f"{len(fields)} fields".encode())
        for field in fields:
            data.update(_digest(field))
    return {"recipe": hashlib.sha256(settings.encode()).hexdigest(), "data": data.hexdigest()}


def _digest(field: Field) -> bytes:
    digest = hashlib.sha256(repr((field.name, field.size)).encode())
    for circles in (field.circles, field.ignored, field.negatives):
        digest.update(circles.tobytes() + b"|")
    return digest.digest()
