"""Backbones are called as people call them, and it is known whose weights are there."""

from pathlib import Path

import pytest
from huggingface_hub import constants

from napari_ggs.backbone_names import BACKBONES, has_published_weights, in_words


def test_every_backbone_has_words_also_by_timm_s_name() -> None:
    for name, timms in BACKBONES.items():
        assert in_words(name) == in_words(timms) != timms
    assert in_words("resnet18") == "resnet18"


def test_weights_are_there_in_a_package_or_once_they_were_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert has_published_weights("efficientnet_lite0")
    assert not has_published_weights("resnet50")
    kept = tmp_path / "models--timm--resnet50.a1_in1k" / "snapshots" / "0a1b" / "model.safetensors"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert has_published_weights("resnet50")
    assert not has_published_weights("resnet101")
