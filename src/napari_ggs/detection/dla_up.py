"""The deformable up-path over DLA-34, and with it the body of the published CircleNet.

Zhou et al. 2019, "Objects as points" (arXiv:1904.07850). Modules are named as in the published
checkpoints (``dla_up.*``, ``ida_up.*``). The deformable convolution is torchvision's, so no
extension has to be compiled.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

from napari_ggs.detection.dla import WIDTHS, Dla34

DLA34_WIDTH = 64
"""Channels of the body's result."""


def dla34_body() -> dict[str, nn.Module]:
    """The parts in order: image to 6 features, to those at strides 4, 8, 16, to one at stride 4."""
    return {
        "base": Dla34(),
        "dla_up": DlaUp(WIDTHS[2:]),
        "ida_up": IdaUp(DLA34_WIDTH, WIDTHS[2:5], (1, 2, 4)),
    }


class ModulatedConv(nn.Conv2d):
    """Deformable convolution that predicts its own offsets and mask (Zhu et al. 2019, DCNv2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.conv_offset_mask = nn.Conv2d(inputs, 27, 3, padding=1)
        nn.init.zeros_(self.conv_offset_mask.weight)
        assert self.conv_offset_mask.bias is not None
        nn.init.zeros_(self.conv_offset_mask.bias)

    def forward(self, x: Tensor) -> Tensor:
        said = self.conv_offset_mask(x)
        offset, mask = said[:, :18], torch.sigmoid(said[:, 18:])
        return deform_conv2d(x, offset, self.weight, self.bias, padding=1, mask=mask)


class DeformConv(nn.Module):
    """A modulated deformable convolution, batch normalisation and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.actf = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
        self.conv = ModulatedConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.actf(self.conv(x))


class IdaUp(nn.Module):
    """Iterative deep aggregation: each coarser feature, projected and enlarged, joins the finer.

    Parameters
    ----------
    width : int
        Channels of the result.
    channels : sequence of int
        Of the features, finest first.
    factors : sequence of int
        How much each one is enlarged; the first is 1.
    """

    def __init__(self, width: int, channels: Sequence[int], factors: Sequence[int]) -> None:
        super().__init__()
        self.steps = len(channels) - 1
        for i, (count, factor) in enumerate(zip(channels, factors, strict=True)):
            if i > 0:
                self.add_module(f"proj_{i}", DeformConv(count, width))
                self.add_module(f"up_{i}", _bilinear(width, factor))
                self.add_module(f"node_{i}", DeformConv(width, width))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        return self.cascade(features)[-1]

    def cascade(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The joined features one after the other; the first is the finest one as it came."""
        joined = [features[0]]
        for i, feature in enumerate(features[1:], start=1):
            up = getattr(self, f"up_{i}")(getattr(self, f"proj_{i}")(feature))
            joined.append(getattr(self, f"node_{i}")(up + joined[-1]))
        return joined


def _bilinear(channels: int, factor: int) -> nn.ConvTranspose2d:
    """A transposed convolution, one per channel, that starts as bilinear enlargement."""
    up = nn.ConvTranspose2d(
        channels, channels, 2 * factor, factor, factor // 2, groups=channels, bias=False
    )
    ramp = 1 - torch.abs(torch.arange(2 * factor) / factor - (2 * factor - 1) / (2 * factor))
    with torch.no_grad():
        up.weight.copy_(torch.outer(ramp, ramp).expand_as(up.weight))
    return up


class DlaUp(nn.Module):
    """Aggregate the encoder from its coarse end: one feature per stride 4, 8, 16, finest first."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.skipped = len(WIDTHS) - len(channels)
        counts = list(channels)
        factors = [2**i for i in range(len(counts))]
        for i in range(len(counts) - 1):
            j = -i - 2
            relative = [factor // factors[j] for factor in factors[j:]]
            self.add_module(f"ida_{i}", IdaUp(counts[j], counts[j:], relative))
            factors[j + 1 :] = [factors[j]] * (i + 1)
            counts[j + 1 :] = [counts[j]] * (i + 1)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        layers = list(features[self.skipped :])
        results: list[Tensor] = []
        for i in range(len(layers) - 1):
            joined = getattr(self, f"ida_{i}").cascade(layers[-i - 2 :])
            layers[-i - 2 :] = joined
            results.insert(0, joined[-1])
        return results
