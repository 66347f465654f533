"""Networks are built by name, and pretrained weights are really there."""

import numpy as np
import pytest
import skimage.data
import timm
import torch
from skimage.transform import resize

from napari_ggs.classification import BACKBONES, BackboneError, build_network, normalisation
from napari_ggs.classification.backbones import timm_name

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
    with pytest.raises(BackboneError, match=r"resnet18.*pretrained = false"):
        build_network("resnet18", 5, pretrained=True)


def test_normalisation_is_the_backbone_s_own() -> None:
    np.testing.assert_allclose(normalisation("bit_r50x1"), 0.5)
    np.testing.assert_allclose(normalisation("resnet50")[0], (0.485, 0.456, 0.406))
