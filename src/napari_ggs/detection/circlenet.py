"""CircleNet: an anchor-free detector whose every object is a circle.

Yang et al. 2020, "CircleNet: anchor-free detection with circle representation"
(arXiv:2006.02474). A body turns an image into features at a quarter of its size; three heads
read a centre heat map, a radius and a sub-pixel offset from them. Pure PyTorch, whatever the body.
"""

from typing import NamedTuple

import timm
from timm.models import FeatureInfo
from torch import Tensor, nn
from torch.nn import functional as F

from napari_ggs.detection.dla_up import DLA34_WIDTH, dla34_body

STRIDE = 4
"""Input pixels per output cell."""

PRIOR = -2.19
"""Bias of the heat map: a probability of .1, so that training does not start in false alarms."""


class Maps(NamedTuple):
    """What the network says per output cell; h, w are the image's divided by `STRIDE`.

    Attributes
    ----------
    heat : Tensor, shape (n, 1, h, w)
        Logits: is this cell the centre of a glomerulus?
    radius : Tensor, shape (n, 1, h, w)
        In cells.
    offset : Tensor, shape (n, 2, h, w)
        x, y of the centre within its cell, in cells.
    """

    heat: Tensor
    radius: Tensor
    offset: Tensor


class CircleNet(nn.Module):
    """CircleNet over DLA-34 or over any timm backbone with `features_only`.

    Parameters
    ----------
    backbone : str
        "dla34" is the published network (its body with deformable convolutions, 3 x 3 heads of
        256 channels, and the published names of its weights); anything else is a timm name
        with a light up-path and separable heads.
    width : int
        Channels of the light up-path and heads.
    deepest : int
        Stride of the deepest timm stage that is used; what lies deeper is cut off.
    """

    def __init__(self, backbone: str, width: int = 64, deepest: int = 16) -> None:
        super().__init__()
        published = backbone == "dla34"
        body = dla34_body() if published else _light_body(backbone, width, deepest)
        self._body = tuple(body)
        for name, module in body.items():
            self.add_module(name, module)
        head = _published_head if published else _light_head
        channels = DLA34_WIDTH if published else width
        self.hm, self.cl, self.reg = head(channels, 1), head(channels, 1), head(channels, 2)
        nn.init.constant_(self.get_parameter("hm.2.bias" if published else "hm.6.bias"), PRIOR)

    def forward(self, images: Tensor) -> Maps:
        """Normalised images (n, 3, h, w), sides multiples of 32, to `Maps`."""
        x = images
        for name in self._body:
            x = getattr(self, name)(x)
        return Maps(self.hm(x), self.cl(x), self.reg(x))


def _light_body(backbone: str, width: int, deepest: int) -> dict[str, nn.Module]:
    strides = _info(timm.create_model(backbone, features_only=True)).reduction()
    used = tuple(i for i, stride in enumerate(strides) if STRIDE <= stride <= deepest)
    features = timm.create_model(
        backbone, features_only=True, feature_cls="getter", out_indices=used
    )
    return {"features": features, "up": LightUp(_info(features).channels(), width)}


def _info(features: nn.Module) -> FeatureInfo:
    info = features.feature_info
    assert isinstance(info, FeatureInfo)
    return info


class LightUp(nn.Module):
    """Bring features of falling resolution to the first one's: upsample, add the skip, refine.

    Parameters
    ----------
    channels : list of int
        Of the features, finest first.
    width : int
        Channels of the result.
    """

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.skips = nn.ModuleList(_pointwise(c, width) for c in channels)
        self.refine = nn.ModuleList(separable(width, width, kernel=5) for _ in channels)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Features (n, c_i, h_i, w_i), finest first, to (n, width, h_0, w_0)."""
        levels = list(zip(self.skips, self.refine, features, strict=True))
        skip, refine, deepest = levels[-1]
        x = refine(skip(deepest))
        for skip, refine, feature in levels[-2::-1]:
            up = F.interpolate(x, feature.shape[2:], mode="bilinear", align_corners=False)
            x = refine(up + skip(feature))
        return x


def separable(channels: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    """A depthwise convolution and a pointwise one, each with batch normalisation and ReLU."""
    depthwise = nn.Conv2d(
        channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False
    )
    norm = nn.BatchNorm2d(channels)
    return nn.Sequential(depthwise, norm, nn.ReLU(inplace=True), *_pointwise(channels, outputs))


def _pointwise(channels: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, outputs, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _light_head(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(*separable(channels, channels), _last(channels, outputs))


def _published_head(channels: int, outputs: int) -> nn.Sequential:
    hidden = nn.Conv2d(channels, 256, 3, padding=1)
    return nn.Sequential(hidden, nn.ReLU(inplace=True), _last(256, outputs))


def _last(channels: int, outputs: int) -> nn.Conv2d:
    """The last layer. Smaller weights to start with would leave the heat map stuck at its bias."""
    convolution = nn.Conv2d(channels, outputs, 1)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return convolution
