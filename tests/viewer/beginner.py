"""Tiny models in use that have learnt nothing, and recipes by which they learn fast."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from napari_ggs.classification import build_network
from napari_ggs.detection import CircleNet
from napari_ggs.files import make_folder
from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, ModelCard, PatientsSeen, find, save_model
from napari_ggs.models.choosing import choose
from napari_ggs.training import timing
from napari_ggs.training.options import DEFAULT_RECIPES
from tests.training import test_detection
from tests.training.study import write_recipe

BACKBONE, PX, WINDOW_PX = "test_efficientnet", 64, 96
SIZES = {"width": 16, "deepest": 16}
STUDY = '[[data]]\nkind = "study"\nstudy = "s.ggs"\nvalidation = 0.34\n'


def use_a_beginner(
    folder: Path, patch: pytest.MonkeyPatch, epochs: int = 400, batches: int = 3
) -> None:
    """Take a classifier into use in a home of the test's own."""
    _settle(folder, patch)
    recipe = write_recipe(folder / "tiny.toml", epochs, batches)
    patch.setitem(DEFAULT_RECIPES, "classification", str(recipe))
    network = build_network(BACKBONE, len(GGS.classes))
    about: dict[str, Any] = {"classes": GGS.classes, "margin_um": 12.5, "input_px": PX}
    kind = Architecture(kind="classifier", backbone=BACKBONE, parameters={"dropout": 0.1})
    _use(network, folder, task="classification", architecture=kind, **about)


def use_a_beginning_detector(folder: Path, patch: pytest.MonkeyPatch, steps: int) -> None:
    """Take a detector into use in a home of the test's own."""
    _settle(folder, patch)
    text, _ = test_detection.RECIPE.format(folder="", steps=steps).split("[[data]]")
    (folder / "detector.toml").write_text(text + STUDY)
    patch.setitem(DEFAULT_RECIPES, "detection", str(folder / "detector.toml"))
    network = CircleNet(BACKBONE, **SIZES)
    about: dict[str, Any] = {"mpp": 4.0, "max_radius_um": 200, "input_px": 256}
    kind = Architecture(kind="circlenet", backbone=BACKBONE, parameters=SIZES)
    _use(network, folder, task="detection", architecture=kind, classes=("glomerulus",), **about)


def _settle(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Choices and speeds of the test's own; the speeds are known, so that none is timed."""
    patch.setenv("NAPARI_GGS_MODELS", str(folder / "home"))
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        patch.setenv(name, str(folder / "cache"))
    speeds = [
        timing.Speed(task, BACKBONE, px, device)
        for task, px in (("classification", PX), ("detection", WINDOW_PX))
        for device in ("auto", "cuda")
    ]
    make_folder(timing._file().parent)
    timing._file().write_text(json.dumps({speed.key: 0.01 for speed in speeds}))


def _use(network: torch.nn.Module, folder: Path, **about: Any) -> None:
    card = ModelCard(
        name="start",
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        patients_seen=PatientsSeen(training=("nobody",)),
        **about,
    )
    path = save_model(network.state_dict(), card, folder / f"{card.task}.safetensors")
    choose(find(path), "ann", "for a test")
