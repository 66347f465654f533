"""A network as a card describes it, with its weights once they are verified."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from napari_ggs.errors import UserError
from napari_ggs.models.card import ModelCard, ModelError


def network_of(
    blank: Callable[..., nn.Module], card: ModelCard, path: Path, device: torch.device
) -> nn.Module:
    """Build a network and fill it with its weights, in evaluation mode.

    Parameters
    ----------
    blank : callable
        Makes the network without its weights, from the parameters that the card has.
    card : ModelCard
    path : Path
        The weights.
    device : torch.device
        Where it will compute.

    Raises
    ------
    ModelError
        If the weights are not those of the card, or do not fit the network.
    """
    network = _built(blank, card, path)
    _fill(network, _verified(path, card), path)
    return network.eval().to(device).to(memory_format=torch.channels_last)


def _built(blank: Callable[..., nn.Module], card: ModelCard, path: Path) -> nn.Module:
    parameters: dict[str, Any] = dict(card.architecture.parameters)
    try:
        return blank(**parameters)
    except (TypeError, ValueError, RuntimeError, UserError) as fault:
        raise ModelError(
            f"The card of {path} describes a network that this version of napari-ggs cannot build "
            f"({card.architecture.backbone}: {fault}). Update napari-ggs, or get the model again."
        ) from fault


def _verified(path: Path, card: ModelCard) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise ModelError(
            f"{path} cannot be read ({fault.strerror}): give a file that you may read."
        ) from fault
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"{path} is not the file that its card describes (SHA-256 {found[:12]}..., expected "
            f"{card.sha256[:12]}...): it is damaged or was changed. Get the model again."
        )
    try:
        return load(data)
    except SafetensorError as fault:
        raise ModelError(
            f"{path} is no .safetensors file ({fault}). Get the model again."
        ) from fault


def _fill(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Put the weights into the network, in single precision, if names and shapes are the same."""
    wanted = network.state_dict()
    strange = sorted(wanted.keys() ^ state.keys())
    strange += [key for key in wanted if key in state and wanted[key].shape != state[key].shape]
    if strange:
        raise ModelError(
            f"The weights in {path} do not fit the architecture of their card ({len(strange)} "
            f"tensors differ, first {strange[0]}). Get the model again, both files."
        )
    network.load_state_dict(
        {key: value.to(wanted[key].dtype) for key, value in state.items()}, strict=True
    )
