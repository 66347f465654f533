"""The train command: folds, stopping, faults in one line."""

from pathlib import Path

import pytest

from tests.test_cli import ggs
from tests.training.drawings import write_patches, write_recipe


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


def test_it_trains_folds_and_their_ensemble(recipe: Path, tmp_path: Path) -> None:
    done = ggs("train", recipe, "--out", tmp_path / "m.safetensors", "--folds", 3)
    assert done.returncode == 0, done.stderr
    assert "m.json" in done.stdout
    assert len(list(tmp_path.glob("m-fold*.safetensors"))) == 3


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
