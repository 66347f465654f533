"""Saving a model: weights and card, both or none."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from napari_ggs.files import make_folder, replacing
from napari_ggs.models.card import ModelCard, ModelError, card_path


def save_model(
    network_state: Mapping[str, Tensor],
    card: ModelCard,
    path: Path,
    precision: torch.dtype = torch.float16,
) -> Path:
    """Write the weights to `path` (.safetensors) and the card beside it (.json).

    Floating tensors are stored in half precision (in single precision where half cannot hold
    their values), integer buffers as they are. Both files are written under temporary names
    and then renamed, the weights first: a crash leaves nothing half written, and if it leaves
    new weights with the old card, the card's SHA-256 tells.

    Parameters
    ----------
    network_state : mapping of str to Tensor
        The network's ``state_dict()``.
    card : ModelCard
        Its ``sha256`` and, if there is none, ``created`` are filled in.
    path : Path
        Ends in ``.safetensors``.
    precision : torch.dtype
        ``torch.float32`` stores floating tensors in single precision.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ModelError
        If the name has another ending.
    UserError
        If the files cannot be written.
    """
    if path.suffix != ".safetensors":
        raise ModelError(f"{path} is no name for a model: end it in .safetensors.")
    make_folder(path.parent)
    weights = save({key: _stored(tensor, precision) for key, tensor in network_state.items()})
    stamped = dated(card, hashlib.sha256(weights).hexdigest())
    with replacing(card_path(path)) as card_file, replacing(path) as weights_file:
        weights_file.write_bytes(weights)
        card_file.write_text(as_json(stamped), encoding="utf-8")
    return path


def as_json(card: ModelCard) -> str:
    """What a card's file holds."""
    return card.model_dump_json(indent=1) + "\n"


def dated(card: ModelCard, sha256: str) -> ModelCard:
    """The card of something that is being saved."""
    made = card.created or datetime.now(UTC).replace(microsecond=0)
    return card.model_copy(update={"sha256": sha256, "created": made})


def _stored(tensor: Tensor, precision: torch.dtype) -> Tensor:
    whole = tensor.detach().cpu().contiguous()
    if not whole.is_floating_point():
        return whole.clone()
    short = whole.to(precision)
    return short.clone() if bool(short.isfinite().all()) else whole.to(torch.float32).clone()
