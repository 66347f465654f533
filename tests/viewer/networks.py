"""A detector with random weights, for tests in which it matters how long it takes."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from napari_ggs.detection import CircleNet
from napari_ggs.models import Architecture, ModelCard, save_model
from napari_ggs.slides import Slide

BACKBONE = "tf_efficientnet_lite0"
HALF = (0.5, 0.5, 0.5)
SIDE = 512


def save_detector(folder: Path, slide: Slide, mpp: float) -> Path:
    """Save a detector that fires at some places of a slide; the finer `mpp`, the more tiles."""
    torch.manual_seed(1)
    network = CircleNet(BACKBONE)
    images = _tiles(slide, mpp)
    _calibrate(network, images)
    with torch.no_grad():
        heat = network.hm[-1]
        heat.weight *= 2 / network(images).heat.std()
        logits = network(images).heat
        peaks = logits[logits == nn.functional.max_pool2d(logits, 25, 1, 12)]
        heat.bias += -1.0 - peaks.sort(descending=True).values[8]
        network.cl[-1].bias.fill_(20 / mpp)
    card = ModelCard(
        name="random",
        task="detection",
        architecture=Architecture(kind="circlenet", backbone=BACKBONE),
        classes=("glomerulus",),
        mpp=mpp,
        max_radius_um=200,
        input_px=SIDE,
        mean=HALF,
        std=HALF,
    )
    return save_model(network.state_dict(), card, folder / "random.safetensors")


def _tiles(slide: Slide, mpp: float) -> Tensor:
    corners = [(x * slide.width, 0.3 * slide.height) for x in (0.1, 0.5)]
    pixels = np.stack([slide.read(x, y, SIDE, SIDE, mpp) for x, y in corners])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def _calibrate(network: nn.Module, images: Tensor) -> None:
    """Let batch normalisation know the pixels, else untrained layers flatten everything."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        network.train()(images)
    network.eval()
