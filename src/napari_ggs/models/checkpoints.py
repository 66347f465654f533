"""Reading published checkpoints for their weights alone: no code in them is ever run."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from napari_ggs.models.card import ModelError

State = dict[str, Tensor]

_SCALAR: Any = np.float64().__reduce__()[0]
_SCALARS = [
    _SCALAR,
    (_SCALAR, "numpy.core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64")),
]
"""A training script leaves its best score beside the weights, often as a numpy number."""

_HOLDERS = ("state_dict", "model")
_WRAPPER = "module."


def read_checkpoint(path: Path) -> State:
    """Read the weights of a PyTorch checkpoint (.pth, .pth.tar, .pt) or of an archive (.npz).

    Weights may be the whole file or under "state_dict" or "model" in it, and their names may
    begin with "module.", which training on several devices puts there.

    Parameters
    ----------
    path : Path
        PyTorch files are opened with ``weights_only=True``, .npz files without pickles.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    ModelError
        If the file is missing, damaged or of another kind, or holds more than plain data.
    """
    if not path.is_file():
        raise ModelError(f"There is no file {path}: give a checkpoint (.pth, .pth.tar or .npz).")
    content = _arrays(path) if path.suffix == ".npz" else _pickled(path)
    state = _weights(content)
    if not state:
        raise ModelError(
            f"{path} holds no weights ({_kind(content)}): a checkpoint is a dictionary of tensors, "
            'or has one under "state_dict" or "model".'
        )
    wrapped = all(name.startswith(_WRAPPER) for name in state)
    return {name.removeprefix(_WRAPPER) if wrapped else name: state[name] for name in state}


def _arrays(path: Path) -> State:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: torch.from_numpy(archive[name]) for name in archive.files}
    except (OSError, ValueError, TypeError, EOFError, AttributeError, BadZipFile) as fault:
        raise ModelError(
            f"{path} is no .npz archive of numbers, or a damaged one. Get the file again."
        ) from fault


def _pickled(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(_SCALARS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as fault:
        named = re.search(r"GLOBAL (\S+)", str(fault))
        raise ModelError(_foreign(path, named[1]) if named else _damaged(path)) from fault
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as fault:
        raise ModelError(_damaged(path)) from fault


def _foreign(path: Path, found: str) -> str:
    return (
        f"{path} holds more than weights ({found}) and is not opened: a program may hide in it. "
        "Ask its makers for what torch.save(model.state_dict(), ...) writes."
    )


def _damaged(path: Path) -> str:
    return f"{path} is no PyTorch checkpoint of weights, or a damaged one. Get the file again."


def _weights(content: Any) -> State:
    if not isinstance(content, Mapping):
        return {}
    for holder in _HOLDERS:
        if isinstance(content.get(holder), Mapping):
            return _weights(content[holder])
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _kind(content: Any) -> str:
    if isinstance(content, Mapping):
        return "it has " + ", ".join(map(str, list(content)[:5]))
    return f"it is a {type(content).__name__}"
