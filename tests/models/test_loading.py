"""Loading verifies a model against its card, and says what is the matter."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_ggs.classification import build_network
from napari_ggs.detection.circlenet import CircleNet
from napari_ggs.models import (
    Architecture,
    ModelError,
    available,
    load_classifier,
    load_detector,
    save_model,
)
from tests.models.test_card import card


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network("efficientnet_lite0", 5).eval()


@pytest.fixture
def model(network: torch.nn.Module, tmp_path: Path) -> Path:
    return save_model(network.state_dict(), card(), tmp_path / "model.safetensors")


def test_a_loaded_classifier_answers_as_the_one_that_was_saved(
    model: Path, network: torch.nn.Module
) -> None:
    loaded = load_classifier(model)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.inference_mode():
        expected = network(pixels).softmax(1).numpy()
    np.testing.assert_allclose(loaded.classifier.classify(images), expected, atol=5e-3)
    assert loaded.card.name == "small"
    assert loaded.classifier.scheme.classes == loaded.card.classes


def test_a_loaded_network_is_in_single_precision_and_evaluates(model: Path) -> None:
    network = load_classifier(model).classifier.network
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_changed_weights_are_refused(model: Path) -> None:
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(bytes(data))
    with pytest.raises(ModelError, match="not the file that its card describes"):
        load_classifier(model)


def test_weights_of_another_architecture_are_refused(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    other = Architecture(kind="classifier", backbone="efficientnet_b0")
    path = save_model(
        network.state_dict(), card(architecture=other), tmp_path / "other.safetensors"
    )
    with pytest.raises(ModelError, match="do not fit the architecture"):
        load_classifier(path)


def test_weights_of_another_number_of_classes_are_refused(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    two = card(classes=("non-sclerotic", "sclerotic"))
    path = save_model(network.state_dict(), two, tmp_path / "two.safetensors")
    with pytest.raises(ModelError, match=r"classifier\."):
        load_classifier(path)


def test_a_network_that_cannot_be_built_is_refused(
    network: torch.nn.Module, tmp_path: Path
) -> None:
    strange = Architecture(kind="classifier", backbone="efficientnet_lite0", parameters={"x": 1})
    path = save_model(network.state_dict(), card(architecture=strange), tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="cannot build"):
        load_classifier(path)


def test_a_missing_name_says_which_names_there_are() -> None:
    known = ", ".join(c.name for c in available()) or "none"
    with pytest.raises(ModelError, match=f"no model 'nonsense'.*{known}"):
        load_classifier("nonsense")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file .*gone\.safetensors"):
        load_detector(tmp_path / "gone.safetensors")


def test_a_name_cannot_climb_out_of_the_folder_of_weights() -> None:
    with pytest.raises(ModelError, match="no model"):
        load_classifier("../weights/ggs-lite0")


def test_a_classifier_is_no_detector(model: Path) -> None:
    with pytest.raises(ModelError, match="for classification, not for detection"):
        load_detector(model)


def test_a_detector_reads_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    saved = CircleNet("tf_efficientnet_lite0", width=16)
    described = card(
        task="detection",
        classes=("glomerulus",),
        margin_um=None,
        mpp=4.0,
        max_radius_um=160.0,
        input_px=128,
        architecture=Architecture(
            kind="circlenet", backbone="tf_efficientnet_lite0", parameters={"width": 16}
        ),
    )
    path = save_model(saved.state_dict(), described, tmp_path / "detector.safetensors")
    detector = load_detector(path).detector
    assert (detector.mpp, detector.max_radius_um, detector.input_px) == (4.0, 160.0, 128)
    for key, value in detector.network.state_dict().items():
        torch.testing.assert_close(value, saved.state_dict()[key].half().to(value.dtype))
