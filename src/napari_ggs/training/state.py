"""The state of a training on disk: what goes on from where it was cut off needs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from napari_ggs.files import make_folder, replacing
from napari_ggs.training.splits import TrainingError

State = dict[str, Tensor]


class Saved(NamedTuple):
    """Named sets of tensors, and a few words and numbers."""

    parts: dict[str, State]
    about: dict[str, Any]


def state_path(model: Path) -> Path:
    """The state of a model's training: ``m.safetensors`` has ``m.training.safetensors``."""
    return model.with_name(f"{model.stem}.training.safetensors")


def save_state(
    path: Path, made_by: Mapping[str, str], parts: Mapping[str, State], about: Mapping[str, Any]
) -> None:
    """Write a state as one .safetensors file; until it is whole, the one before stays.

    Parameters
    ----------
    path : Path
    made_by : mapping of str to str
        Digests of what a state goes with, such as the recipe and the data.
    parts : mapping of str to State
        Names have no slash.
    about : mapping
        What JSON can hold.

    Raises
    ------
    UserError
        If the disk is full or the place cannot be written to.
    """
    flat = {
        f"{part}/{key}": value.detach().cpu().contiguous()
        for part, state in parts.items()
        for key, value in state.items()
    }
    words = {"state": json.dumps({"made_by": dict(made_by), **about})}
    make_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_bytes(save(flat, metadata=words))


def saved_state(path: Path, made_by: Mapping[str, str]) -> Saved | None:
    """Read a state that `save_state` wrote; None where there is none.

    Raises
    ------
    TrainingError
        If the file is no state, or one of another training: says in what it differs.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["state"])
            flat = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        theirs = about.pop("made_by")
    except (OSError, SafetensorError, KeyError, ValueError) as fault:
        raise TrainingError(f"{path} is no state of a training ({fault}): {_WAYS_ON}.") from fault
    if other := [name for name, digest in made_by.items() if theirs.get(name) != digest]:
        raise TrainingError(
            f"{path} is the state of another training (other {' and '.join(other)}): {_WAYS_ON}."
        )
    parts: dict[str, State] = {}
    for name, value in flat.items():
        part, key = name.split("/", 1)
        parts.setdefault(part, {})[key] = value
    return Saved(parts, about)


_WAYS_ON = "begin again with --no-resume, write to another --out, or put back what made it"


def optimiser_tensors(optimiser: Optimizer) -> State:
    """The tensors that an optimiser keeps for each weight."""
    return {
        f"{i}.{name}": value
        for i, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: Optimizer, tensors: State) -> None:
    """Give an optimiser back its tensors, in the memory layout of their weights.

    The layout matters to the last bit: another one is computed in another order.
    """
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    values: dict[int, State] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        weight = weights[int(index)]
        like = torch.empty_like(weight) if value.shape == weight.shape else value
        values.setdefault(int(index), {})[name] = like.copy_(value)
    optimiser.load_state_dict({**optimiser.state_dict(), "state": values})
