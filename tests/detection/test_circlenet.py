import pytest
import timm
import torch

from napari_ggs.detection import CircleNet
from napari_ggs.detection.dla import UNUSED_WEIGHTS, Dla34


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "resnet18", "dla34"])
def test_every_backbone_gives_maps_at_a_quarter_of_the_size(backbone: str) -> None:
    maps = CircleNet(backbone).eval()(torch.zeros(2, 3, 64, 96))
    assert [tuple(part.shape) for part in maps] == [(2, c, 16, 24) for c in (1, 1, 2)]


@pytest.mark.parametrize("backbone", ["tf_efficientnet_lite0", "dla34"])
def test_a_new_network_expects_no_glomerulus(backbone: str) -> None:
    with torch.inference_mode():
        heat = CircleNet(backbone).eval()(torch.randn(1, 3, 64, 64)).heat
    assert heat.mean().item() == pytest.approx(-2.19, abs=0.7)


def test_the_light_network_fits_into_the_wheel() -> None:
    weights = sum(p.numel() for p in CircleNet("tf_efficientnet_lite0", deepest=32).parameters())
    assert 2 * weights < 8e6, "bytes in half precision"


def test_stages_below_the_deepest_are_cut_off() -> None:
    shallow, deep = (CircleNet("tf_efficientnet_lite0", deepest=d) for d in (16, 32))
    assert len(list(shallow.parameters())) < len(list(deep.parameters()))


@pytest.fixture(scope="module")
def published_names() -> set[str]:
    """Names of a published checkpoint's weights (REFERENCE.md, section 2), spelt out."""
    stacks = {0: 1, 1: 2, 2: 3}
    nodes = [
        f"dla_up.ida_{i}." + "{}_" + str(j) for i, n in stacks.items() for j in range(1, n + 1)
    ]
    nodes += ["ida_up.{}_1", "ida_up.{}_2"]
    names = {f"{node.format('up')}.weight" for node in nodes}
    for node in nodes:
        for part in ("proj", "node"):
            at = node.format(part)
            names |= {f"{at}.conv.{w}" for w in ("weight", "bias")}
            names |= {f"{at}.conv.conv_offset_mask.{w}" for w in ("weight", "bias")}
            norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
            names |= {f"{at}.actf.0.{w}" for w in norm}
    heads = ("hm", "cl", "reg")
    names |= {f"{h}.{i}.{w}" for h in heads for i in (0, 2) for w in ("weight", "bias")}
    encoder = timm.create_model("dla34").state_dict()
    return names | {f"base.{name}" for name in encoder if not name.startswith("fc.")}


def test_dla34_has_the_names_of_the_published_weights(published_names: set[str]) -> None:
    assert set(CircleNet("dla34").state_dict()) == published_names
    assert not any(name.startswith(UNUSED_WEIGHTS) for name in published_names)


def test_the_encoder_computes_what_the_reference_does() -> None:
    reference = timm.create_model("dla34").eval()
    ours = Dla34().eval()
    weights = reference.state_dict()
    ours.load_state_dict({name: weights[name] for name in ours.state_dict()})
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(image)[-1], reference.forward_features(image))


def test_the_up_path_starts_as_plain_convolution_and_bilinear_enlargement() -> None:
    network = CircleNet("dla34").eval()
    node = network.get_submodule("ida_up.proj_1.conv")
    image = torch.randn(1, 128, 8, 8)
    with torch.inference_mode():
        plain = torch.nn.functional.conv2d(image, node.weight / 2, node.bias, padding=1)
        torch.testing.assert_close(node(image), plain, msg="offsets 0, mask sigmoid(0) = 1/2")
        flat = network.get_submodule("ida_up.up_2")(torch.ones(1, 64, 6, 6))
    torch.testing.assert_close(flat[..., 4:-4, 4:-4], torch.ones(1, 64, 16, 16))
