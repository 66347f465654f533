"""Networks compute where they are told to, and answer alike there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.backends import cudnn

from napari_ggs.devices import DeviceName, device_of, inference
from napari_ggs.errors import UserError
from napari_ggs.lesions import CIRCLEMIX
from napari_ggs.models import (
    DEFAULT_CLASSIFIER,
    DEFAULT_DETECTOR,
    find,
    load_classifier,
    load_detector,
)
from napari_ggs.slides import Slide
from tests.models.test_composing import C3, classifier, copied, patches, saved

BOTH: tuple[DeviceName, ...] = ("cpu", "cuda")

needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="there is no GPU: PyTorch finds no CUDA device"
)


@pytest.fixture
def composites(tmp_path: Path) -> dict[str, Path]:
    """A composite of each kind: of tiny classifiers, and of the embedded detector twice."""
    folds = [classifier(tmp_path, name) for name in ("fold0", "fold1")]
    family = [classifier(tmp_path, "c5", CIRCLEMIX.classes), classifier(tmp_path, "c3", C3)]
    finders = [copied(DEFAULT_DETECTOR, tmp_path / f"{n}.safetensors") for n in (1, 2)]
    return {
        "ensemble": saved("ensemble", folds, "ensemble"),
        "hierarchy": saved("hierarchy", family, "hierarchy"),
        "detectors": saved("detectors", finders, "detectors"),
    }


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_a_gpu_is_taken_if_there_is_one_and_nobody_says_otherwise(
    wanted: DeviceName, there: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_of(wanted) == torch.device(chosen)


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for load, name in ((load_detector, DEFAULT_DETECTOR), (load_classifier, DEFAULT_CLASSIFIER)):
        with pytest.raises(UserError, match="finds none: use --device auto or cpu"):
            load(name, "cuda")


@pytest.mark.parametrize("kind", ["ensemble", "hierarchy", "detectors"])
def test_every_member_goes_to_the_gpu_by_default_and_stays_here_if_asked(
    kind: str, composites: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def recorded(self: torch.nn.Module, *where: Any, **_: Any) -> torch.nn.Module:
        asked.extend(each.type for each in where if isinstance(each, torch.device))
        return self

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", recorded)
    load = load_detector if kind == "detectors" else load_classifier
    load(composites[kind])
    load(composites[kind], "cpu")
    assert asked == ["cuda", "cuda", "cpu", "cpu"]


def test_inference_keeps_no_gradients_and_leaves_the_settings_as_they_were() -> None:
    weight, before = torch.ones(1, requires_grad=True), (cudnn.allow_tf32, cudnn.deterministic)
    with inference():
        assert not (2 * weight).requires_grad
        assert (cudnn.allow_tf32, cudnn.deterministic) == (False, True)
    assert (cudnn.allow_tf32, cudnn.deterministic) == before
    assert (2 * weight).requires_grad


@needs_gpu
@pytest.mark.parametrize("kind", [DEFAULT_DETECTOR, "detectors"])
def test_detectors_answer_on_a_gpu_as_on_a_cpu(
    kind: str, composites: dict[str, Path], kidney_slide: Slide
) -> None:
    tile = kidney_slide.read(0, 0, 512, 400, mpp=find(DEFAULT_DETECTOR).card.mpp)[None]
    [here], [there] = (
        load_detector(composites.get(kind, kind), device).detector.detect(tile, 0.3)
        for device in BOTH
    )
    assert len(here[0]) > 3
    np.testing.assert_allclose(there[0], here[0], atol=0.01)
    np.testing.assert_allclose(there[1], here[1], atol=1e-4)


@needs_gpu
@pytest.mark.parametrize("kind", [DEFAULT_CLASSIFIER, "ensemble", "hierarchy"])
def test_classifiers_answer_on_a_gpu_as_on_a_cpu(kind: str, composites: dict[str, Path]) -> None:
    here, there = (load_classifier(composites.get(kind, kind), d).classifier for d in BOTH)
    crops = patches(side=here.input_px)
    assert isinstance(there.classify(crops), np.ndarray)
    np.testing.assert_allclose(there.classify(crops), here.classify(crops), atol=1e-4)
