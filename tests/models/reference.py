"""The published networks, written down once more from their descriptions.

Not with our modules: what imported models compute is compared with this.
"""

import numpy as np
import timm
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import deform_conv2d

State = dict[str, Tensor]


def normed(x: Tensor, state: State, at: str) -> Tensor:
    """Batch normalisation in evaluation."""
    parts = (state[f"{at}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts)


# --- CircleNet: DLA-34 encoder, deformable up-path, heads (CenterNet's dla_34) ----------------


def block(x: Tensor, residual: Tensor, state: State, at: str, stride: int) -> Tensor:
    y = F.conv2d(x, state[f"{at}.conv1.weight"], stride=stride, padding=1)
    y = F.conv2d(F.relu(normed(y, state, f"{at}.bn1")), state[f"{at}.conv2.weight"], padding=1)
    return F.relu(normed(y, state, f"{at}.bn2") + residual)


def tree(
    x: Tensor,
    state: State,
    at: str,
    depth: int,
    stride: int,
    level_root: bool,
    children: list[Tensor] | None = None,
) -> Tensor:
    children = list(children or [])
    bottom = F.max_pool2d(x, stride) if stride > 1 else x
    if level_root:
        children.append(bottom)
    if depth > 1:
        first = tree(x, state, f"{at}.tree1", depth - 1, stride, False)
        return tree(first, state, f"{at}.tree2", depth - 1, 1, False, [*children, first])
    residual = bottom
    if f"{at}.project.0.weight" in state:
        residual = normed(
            F.conv2d(bottom, state[f"{at}.project.0.weight"]), state, f"{at}.project.1"
        )
    first = block(x, residual, state, f"{at}.tree1", stride)
    second = block(first, first, state, f"{at}.tree2", 1)
    joined = F.conv2d(torch.cat([second, first, *children], 1), state[f"{at}.root.conv.weight"])
    return F.relu(normed(joined, state, f"{at}.root.bn"))


def encoder(x: Tensor, state: State) -> list[Tensor]:
    features = []
    for name, stride, padding in (("base_layer", 1, 3), ("level0", 1, 1), ("level1", 2, 1)):
        x = F.conv2d(x, state[f"base.{name}.0.weight"], stride=stride, padding=padding)
        x = F.relu(normed(x, state, f"base.{name}.1"))
        features.append(x)
    for level, depth in ((2, 1), (3, 2), (4, 2), (5, 1)):
        x = tree(x, state, f"base.level{level}", depth, 2, level_root=level > 2)
        features.append(x)
    return features[1:]


def deformed(x: Tensor, state: State, at: str) -> Tensor:
    plan = f"{at}.conv.conv_offset_mask"
    said = F.conv2d(x, state[f"{plan}.weight"], state[f"{plan}.bias"], padding=1)
    first, second, mask = said.chunk(3, dim=1)
    weight, bias = state[f"{at}.conv.weight"], state[f"{at}.conv.bias"]
    offset = torch.cat([first, second], dim=1)
    y = deform_conv2d(x, offset, weight, bias, padding=(1, 1), mask=torch.sigmoid(mask))
    return F.relu(normed(y, state, f"{at}.actf.0"))


def ida(layers: list[Tensor], state: State, at: str, start: int, end: int) -> None:
    """Join layers start..end, each enlarged, one after the other."""
    for i in range(start + 1, end):
        n = i - start
        up = state[f"{at}.up_{n}.weight"]
        factor = up.shape[-1] // 2
        x = deformed(layers[i], state, f"{at}.proj_{n}")
        x = F.conv_transpose2d(x, up, stride=factor, padding=factor // 2, groups=x.shape[1])
        layers[i] = deformed(x + layers[i - 1], state, f"{at}.node_{n}")


def circlenet(bgr: Tensor, state: State) -> dict[str, Tensor]:
    """Normalised images in BGR to the heat map's logits, radius and offset."""
    layers = encoder(bgr, state)[2:]
    out = [layers[-1]]
    for i in range(len(layers) - 1):
        ida(layers, state, f"dla_up.ida_{i}", len(layers) - i - 2, len(layers))
        out.insert(0, layers[-1])
    fused = out[:3]
    ida(fused, state, "ida_up", 0, 3)
    return {head: _head(fused[-1], state, head) for head in ("hm", "cl", "reg")}


def _head(x: Tensor, state: State, head: str) -> Tensor:
    first, last = f"{head}.0", f"{head}.2"
    hidden = F.conv2d(x, state[f"{first}.weight"], state[f"{first}.bias"], padding=1)
    return F.conv2d(F.relu(hidden), state[f"{last}.weight"], state[f"{last}.bias"])


def circlenet_weights() -> State:
    """Random weights of the layout, those that do nothing included."""
    torch.manual_seed(3)
    state = {f"base.{k}": v for k, v in timm.create_model("dla34").state_dict().items()}
    state |= {"base.fc.weight": torch.randn(1000, 512, 1, 1), "base.fc.bias": torch.randn(1000)}
    for level, width in ((3, 64), (4, 128)):
        state[f"base.level{level}.project.0.weight"] = torch.randn(2 * width, width, 1, 1)
        state |= _batch_norm(f"base.level{level}.project.1", 2 * width)
    paths = {
        "dla_up.ida_0": (256, (256, 512), (1, 2)),
        "dla_up.ida_1": (128, (128, 256, 256), (1, 2, 2)),
        "dla_up.ida_2": (64, (64, 128, 128, 128), (1, 2, 2, 2)),
        "ida_up": (64, (64, 128, 256), (1, 2, 4)),
    }
    for at, (width, channels, factors) in paths.items():
        for i in range(1, len(channels)):
            side = 2 * factors[i]
            state[f"{at}.up_{i}.weight"] = torch.rand(width, 1, side, side)
            state |= _deformable(f"{at}.proj_{i}", channels[i], width)
            state |= _deformable(f"{at}.node_{i}", width, width)
    for head, outputs in (("hm", 1), ("cl", 1), ("reg", 2)):
        state |= _convolution(f"{head}.0", 64, 256, 3) | _convolution(f"{head}.2", 256, outputs, 1)
    return state


def _convolution(at: str, inputs: int, outputs: int, side: int) -> State:
    weight = torch.randn(outputs, inputs, side, side) / (inputs * side**2) ** 0.5
    return {f"{at}.weight": weight, f"{at}.bias": 0.1 * torch.randn(outputs)}


def _batch_norm(at: str, width: int) -> State:
    parts = {"weight": torch.rand(width) + 0.5, "bias": 0.1 * torch.randn(width)}
    parts |= {"running_mean": 0.1 * torch.randn(width), "running_var": torch.rand(width) + 0.5}
    return {f"{at}.{name}": value for name, value in parts.items()}


def _deformable(at: str, inputs: int, outputs: int) -> State:
    state = _convolution(f"{at}.conv", inputs, outputs, 3)
    state |= _convolution(f"{at}.conv.conv_offset_mask", inputs, 27, 3)
    return state | _batch_norm(f"{at}.actf.0", outputs)


# --- BiT: ResNet-v2 with group normalisation and weight standardisation -----------------------


def standardised(x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    spread, mean = torch.var_mean(weight, dim=(1, 2, 3), keepdim=True, unbiased=False)
    return F.conv2d(x, (weight - mean) / torch.sqrt(spread + 1e-10), None, stride, padding)


def bit(x: Tensor, state: State, units: tuple[int, ...]) -> Tensor:
    """Normalised images to logits; weights as the makers' PyTorch code names them."""
    x = standardised(x, state["root.conv.weight"], 2, 3)
    x = F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2)
    for b, count in enumerate(units, 1):
        for u in range(1, count + 1):
            x = _unit(x, state, f"body.block{b}.unit{u:02d}", 2 if u == 1 and b > 1 else 1)
    x = F.relu(F.group_norm(x, 32, state["head.gn.weight"], state["head.gn.bias"]))
    pooled = x.mean((2, 3), keepdim=True)
    return F.conv2d(pooled, state["head.conv.weight"], state["head.conv.bias"])[..., 0, 0]


def _unit(x: Tensor, state: State, at: str, stride: int) -> Tensor:
    def activated(y: Tensor, n: int) -> Tensor:
        return F.relu(F.group_norm(y, 32, state[f"{at}.gn{n}.weight"], state[f"{at}.gn{n}.bias"]))

    out = activated(x, 1)
    shortcut = x
    if f"{at}.downsample.weight" in state:
        shortcut = standardised(out, state[f"{at}.downsample.weight"], stride)
    out = standardised(out, state[f"{at}.conv1.weight"])
    out = standardised(activated(out, 2), state[f"{at}.conv2.weight"], stride, 1)
    return standardised(activated(out, 3), state[f"{at}.conv3.weight"]) + shortcut


def bit_weights(units: tuple[int, ...], outputs: int) -> State:
    """Random weights of the layout, width 1."""
    state = {"root.conv.weight": torch.randn(64, 3, 7, 7)}
    inputs = 64
    for b, count in enumerate(units, 1):
        middle = 32 * 2**b
        for u in range(1, count + 1):
            at = f"body.block{b}.unit{u:02d}"
            sizes = ((inputs, middle, 1), (middle, middle, 3), (middle, 4 * middle, 1))
            for n, (c_in, c_out, side) in enumerate(sizes, 1):
                state[f"{at}.gn{n}.weight"] = torch.rand(c_in) + 0.5
                state[f"{at}.gn{n}.bias"] = 0.1 * torch.randn(c_in)
                state[f"{at}.conv{n}.weight"] = torch.randn(c_out, c_in, side, side)
            if u == 1:
                state[f"{at}.downsample.weight"] = torch.randn(4 * middle, inputs, 1, 1)
            inputs = 4 * middle
    state |= {"head.gn.weight": torch.rand(inputs) + 0.5, "head.gn.bias": torch.zeros(inputs)}
    state["head.conv.weight"] = 0.05 * torch.randn(outputs, inputs, 1, 1)
    return state | {"head.conv.bias": torch.randn(outputs)}


def tensorflow_names(state: State) -> dict[str, np.ndarray]:
    """BiT's weights as the makers' .npz files have them."""
    found = {}
    for name, tensor in state.items():
        kernel = tensor.permute(2, 3, 1, 0) if tensor.ndim == 4 else tensor
        found[_tensorflow_name(name)] = kernel.numpy()
    return found


def _tensorflow_name(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "root":
        return "resnet/root_block/standardized_conv2d/kernel"
    if parts[:2] == ["head", "gn"]:
        return "resnet/group_norm/" + {"weight": "gamma", "bias": "beta"}[parts[2]]
    if parts[0] == "head":
        return "resnet/head/conv2d/" + {"weight": "kernel", "bias": "bias"}[parts[2]]
    _, block, unit, layer, kind = parts
    at = f"resnet/{block}/{unit}"
    if layer == "downsample":
        return f"{at}/a/proj/standardized_conv2d/kernel"
    step = "abc"[int(layer[-1]) - 1]
    if layer.startswith("gn"):
        return f"{at}/{step}/group_norm/" + {"weight": "gamma", "bias": "beta"}[kind]
    return f"{at}/{step}/standardized_conv2d/kernel"
