"""Imported models compute what the published networks do; other files are refused."""

import re
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from numpy.typing import NDArray

from napari_ggs.lesions import CIRCLEMIX, GGS
from napari_ggs.models import (
    ImportSettings,
    ModelError,
    import_model,
    load_classifier,
    load_detector,
)
from napari_ggs.models.checkpoints import read_checkpoint
from napari_ggs.models.layouts import layout_of
from tests.models import reference

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
PUBLISHED = ("obsolescent", "solidified", "disappearing", "non-glomerulus", "normal")
"""An order that is none of ours."""


def images(side: int, n: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (n, side, side, 3), np.uint8)


def normalised(pixels: NDArray[np.uint8], mean: tuple, std: tuple) -> torch.Tensor:
    scaled = (pixels / 255 - np.array(mean)) / np.array(std)
    return torch.from_numpy(scaled).float().permute(0, 3, 1, 2)


def shares(logits: torch.Tensor) -> NDArray[np.float64]:
    """Probabilities of the published outputs, in our order of classes."""
    found = logits.double().softmax(1).numpy()
    return found[:, [PUBLISHED.index(name) for name in GGS.classes]]


def imported(tmp_path: Path, content: object, **settings: object) -> Path:
    torch.save(content, tmp_path / "model_best.pth.tar")
    given = {"classes": PUBLISHED, "input_px": 64} | settings
    return import_model(
        tmp_path / "model_best.pth.tar", tmp_path / "out.safetensors", ImportSettings(**given)
    )


def shaped(name: str, **settings: int) -> dict[str, torch.Tensor]:
    """Weights of torchvision's networks that have shapes, but take no room."""
    with torch.device("meta"):
        state = torchvision.models.get_model(name, **settings).state_dict()
    return {name: torch.zeros(()).expand(tensor.shape) for name, tensor in state.items()}


def test_circlenet_computes_what_the_published_network_does(tmp_path: Path) -> None:
    state = reference.circlenet_weights()
    wrapped = {f"module.{name}": tensor for name, tensor in state.items()}
    given = {"classes": (), "mpp": 2.0, "input_px": 256}
    path = imported(tmp_path, {"epoch": 30, "state_dict": wrapped}, **given)
    detector, card = load_detector(path)
    pixels = images(64)
    bgr = normalised(pixels[..., ::-1], (0.408, 0.447, 0.470), (0.289, 0.274, 0.278))
    with torch.inference_mode():
        expected = reference.circlenet(bgr, state)
        found = detector.network(normalised(pixels, card.mean, card.std))
    for ours, theirs in zip(found, ("hm", "cl", "reg"), strict=True):
        assert expected[theirs].std() > 0.01
        torch.testing.assert_close(ours, expected[theirs], rtol=1e-3, atol=1e-3)
    assert (card.mpp, card.architecture.backbone) == (2.0, "dla34")
    assert ImportSettings().mpp == 4.0


def test_a_detector_that_would_look_through_too_small_tiles_is_refused(tmp_path: Path) -> None:
    state = reference.circlenet_weights()
    with pytest.raises(ModelError, match=r"tiles of 512 px at 0\.5 um/px are 256 um wide"):
        imported(tmp_path, state, classes=(), mpp=0.5, input_px=512)


def test_bit_of_the_authors_computes_what_their_code_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = reference.bit_weights((3, 4, 6, 3), 5)
    best = {"epoch": 7, "state_dict": state, "acc": 0.9, "best_acc": np.float64(0.91)}
    classifier, card = load_classifier(imported(tmp_path, best))
    expected = reference.bit(normalised(images(64), *IMAGENET), state, (3, 4, 6, 3))
    np.testing.assert_allclose(classifier.classify(images(64)), shares(expected), atol=1e-4)
    assert card.architecture.backbone == "bit_r50x1"
    assert card.classes == GGS.classes


def test_bit_s_three_layouts_are_the_same_weights_by_other_names(tmp_path: Path) -> None:
    state = reference.bit_weights((3, 4, 23, 3), 5)
    np.savez(tmp_path / "bit.npz", **reference.tensorflow_names(state))
    arrays = read_checkpoint(tmp_path / "bit.npz")
    layouts = layout_of(arrays), layout_of(state)
    from_arrays, from_torch = layouts[0].renamed(arrays), layouts[1].renamed(state)
    with torch.device("meta"):
        timm_s = timm.create_model("resnetv2_101x1_bit", num_classes=5).state_dict()
    assert from_arrays.keys() == from_torch.keys() == layout_of(timm_s).renamed(timm_s).keys()
    assert all(torch.equal(from_arrays[name], from_torch[name]) for name in from_torch)
    assert layouts[0].normalisation == HALF


def test_resnet_computes_what_torchvision_s_does(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = torchvision.models.resnet50()
    network.fc = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Linear(2048, 5))
    state = network.state_dict()
    old = {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}
    classifier, card = load_classifier(imported(tmp_path, {"state_dict": old}))
    with torch.inference_mode():
        expected = network.eval()(normalised(images(64), *IMAGENET))
    np.testing.assert_allclose(classifier.classify(images(64)), shares(expected), atol=1e-4)
    assert (card.name, card.architecture.backbone) == ("out", "resnet50")
    assert "For research, not diagnosis" in card.notes
    assert re.fullmatch(r"model_best\.pth\.tar \(SHA-256 [0-9a-f]{64}\)", card.parents[0])


def test_timm_s_own_names_and_another_normalisation_are_taken(tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = timm.create_model("efficientnet_b0", num_classes=5).eval()
    path = imported(tmp_path, network.state_dict(), normalisation="none")
    with torch.inference_mode():
        expected = network(normalised(images(64), (0, 0, 0), (1, 1, 1)))
    found = load_classifier(path).classifier.classify(images(64))
    np.testing.assert_allclose(found, shares(expected), atol=1e-4)


def efficientnet_pytorch_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """timm's EfficientNet under the names of the package that the CircleMix authors used."""
    outer = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    outer["classifier"] = "_fc"
    se = {"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
    first = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
    later = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"}
    later |= {"conv_pwl": "_project_conv", "bn3": "_bn2"}
    starts = np.cumsum([0, 1, 2, 2, 3, 3, 4])
    found = {}
    for name, tensor in state.items():
        part, kind = name.rsplit(".", 1)
        if inner := re.match(r"blocks\.(\d)\.(\d)\.(.*)", part):
            stage, place, layer = int(inner[1]), int(inner[2]), inner[3]
            known = (later if stage else first) | se
            found[f"_blocks.{starts[stage] + place}.{known[layer]}.{kind}"] = tensor
        else:
            found[f"{outer[part]}.{kind}"] = tensor
    return found


def test_efficientnet_of_the_circlemix_authors_is_taken(tmp_path: Path) -> None:
    torch.manual_seed(4)
    network = timm.create_model("tf_efficientnet_b0", num_classes=5).eval()
    with torch.no_grad():
        for tensor in network.buffers():
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    content = {"state_dict": efficientnet_pytorch_names(network.state_dict())}
    classes = ("normal", "obsolescent", "solidified", "disappearing", "periglomerular fibrosis")
    classifier, card = load_classifier(imported(tmp_path, content, classes=classes))
    with torch.inference_mode():
        expected = network(normalised(images(64), *IMAGENET)).double().softmax(1).numpy()
    ours = [classes.index(name) for name in CIRCLEMIX.classes]
    np.testing.assert_allclose(classifier.classify(images(64)), expected[:, ours], atol=1e-4)
    assert card.scheme is CIRCLEMIX


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ((), r"has 5 outputs, and 0 classes are named.*normal, obsolescent"),
        (GGS.classes[:4], "has 5 outputs, and 4 classes"),
        (("a", "b", "c", "d", "e"), "No scheme has the classes a, b"),
        ((*GGS.classes[:4], "normal"), "No scheme has the classes"),
    ],
)
def test_classes_that_do_not_fit_are_refused(
    tmp_path: Path, classes: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        imported(tmp_path, shaped("resnet50", num_classes=5), classes=classes)
    assert not (tmp_path / "out.safetensors").exists()


def test_a_detector_has_no_classes_to_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a detector, which has no classes"):
        imported(tmp_path, reference.circlenet_weights())


def test_a_network_of_another_depth_is_refused_with_the_closest(tmp_path: Path) -> None:
    said = r"no resnet101.*unexpected layer2\.4\.conv1\.weight \(128, 512, 1, 1\)"
    with pytest.raises(ModelError, match=said):
        imported(tmp_path, shaped("resnet152", num_classes=5))


def test_a_network_of_another_width_is_refused_with_the_shapes(tmp_path: Path) -> None:
    state = reference.circlenet_weights()
    state |= {"hm.2.weight": torch.randn(80, 256, 1, 1), "hm.2.bias": torch.randn(80)}
    with pytest.raises(ModelError, match=r"hm\.2\.weight \(80, 256, 1, 1\) in place of \(1, 256"):
        imported(tmp_path, state, classes=())


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("features.0.0.weight", "a network of torchvision with numbered features"),
        ("patch_embed.proj.weight", "a vision transformer"),
        ("kps.0.conv.weight", "an hourglass network"),
        ("fc.weight", "no known network"),
    ],
)
def test_other_networks_are_refused_by_what_they_look_like(
    tmp_path: Path, name: str, looks: str
) -> None:
    said = rf"looks like {looks} \(1 weights, first {name} \(2, 3\)\).*What can be: CircleNet"
    with pytest.raises(ModelError, match=said):
        imported(tmp_path, {"state_dict": {name: torch.ones(2, 3)}})
