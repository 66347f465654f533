"""The state of a detector's training: weights, their running mean, the optimiser. Kept on disk."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from napari_ggs.files import replacing

State = dict[str, Tensor]


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
        self.state = {key: value.detach().clone() for key, value in network.state_dict().items()}

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
    """Everything that training needs to go on.

    Attributes
    ----------
    network : nn.Module
    optimiser : Optimizer
    mean : RunningMean
    best : Best
    recipe : str
        Digest of the recipe: a state goes with one recipe only.
    step : int
        Steps done.
    """

    network: nn.Module
    optimiser: Optimizer
    mean: RunningMean
    best: Best
    recipe: str
    step: int = 0

    def save(self, path: Path) -> None:
        """Write the state as one .safetensors file, atomically."""
        parts = {
            "network": self.network.state_dict(),
            "mean": self.mean.state,
            "best": self.best.state,
            "optimiser": _flat_optimiser(self.optimiser),
        }
        about = {
            "step": self.step,
            "recipe": self.recipe,
            "best_ap50": self.best.ap50,
            "best_step": self.best.step,
        }
        with replacing(path) as temporary:
            save_file(_flat(parts), temporary, metadata={"state": json.dumps(about)})

    def resume(self, path: Path) -> None:
        """Go back to a saved state, unless it is missing, damaged or of another recipe."""
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("state", "{}"))
                parts = _nested({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
        except (OSError, SafetensorError, ValueError):
            return
        if about.get("recipe") == self.recipe:
            self.network.load_state_dict(parts["network"])
            self.mean.state = parts["mean"]
            self.best = Best(parts["best"], about["best_ap50"], about["best_step"])
            _restore(self.optimiser, parts.get("optimiser", {}))
            self.step = about["step"]


def _flat_optimiser(optimiser: Optimizer) -> State:
    return {
        f"{i}.{name}": value
        for i, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def _restore(optimiser: Optimizer, flat: State) -> None:
    values: dict[int, State] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        values.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": values})


def _flat(parts: Mapping[str, State]) -> State:
    return {
        f"{part}/{key}": value.detach().clone().contiguous()
        for part, state in parts.items()
        for key, value in state.items()
    }


def _nested(flat: State) -> dict[str, State]:
    parts: dict[str, State] = {}
    for name, value in flat.items():
        part, key = name.split("/", 1)
        parts.setdefault(part, {})[key] = value
    return parts
