"""The train command: folds, stopping, faults in one line."""

import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_ggs import training
from napari_ggs.models import read_card
from napari_ggs.training.steps import TrainingStep
from tests.test_cli import ggs
from tests.training.drawings import write_patches, write_recipe

PHANTOMS = """
task = "detection"
name = "drawn"
[network]
backbone = "test_efficientnet"
pretrained = false
[schedule]
steps = 1
[[data]]
kind = "phantom"
slides = 40
seed = 3
side_um = 300
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("command")
    folder = write_patches(place / "p", ("ann", "bob", "eve"), each=1)
    return write_recipe(place / "recipe.toml", folder, epochs=1, batches=1)


def test_it_trains_a_model(recipe: Path, tmp_path: Path) -> None:
    done = ggs("train", recipe, "--out", tmp_path / "m.safetensors", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"The model is {tmp_path / 'm.safetensors'}, its card {tmp_path / 'm.json'}\n"
    )
    command = read_card(tmp_path / "m.json").trained_with.command
    assert command.startswith(f"napari-ggs train {recipe} --out ")


def test_it_trains_folds_and_their_ensemble(recipe: Path, tmp_path: Path) -> None:
    done = ggs("train", recipe, "--out", tmp_path / "m.safetensors", "--folds", 3)
    assert done.returncode == 0, done.stderr
    assert "m.json" in done.stdout
    assert len(list(tmp_path.glob("m-fold*.safetensors"))) == 3
    drawn = {path.name for path in (tmp_path / "m.figures").iterdir()}
    assert drawn >= {"classification.csv", "confusion.png", "reliability.png", "roc.png"}
    confusion = pd.read_csv(tmp_path / "m.figures" / "confusion.csv", index_col="truth")
    assert confusion.to_numpy().sum() == len(pd.read_csv(tmp_path / "m.test.csv")) == 15


def test_a_single_fold_has_no_figures_yet(recipe: Path, tmp_path: Path) -> None:
    done = ggs("train", recipe, "--out", tmp_path / "m.safetensors", "--folds", 3, "--fold", 1)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("*.figures"))


def test_a_finished_model_is_one_line_and_stays(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    assert ggs("train", recipe, "--out", out).returncode == 0
    before = out.read_bytes()
    done = ggs("train", recipe, "--out", out)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {out} is a finished model: train it again with --no-resume, or choose another "
        "--out."
    ]
    assert out.read_bytes() == before


def test_ctrl_c_while_phantoms_are_drawn_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = training.train

    def pressed(*given: Any, **more: Any) -> Path:
        signal.raise_signal(signal.SIGINT)
        return train(*given, **more)

    monkeypatch.setattr(training, "train", pressed)
    plan, cache = tmp_path / "recipe.toml", tmp_path / "cache"
    plan.write_text(PHANTOMS)
    out = tmp_path / "m.safetensors"
    done = ggs("train", plan, "--out", out, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 130
    stopping, said = done.stderr.splitlines()
    assert stopping.startswith("Stopping")
    assert said.startswith("error: Stopped before there was anything to save")
    assert not list(tmp_path.glob("m.*"))
    assert 1 <= len(list(cache.rglob("*.npz"))) < 40, "the rest is not drawn"


def test_progress_has_no_figures_before_there_are_any() -> None:
    said: list[tuple[float, str]] = []
    show = training.shown_by(lambda *words: said.append(words))
    show(TrainingStep("data", 1, 4))
    show(TrainingStep("training", 1, 4, 0.5))
    show(TrainingStep("training", 3, 4, 0.25, 0.875))
    assert said == [
        (0.25, "drawing phantoms"),
        (0.25, "training: loss 0.5000"),
        (0.75, "training: loss 0.2500, validation 0.875"),
    ]


def test_a_fold_without_folds_is_refused(recipe: Path, tmp_path: Path) -> None:
    done = ggs("train", recipe, "--out", tmp_path / "m.safetensors", "--fold", 2)
    assert done.returncode == 2
    assert "add --folds 5" in done.stderr


def test_folds_of_a_detector_are_refused(tmp_path: Path) -> None:
    done = ggs("train", "detector_lite0", "--out", tmp_path / "m.safetensors", "--folds", 5)
    assert done.returncode == 2
    assert "folds are for classifiers" in done.stderr


def test_the_state_of_another_recipe_is_one_line_and_no_resume_begins_again(
    recipe: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m.safetensors"
    (tmp_path / "m.training.safetensors").write_bytes(b"something else")
    done = ggs("train", recipe, "--out", out)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "m.training.safetensors is no state of a training" in done.stderr
    assert ggs("train", recipe, "--out", out, "--no-resume").returncode == 0
