"""How published networks name their weights, and what ours are called."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import timm

from napari_ggs.detection.dla import UNUSED_WEIGHTS
from napari_ggs.models.checkpoints import State
from napari_ggs.rgb import Triple

Normalisation = tuple[Triple, Triple]
Rules = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]

IMAGENET: Normalisation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF: Normalisation = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
CIRCLENET: Normalisation = (0.470, 0.447, 0.408), (0.278, 0.274, 0.289)
"""The published CircleNet's (REFERENCE.md section 2), turned from BGR to RGB."""


@dataclass(frozen=True)
class Layout:
    """The names that a published network has for its weights.

    Attributes
    ----------
    title : str
        What it is called.
    mark : str
        A weight that no other layout has.
    backbones : tuple of str
        Which of our networks it may be.
    renamed : callable
        The weights as our networks have them.
    normalisation : (mean, std)
        What its makers normalise images with.
    head : str
        The last layer of our network, where it is a classifier.
    """

    title: str
    mark: str
    backbones: tuple[str, ...]
    renamed: Callable[[State], State]
    normalisation: Normalisation = IMAGENET
    head: str = ""


def layout_of(state: State) -> Layout | None:
    """The layout of a checkpoint, or None."""
    return next((layout for layout in LAYOUTS if layout.mark in state), None)


def resemblance(state: State) -> str:
    """What a network of no known layout looks like, in a few words."""
    names = "\n".join(state)
    return next((words for mark, words in OTHERS.items() if mark in names), "no known network")


def _replacing(rules: Rules) -> Callable[[State], State]:
    def renamed(state: State) -> State:
        return {_replaced(name, rules): tensor for name, tensor in state.items()}

    return renamed


def _replaced(name: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def _unit(match: re.Match[str]) -> str:
    """Block and unit, counted from 1 by BiT's makers, as timm counts them from 0."""
    return f"stages.{int(match[1]) - 1}.blocks.{int(match[2]) - 1}."


def _step(match: re.Match[str]) -> str:
    """The steps of a unit, which BiT's makers call a, b and c."""
    kind = "conv" if match[2] == "standardized_conv2d" else "norm"
    return f"{kind}{'abc'.index(match[1]) + 1}/"


def _bit_of_tensorflow(state: State) -> State:
    """BiT's arrays, whose kernels are (height, width, in, out)."""
    turned = {name: t.permute(3, 2, 0, 1) if t.ndim == 4 else t for name, t in state.items()}
    return _replacing(BIT_TENSORFLOW)(turned)


def _efficientnet(state: State) -> State:
    """EfficientNet-B0's weights: both packages list them in the order of the computation."""
    names = list(timm.create_model(EFFICIENTNET).state_dict())
    return dict(zip(names, state.values(), strict=True)) if len(names) == len(state) else state


def _circlenet(state: State) -> State:
    """CircleNet's weights without those that do nothing, and for images in RGB, not BGR."""
    used = {name: t for name, t in state.items() if not name.startswith(UNUSED_WEIGHTS)}
    return used | {CIRCLENET_MARK: used[CIRCLENET_MARK].flip(1)}


CIRCLENET_MARK = "base.base_layer.0.weight"
EFFICIENTNET = "tf_efficientnet_b0"

BIT_TENSORFLOW: Rules = (
    (r"standardized_conv2d_\d+", "standardized_conv2d"),
    (r"^resnet/block(\d+)/unit(\d+)/", _unit),
    (r"a/proj/standardized_conv2d/", "downsample/conv/"),
    (r"\b([abc])/(standardized_conv2d|group_norm)/", _step),
    (r"^resnet/root_block/standardized_conv2d/", "stem/conv/"),
    (r"^resnet/group_norm/", "norm/"),
    (r"^resnet/head/conv2d/", "head/fc/"),
    (r"/(kernel|gamma)$", "/weight"),
    (r"/beta$", "/bias"),
    (r"/", "."),
)
BIT_PYTORCH: Rules = (
    (r"^root\.", "stem."),
    (r"^body\.block(\d+)\.unit(\d+)\.", _unit),
    (r"\.gn(\d)\.", r".norm\1."),
    (r"\.downsample\.weight$", ".downsample.conv.weight"),
    (r"^head\.gn\.", "norm."),
    (r"^head\.conv\.", "head.fc."),
)
RESNET: Rules = ((r"^fc\.\d+\.", "fc."),)
"""A head with dropout before it is numbered."""

BITS = ("bit_r50x1", "bit_r101x1")
LAYOUTS = (
    Layout("CircleNet over DLA-34", CIRCLENET_MARK, ("dla34",), _circlenet, CIRCLENET),
    Layout(
        "BiT, as its makers' TensorFlow arrays",
        "resnet/root_block/standardized_conv2d/kernel",
        BITS,
        _bit_of_tensorflow,
        HALF,
        head="head.fc",
    ),
    Layout(
        "BiT, as its makers' PyTorch code names it",
        "root.conv.weight",
        BITS,
        _replacing(BIT_PYTORCH),
        head="head.fc",
    ),
    Layout("BiT, as timm names it", "stem.conv.weight", BITS, _replacing(()), head="head.fc"),
    Layout(
        "ResNet, as torchvision and timm name it",
        "layer1.0.conv1.weight",
        ("resnet50", "resnet101"),
        _replacing(RESNET),
        head="fc",
    ),
    Layout(
        "EfficientNet, as efficientnet_pytorch names it",
        "_conv_stem.weight",
        (EFFICIENTNET,),
        _efficientnet,
        head="classifier",
    ),
    Layout(
        "EfficientNet, as timm names it",
        "conv_stem.weight",
        ("efficientnet_b0", "efficientnet_lite0"),
        _replacing(()),
        head="classifier",
    ),
)

OTHERS = {
    "kps.": "an hourglass network",
    "deconv_layers.": "a ResNet with transposed convolutions (CenterNet)",
    "base.": "a CenterNet or CircleNet over another DLA",
    "patch_embed.": "a vision transformer",
    "backbone.": "a network of a detection tool-box",
    "features.": "a network of torchvision with numbered features",
    "layer0.": "an SE-ResNet",
}
"""Parts of names, and what has them."""
