"""What computes a network: OpenVINO where it agrees and is faster, else PyTorch."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from napari_ggs import circles, glomeruli
from napari_ggs.classification import crops
from napari_ggs.devices import inference
from napari_ggs.glomeruli import LOWEST_SCORE
from napari_ggs.lesions import CIRCLEMIX
from napari_ggs.models import (
    DEFAULT_CLASSIFIER,
    DEFAULT_DETECTOR,
    engines,
    load_classifier,
    load_detector,
)
from napari_ggs.models.engines import TOLERANCE, Engine, Fed, OpenVino, computed_by, singles, tissue
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide, open_slide
from napari_ggs.tensors import as_input
from tests.models.test_composing import C3, classifier, patches, saved

needs_openvino = pytest.mark.skipif(
    not find_spec("openvino"), reason="OpenVINO is not installed (pip install napari-ggs[openvino])"
)
HALF = (0.5, 0.5, 0.5)


def small_network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


def engine(network: nn.Module) -> Engine:
    return Engine(network, HALF, HALF, 256)


def use_openvino(model: Any) -> None:
    """Let OpenVINO compute a model, whatever is faster just now."""
    fed = Fed(model.network, model.mean, model.std)
    images = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    model.engine._compute = OpenVino(fed, fed(images))


class OtherForLargeImages(nn.Module):
    """What is traced on a small image does not hold for large ones."""

    def forward(self, images: Tensor) -> Tensor:
        return images + 2 if images.shape[-1] > engines.TRACED_PX else images


class SaysADict(nn.Module):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"images": images}


@pytest.fixture(scope="module")
def sped_up() -> tuple[Any, Any]:
    """The embedded models, computed by OpenVINO."""
    models = (
        load_detector(DEFAULT_DETECTOR, "cpu").detector,
        load_classifier(DEFAULT_CLASSIFIER, "cpu").classifier,
    )
    for model in models:
        use_openvino(model)
    return models


@needs_openvino
def test_the_circles_of_a_slide_are_the_same(kidney: Path, sped_up: tuple[Any, Any]) -> None:
    tables = []
    for models in (sped_up, [replace(model, engine=None) for model in sped_up]):
        with open_slide(kidney, mpp=2.0) as slide:
            tables.append(list(detect_and_classify(slide, *models))[-1].table)
    found, expected = tables
    sure = (expected["detection_score"] > LOWEST_SCORE + TOLERANCE).to_numpy()
    matched = circles.match(
        glomeruli.circles_of(expected[sure]),
        glomeruli.circles_of(found),
        expected["detection_score"][sure],
        0.95,
    )
    assert sure.sum() > 10
    assert (matched >= 0).all()
    columns = ["detection_score", *sped_up[1].scheme.columns]
    np.testing.assert_allclose(
        found[columns].to_numpy()[matched], expected[sure][columns].to_numpy(), atol=0.01
    )


@needs_openvino
def test_both_embedded_models_agree_ten_times_better_than_is_asked_for(
    sped_up: tuple[Any, Any],
) -> None:
    for model in sped_up:
        images = np.tile(tissue(256), (1, 2, 2, 1))[:, : model.input_px, : model.input_px]
        with inference():
            expected = model.network(as_input(images, model.mean, model.std))
        apart = engines.difference(model.engine(images), expected)
        assert apart < TOLERANCE / 10


@needs_openvino
@pytest.mark.parametrize("kind", ["ensemble", "hierarchy"])
def test_every_member_of_a_composite_has_an_engine_and_answers_alike(
    kind: Any, tmp_path: Path
) -> None:
    scheme = [CIRCLEMIX.classes, C3] if kind == "hierarchy" else [CIRCLEMIX.classes] * 2
    files = [classifier(tmp_path, f"m{n}", classes) for n, classes in enumerate(scheme)]
    model = load_classifier(saved(kind, files), "cpu").classifier
    crops_ = patches(side=model.input_px)
    expected = model.classify(crops_)
    for single in singles(model):
        assert isinstance(single.engine, Engine)
        use_openvino(single)
    np.testing.assert_allclose(model.classify(crops_), expected, atol=TOLERANCE)


@needs_openvino
def test_a_network_is_taken_over_once_there_is_enough_to_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, images = small_network(), tissue(256)
    tried = engine(network)
    monkeypatch.setattr(engines, "WORTH_PX", 2 * images[..., 0].size)
    monkeypatch.setattr(engines, "_seconds", lambda how, _: 2.0 - isinstance(how, OpenVino))
    with inference():
        expected = network(as_input(images, HALF, HALF))
    for names in (engines.PYTORCH, engines.PYTORCH, "OpenVINO"):
        torch.testing.assert_close(tried(images), expected, atol=1e-5, rtol=1e-5)
        assert tried.choice.name.startswith(names)


@needs_openvino
def test_an_engine_that_does_not_agree_is_refused() -> None:
    refused = engine(OtherForLargeImages().eval())
    choice = refused.choose()
    assert choice.name == engines.PYTORCH
    assert "outputs differ by" in choice.reason
    images = tissue(256)
    assert torch.equal(refused(images), as_input(images, HALF, HALF) + 2)


@needs_openvino
def test_an_engine_that_is_no_faster_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_seconds", lambda *_: 1.0)
    choice = engine(small_network()).choose()
    assert choice == (engines.PYTORCH, "OpenVINO is no faster (1.0 times)")


@needs_openvino
def test_a_network_that_it_cannot_compute_stays_with_pytorch() -> None:
    choice = engine(SaysADict()).choose()
    assert choice.name == engines.PYTORCH
    assert "cannot compute this network" in choice.reason


def test_without_openvino_pytorch_computes_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    engines._tell.cache_clear()
    network = small_network()
    with caplog.at_level("INFO", logger="napari_ggs"):
        for _ in range(2):
            assert engine(network).choose() == ("PyTorch", "OpenVINO is not installed")
    assert caplog.messages == ["PyTorch computes: OpenVINO is not installed"]


def test_a_model_says_what_computes_it(kidney_slide: Slide) -> None:
    model = load_classifier(DEFAULT_CLASSIFIER, "cpu").classifier
    patch = crops(kidney_slide, [[500, 500, 80]], model.margin_um, model.input_px)
    model.classify(patch)
    assert computed_by(model) == engines.PYTORCH  # too little to be worth a trial


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu_pytorch_computes() -> None:
    model = load_classifier(DEFAULT_CLASSIFIER, "cuda").classifier
    assert all(single.engine is None for single in singles(model))
    assert computed_by(model) == engines.PYTORCH


@needs_openvino
def test_nothing_is_left_behind_and_nobody_is_told(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom torch import nn\nfrom napari_ggs.models.engines import Engine\n"
        "half = (.5, .5, .5)\n"
        "print(Engine(nn.Conv2d(3, 8, 3), half, half, 64).choose().reason)\n"
        "print(sys.modules['openvino_telemetry'])"
    )
    surroundings = os.environ | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, capture_output=True, text=True, env=surroundings, cwd=tmp_path, check=True
    )
    reason, telemetry = done.stdout.splitlines()
    assert "cannot" not in reason
    assert telemetry == "None"
    assert not list(tmp_path.iterdir())
