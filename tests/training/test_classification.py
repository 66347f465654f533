"""Training learns, follows its seed, stops when asked and leaves a model that says all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ggs.models import load_classifier, read_card
from napari_ggs.training.classification import train_classifier
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import TrainingStep

CLASSES = ("normal", "obsolescent", "non-glomerulus")

RECIPE = """
task = "classification"
name = "drawn"
seed = 4
batch = 9
labelled_by = "a test"
notes = "Discs and stripes."
[network]
backbone = "efficientnet_lite0"
input_px = 64
dropout = 0.1
[optimiser]
lr = 1e-3
[schedule]
stages = [{{ px = 48, epochs = 1 }}, {{ px = 64, epochs = 1 }}]
batches_per_epoch = {batches}
[[data]]
kind = "folder"
folder = "{folder}"
name = "drawings"
licence = "CC0-1.0"
validation = 0.34
"""


def drawing(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Open loops in a capsule, a dense ball, or stripes."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = np.full((64, 64, 3), (225.0, 190, 215))
    inside = np.hypot(x, y) < rng.uniform(0.55, 0.75)
    waves = np.sin(12 * x + rng.uniform(0, 6)) > 0
    if kind == "normal":
        image[inside] = (240, 240, 240)
        image[inside & waves] = (200, 80, 160)
    elif kind == "obsolescent":
        image[inside] = (170, 40, 120)
    else:
        image[waves] = (200, 150, 190)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, rng = tmp_path_factory.mktemp("patches"), np.random.default_rng(0)
    for patient in ("ann", "bob", "eve"):
        for kind in CLASSES:
            (path / patient / kind).mkdir(parents=True)
            for number in range(4):
                Image.fromarray(drawing(kind, rng)).save(path / patient / kind / f"{number}.png")
    return path


def recipe(tmp_path: Path, folder: Path, batches: int = 12) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(folder=folder.as_posix(), batches=batches))
    return path


def test_a_short_training_learns_and_leaves_a_complete_model(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    out = train_classifier(recipe(tmp_path, folder), tmp_path / "model.safetensors", steps.append)
    losses = [step.loss for step in steps if step.stage == "training"]
    assert losses[-1] < 0.5 * losses[0]
    card = read_card(out.with_suffix(".json"))
    assert card.metrics["validation_balanced_accuracy"] > 0.6
    assert card.patients_seen.selection == card.patients_seen.calibration
    assert len(card.patients_seen.training) == 2
    assert not set(card.patients_seen.training) & set(card.patients_seen.selection)
    assert card.data[0].name == "drawings"
    assert card.notes == "For research, not diagnosis. Discs and stripes."
    assert card.parents == ("efficientnet_lite0 (ImageNet)",)
    assert sorted(p.name for p in tmp_path.glob("model*")) == ["model.json", "model.safetensors"]
    fresh = np.stack([drawing(kind, np.random.default_rng(9)) for kind in CLASSES])
    answers = load_classifier(out).classifier.classify(fresh).argmax(axis=1)
    assert [card.classes[i] for i in answers] == list(CLASSES)


def test_the_seed_decides_the_weights(tmp_path: Path, folder: Path) -> None:
    short = recipe(tmp_path, folder, batches=2)
    first, again = (train_classifier(short, tmp_path / f"{n}.safetensors") for n in "ab")
    assert first.read_bytes() == again.read_bytes()


def test_when_stopped_the_best_so_far_is_saved(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    out = train_classifier(
        recipe(tmp_path, folder),
        tmp_path / "model.safetensors",
        steps.append,
        stopped=lambda: len(steps) == 3,
    )
    assert [step.done for step in steps] == [1, 2, 3]
    assert load_classifier(out).card.metrics["epoch"] == 1


def test_one_patient_is_refused(tmp_path: Path, folder: Path) -> None:
    path = recipe(tmp_path, folder)
    path.write_text(path.read_text() + 'leave_out = ["ann", "bob"]\n')
    with pytest.raises(TrainingError, match="1 patient"):
        train_classifier(path, tmp_path / "model.safetensors")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"not at .*gone"):
        train_classifier(recipe(tmp_path, tmp_path / "gone"), tmp_path / "model.safetensors")
