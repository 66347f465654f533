"""Folds: each patient tests once, and the models of all folds answer as one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from napari_ggs.classification import Ensemble
from napari_ggs.lesions import GGS
from napari_ggs.models import load_classifier, read_card
from napari_ggs.training.cross_validation import mean_and_error, train_folds
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import TrainingStep
from tests.training.drawings import write_patches, write_recipe

PATIENTS = ("ann", "bob", "eve", "max")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("patches"), PATIENTS, each=2)


@pytest.fixture
def recipe(tmp_path: Path, folder: Path) -> Path:
    return write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """The ensemble of four folds."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("trained")
    recipe = write_recipe(place / "recipe.toml", folder, epochs=1, batches=2)
    steps: list[TrainingStep] = []
    (out,) = train_folds(recipe, place / "m.safetensors", 4, steps.append)
    assert steps[-1].done == steps[-1].total
    return out


def test_folds_give_their_models_an_ensemble_and_every_patient_s_answers(trained: Path) -> None:
    out, tmp_path = trained, trained.parent
    assert out.name == "m.json"
    loaded = load_classifier(out)
    assert isinstance(loaded.classifier, Ensemble)
    assert [member.file for member in loaded.card.members] == [
        f"m-fold{number}.safetensors" for number in range(1, 5)
    ]
    table = pd.read_csv(tmp_path / "m.test.csv")
    assert sorted(table["file"].str.split("/").str[0].unique()) == sorted(PATIENTS)
    assert len(table) == 40
    assert table["file"].is_unique
    assert set(table["fold"]) == {1, 2, 3, 4}
    assert not list(tmp_path.glob("*.training.safetensors"))


def test_its_card_has_mean_and_error_of_the_folds_own_figures(trained: Path) -> None:
    table = pd.read_csv(trained.with_name("m.test.csv"))
    right = table["label"] == table["predicted"]
    each = right.groupby([table["fold"], table["label"]]).mean().groupby("fold").mean()
    metrics = read_card(trained).metrics
    assert metrics["test_balanced_accuracy_mean"] == pytest.approx(each.mean(), abs=1e-4)
    assert metrics["test_balanced_accuracy_se"] == pytest.approx(each.sem(), abs=1e-4)


def test_no_fold_s_model_has_seen_its_test_patients(trained: Path) -> None:
    for number in range(1, 5):
        seen = read_card(trained.with_name(f"m-fold{number}.json")).patients_seen
        tested = set(pd.read_csv(trained.with_name(f"m-fold{number}.test.csv"))["patient"])
        assert not tested & {*seen.training, *seen.selection, *seen.calibration}
        assert len(tested) == len(seen.selection) == 1


def test_folds_one_by_one_make_the_same_models(tmp_path: Path, recipe: Path, trained: Path) -> None:
    for number in (3, 1, 2, 4):
        (one,) = train_folds(recipe, tmp_path / "a.safetensors", 4, fold=number)
        assert one == tmp_path / f"a-fold{number}.safetensors"
    steps: list[TrainingStep] = []
    train_folds(recipe, tmp_path / "a.safetensors", 4, steps.append)
    assert not [step for step in steps if step.stage == "training"]
    first, second = (read_card(card).members for card in (tmp_path / "a.json", trained))
    assert [member.sha256 for member in first] == [member.sha256 for member in second]


def test_stopped_in_a_fold_it_goes_on_there(tmp_path: Path, recipe: Path) -> None:
    steps: list[TrainingStep] = []
    last = train_folds(recipe, tmp_path / "m.json", 4, steps.append, lambda: len(steps) >= 6)
    assert last == [tmp_path / "m-fold2.safetensors"]
    assert not (tmp_path / "m.json").exists()
    train_folds(recipe, tmp_path / "m.json", 4, steps.append)
    assert len([step for step in steps[6:] if step.stage == "training"]) == 10
    assert load_classifier(tmp_path / "m.json").classifier.scheme == GGS


def test_repeats_have_seeds_and_files_of_their_own(tmp_path: Path, recipe: Path) -> None:
    models = train_folds(recipe, tmp_path / "m.safetensors", 3, repeats=2)
    assert models == [tmp_path / "m-seed4.json", tmp_path / "m-seed5.json"]
    tables = [pd.read_csv(model.with_name(f"{model.stem}.test.csv")) for model in models]
    folds = [table.groupby("patient")["fold"].first().to_dict() for table in tables]
    assert folds[0].keys() == folds[1].keys()
    assert folds[0] != folds[1]


def test_repeats_that_are_finished_are_not_trained_again_after_a_cut(
    tmp_path: Path, recipe: Path
) -> None:
    steps: list[TrainingStep] = []

    def watch(step: TrainingStep) -> None:
        steps.append(step)
        if len(steps) == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_folds(recipe, tmp_path / "m.safetensors", 3, watch, repeats=2)
    assert (tmp_path / "m-seed4.json").is_file()
    train_folds(recipe, tmp_path / "m.safetensors", 3, steps.append, repeats=2)
    assert len(steps[13:]) == 12, "the folds of the second repeat, the first one's epoch again"
    assert not list(tmp_path.glob("*.training.safetensors"))


def test_finished_folds_are_not_trained_over(tmp_path: Path, recipe: Path) -> None:
    out = tmp_path / "m.safetensors"
    train_folds(recipe, out, 3)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    for only in (None, 2):
        with pytest.raises(TrainingError, match=r"m-fold\d\.safetensors is a finished model"):
            train_folds(recipe, out, 3, stopped=lambda: True, fold=only)
    assert before == {path: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    train_folds(recipe, out, 3, stopped=lambda: True, resume=False)
    train_folds(recipe, out, 3)
    assert before == {path: path.read_bytes() for path in tmp_path.glob("*.safetensors")}


def test_a_fold_that_there_is_not_is_refused(tmp_path: Path, recipe: Path) -> None:
    with pytest.raises(TrainingError, match="no fold 6: the folds are 1 to 5"):
        train_folds(recipe, tmp_path / "m.safetensors", fold=6)


def test_too_few_patients_are_refused(tmp_path: Path, recipe: Path) -> None:
    with pytest.raises(TrainingError, match="5 folds of 4 patients"):
        train_folds(recipe, tmp_path / "m.safetensors")


def test_the_standard_error_is_the_one_of_the_mean() -> None:
    figures = mean_and_error([{"f1": 0.2}, {"f1": 0.4}, {"f1": 0.9}])
    assert figures == {
        "f1_mean": 0.5,
        "f1_se": round(float(np.std([0.2, 0.4, 0.9], ddof=1) / np.sqrt(3)), 4),
    }
