"""DLA-34, the encoder of the published CircleNet.

Yu et al. 2018, "Deep layer aggregation" (arXiv:1707.06484). Modules are named as in the published
checkpoints (``base.*``), so that their weights fit.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128, 256, 512)
UNUSED_WEIGHTS = ("base.fc.", "base.level3.project.", "base.level4.project.")
"""Weights of published checkpoints that take part in nothing: the old classification head, and
projections of trees whose first subtree has its own."""


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def _level(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, *_norm_relu(outputs))


class Dla34(nn.Module):
    """The encoder: features at strides 1, 2, 4, 8, 16, 32 with `WIDTHS` channels."""

    def __init__(self) -> None:
        super().__init__()
        self.base_layer = _level(3, WIDTHS[0], kernel=7)
        self.level0 = _level(WIDTHS[0], WIDTHS[0])
        self.level1 = _level(WIDTHS[0], WIDTHS[1], stride=2)
        self.level2 = Tree(1, WIDTHS[1], WIDTHS[2], stride=2)
        self.level3 = Tree(2, WIDTHS[2], WIDTHS[3], stride=2, keep_input=True)
        self.level4 = Tree(2, WIDTHS[3], WIDTHS[4], stride=2, keep_input=True)
        self.level5 = Tree(1, WIDTHS[4], WIDTHS[5], stride=2, keep_input=True)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Images (n, 3, h, w) to six features, finest first."""
        x = self.base_layer(image)
        features = []
        for i in range(len(WIDTHS)):
            x = getattr(self, f"level{i}")(x)
            features.append(x)
        return features


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a residual that the tree supplies."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        hidden = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(hidden)) + residual)


class Root(nn.Module):
    """Aggregate the children of a tree."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, children: Sequence[Tensor]) -> Tensor:
        return torch.relu(self.bn(self.conv(torch.cat(list(children), dim=1))))


class Tree(nn.Module):
    """Hierarchical deep aggregation: two subtrees whose outputs one root gathers.

    Parameters
    ----------
    depth : int
        1: the subtrees are blocks; else trees of one less.
    inputs, outputs : int
        Channels.
    stride : int
        Of the first subtree.
    keep_input : bool
        Whether the downsampled input is a child too.
    gathered : int
        Channels of children handed down by the trees above.
    """

    def __init__(
        self,
        depth: int,
        inputs: int,
        outputs: int,
        stride: int = 1,
        keep_input: bool = False,
        gathered: int = 0,
    ) -> None:
        super().__init__()
        self.keep_input = keep_input
        self.downsample = nn.MaxPool2d(stride) if stride > 1 else nn.Identity()
        handed = gathered + (inputs if keep_input else 0)
        self.tree1: nn.Module
        self.tree2: nn.Module
        self.leaf = depth == 1
        if self.leaf:
            self.tree1 = BasicBlock(inputs, outputs, stride)
            self.tree2 = BasicBlock(outputs, outputs)
            self.root = Root(2 * outputs + handed, outputs)
            self.project = _projection(inputs, outputs)
        else:
            self.tree1 = Tree(depth - 1, inputs, outputs, stride)
            self.tree2 = Tree(depth - 1, outputs, outputs, gathered=handed + outputs)

    def forward(self, x: Tensor, children: Sequence[Tensor] = ()) -> Tensor:
        bottom = self.downsample(x)
        kept = [*children, bottom] if self.keep_input else list(children)
        if not self.leaf:
            first = self.tree1(x)
            return self.tree2(first, [*kept, first])
        first = self.tree1(x, self.project(bottom))
        return self.root([self.tree2(first, first), first, *kept])


def _projection(inputs: int, outputs: int) -> nn.Module:
    if inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
