"""Training learns, follows its seed, stops when asked and leaves a model that says all."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_ggs.classification import Hierarchy
from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.models import load_classifier, read_card
from napari_ggs.training.classification import gather, load_plan, train_classifier, train_on
from napari_ggs.training.learning import DivergedError, Learner
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.splits import Split, TrainingError
from napari_ggs.training.steps import StoppedError, TrainingStep
from tests.training.drawings import KINDS, drawing, write_patches, write_recipe

PATIENTS = ("ann", "bob", "eve")
AIDPATH = '[[data]]\nkind = "aidpath"\nfolder = "{}/aidpath"\nothers = 1\n'
SCLEROTIC = """[[children]]
name = "c3"
classes = ["disappearing", "obsolescent", "solidified"]
lr = 1e-3
schedule = { stages = [{ px = 64, epochs = 1 }], batches_per_epoch = 4 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patches(tmp_path_factory.mktemp("patches"), PATIENTS)


def test_a_training_learns_and_leaves_a_complete_model(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=3)
    out = train_classifier(recipe, tmp_path / "model.safetensors", steps.append)
    losses = [step.loss for step in steps if step.stage == "training"]
    assert losses[-1] < 0.5 * losses[0]
    card = read_card(out.with_suffix(".json"))
    assert card.metrics["validation_balanced_accuracy"] > 0.6
    assert {"validation_ece", "validation_ece_uncalibrated"} < card.metrics.keys()
    assert card.patients_seen.selection == card.patients_seen.calibration
    assert sorted(card.patients_seen.training + card.patients_seen.selection) == list(PATIENTS)
    assert card.data[0].name == "drawings"
    assert card.notes == "For research, not diagnosis. Discs and stripes."
    assert card.trained_with.recipe == "recipe.toml"
    left = ["model.json", "model.log", "model.log.csv", "model.safetensors"]
    assert sorted(path.name for path in tmp_path.glob("model*")) == left
    fresh = np.stack([drawing(kind, np.random.default_rng(9)) for kind in KINDS])
    answers = load_classifier(out).classifier.classify(fresh).argmax(axis=1)
    assert (answers == np.arange(5)).sum() >= 4


def test_a_published_network_is_a_parent(tmp_path: Path, folder: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=1)
    text = recipe.read_text().replace("test_efficientnet", "efficientnet_lite0")
    recipe.write_text(text.replace("pretrained = false\n", ""))
    out = train_classifier(recipe, tmp_path / "model.safetensors")
    assert read_card(out.with_suffix(".json")).parents == ("efficientnet_lite0 (ImageNet)",)


def test_who_shaped_the_weights_that_it_starts_from_is_on_its_card(
    tmp_path: Path, folder: Path
) -> None:
    recipe = write_recipe(tmp_path / "first.toml", folder, epochs=1, batches=1)
    first = train_classifier(recipe, tmp_path / "first.safetensors")
    other = write_patches(tmp_path / "p", ("kim", "lee"), each=1)
    second = write_recipe(tmp_path / "second.toml", other, epochs=1, batches=1)
    start = f'pretrained = false\nstart = "{first.as_posix()}"'
    second.write_text(second.read_text().replace("pretrained = false", start))
    card = read_card(train_classifier(second, tmp_path / "m.safetensors").with_suffix(".json"))
    before, seen = read_card(tmp_path / "first.json").patients_seen, card.patients_seen
    assert card.parents == ("drawn",)
    assert set(seen.training) > set(before.training)
    assert set(seen.selection) > set(before.selection)
    assert {*seen.training, *seen.selection} == {*PATIENTS, "kim", "lee"}


def test_who_has_taught_the_start_neither_chooses_nor_tests(tmp_path: Path, folder: Path) -> None:
    recipe = write_recipe(tmp_path / "first.toml", folder, epochs=1, batches=1)
    first = train_classifier(recipe, tmp_path / "first.safetensors")
    start = f'pretrained = false\nstart = "{first.as_posix()}"'
    text = recipe.read_text().replace("pretrained = false", start).replace("seed = ", "seed = 1")
    recipe.write_text(text)
    with pytest.raises(TrainingError, match=r"drawn has learnt from .* who would choose or test"):
        train_classifier(recipe, tmp_path / "m.safetensors")


def test_the_seed_decides_the_weights(tmp_path: Path, folder: Path) -> None:
    short = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=2)
    first, again = (train_classifier(short, tmp_path / f"{n}.safetensors") for n in "ab")
    assert first.read_bytes() == again.read_bytes()


def test_when_stopped_the_best_so_far_is_saved_and_it_can_go_on(
    tmp_path: Path, folder: Path
) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=4)
    out = tmp_path / "model.safetensors"
    train_classifier(recipe, out, steps.append, lambda: len(steps) >= 6)
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]
    assert load_classifier(out).card.metrics["epoch"] in (1, 2)
    train_classifier(recipe, out, steps.append)
    assert [step.done for step in steps[6:]] == [5, 6, 7, 8]
    assert not out.with_name("model.training.safetensors").exists()


def test_stopped_in_the_first_epoch_it_goes_on_to_the_same_weights(
    tmp_path: Path, folder: Path
) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=3)
    out, whole = tmp_path / "model.safetensors", tmp_path / "whole.safetensors"
    train_classifier(recipe, out, steps.append, lambda: len(steps) >= 2)
    assert out.is_file()
    train_classifier(recipe, out, steps.append)
    assert [step.done for step in steps[2:]] == [1, 2, 3, 4, 5, 6]
    assert out.read_bytes() == train_classifier(recipe, whole).read_bytes()


@pytest.mark.parametrize("kind", ["one network", "hierarchy"])
def test_a_finished_model_is_not_trained_over(tmp_path: Path, folder: Path, kind: str) -> None:
    more = SCLEROTIC if kind == "hierarchy" else ""
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=1, more=more)
    out = tmp_path / "model.safetensors"
    finished = train_classifier(recipe, out)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    with pytest.raises(TrainingError, match=rf"{finished.name} is a finished model: .*--no-resume"):
        train_classifier(recipe, out, stopped=lambda: True)
    assert before == {path: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    assert train_classifier(recipe, out, resume=False) == finished


def test_a_class_that_cannot_choose_the_model_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    few = write_patches(tmp_path / "p", ("ann", "bob"), each=1)
    (tmp_path / "p" / "bob" / "disappearing" / "1.png").unlink()
    plan = load_plan(write_recipe(tmp_path / "recipe.toml", few, epochs=1, batches=1))
    (patches,) = gather(plan)
    who = patches.patients
    split = Split(patches.where(who == "ann"), patches.where(who == "bob"))
    train_on(split, plan, tmp_path / "m.json")
    assert "drawn: no patient who chooses and calibrates it has an example of disappearing" in (
        caplog.text
    )


def test_without_resuming_it_begins_again(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=2)
    out = tmp_path / "model.safetensors"
    train_classifier(recipe, out, steps.append, lambda: len(steps) >= 3)
    recipe.write_text(recipe.read_text().replace("3e-3", "1e-3"))
    with pytest.raises(TrainingError, match=r"another training \(other recipe\): .*--no-resume"):
        train_classifier(recipe, out)
    train_classifier(recipe, out, steps.append, resume=False)
    assert [step.done for step in steps[3:]] == [1, 2, 3, 4]


def test_a_diverging_loss_leaves_the_best_model_so_far(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn, out = Learner.learn, tmp_path / "model.safetensors"

    def diverging(self: Learner, batch: object, step: int) -> float:
        if step == 5:
            raise DivergedError("The loss is no longer a number.")
        return learn(self, batch, step)

    monkeypatch.setattr(Learner, "learn", diverging)
    recipe = write_recipe(tmp_path / "recipe.toml", folder, batches=4)
    with pytest.raises(DivergedError, match=r"no longer a number\. The best .* so far is .*model"):
        train_classifier(recipe, out)
    assert load_classifier(out).card.metrics["epoch"] == 1


def test_test_patients_are_answered_for_in_a_table(tmp_path: Path, folder: Path) -> None:
    plan = load_plan(write_recipe(tmp_path / "recipe.toml", folder, epochs=1, batches=2))
    (patches,) = gather(plan)
    split = Split(*(patches.where(patches.patients == name) for name in PATIENTS))
    out = train_on(split, plan, tmp_path / "model.safetensors")
    table = pd.read_csv(tmp_path / "model.test.csv")
    assert list(table) == ["file", "patient", "label", *GGS.columns, "predicted"]
    assert sorted(table["file"])[0] == "eve/disappearing/1.png"
    assert set(table["patient"]) == {"eve"}
    shares = table[list(GGS.columns)].to_numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (np.array(GGS.classes)[shares.argmax(axis=1)] == table["predicted"]).all()
    assert not set(load_classifier(out).card.patients_seen.training) & set(table["patient"])


def test_a_binary_classifier_learns_from_all_classes(tmp_path: Path, folder: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe.toml", folder, scheme="binary", epochs=1)
    card = read_card(train_classifier(recipe, tmp_path / "m.safetensors").with_suffix(".json"))
    assert card.classes == ("non-sclerotic", "sclerotic")
    assert card.metrics["validation_patches"] == 16


def test_a_hierarchy_is_a_parent_with_children_that_decide(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "r.toml", folder, epochs=3, more=SCLEROTIC)
    out = train_classifier(recipe, tmp_path / "model.safetensors", steps.append)
    assert out == tmp_path / "model.json"
    shares = [step.done / step.total for step in steps if step.stage == "training"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    loaded = load_classifier(out)
    assert isinstance(loaded.classifier, Hierarchy)
    assert loaded.classifier.scheme.classes == GGS.classes
    (child,) = loaded.classifier.children
    assert child.scheme.classes == ("obsolescent", "solidified", "disappearing")
    card = read_card(tmp_path / "model-c3.json")
    assert (card.name, card.parents) == ("drawn-c3", ("drawn-parent",))
    assert not list(tmp_path.glob("*.training.safetensors"))
    fresh = np.stack([drawing(kind, np.random.default_rng(9)) for kind in KINDS])
    answers = loaded.classifier.classify(fresh).argmax(axis=1)
    assert (answers == np.arange(5)).sum() >= 4


def test_a_child_begins_with_its_parent_s_answers(tmp_path: Path, folder: Path) -> None:
    slow = SCLEROTIC.replace("1e-3", "1e-12")
    recipe = write_recipe(tmp_path / "r.toml", folder, epochs=2, more=slow)
    classifier = load_classifier(train_classifier(recipe, tmp_path / "m.json")).classifier
    assert isinstance(classifier, Hierarchy)
    fresh = np.stack([drawing(kind, np.random.default_rng(i)) for i, kind in enumerate(KINDS)])
    parent = np.log(classifier.parent.classify(fresh)[:, 1:4]) * classifier.parent.temperature
    child = np.log(classifier.children[0].classify(fresh)) * classifier.children[0].temperature
    centred = [part - part.mean(axis=1, keepdims=True) for part in (parent, child)]
    assert np.corrcoef(centred[0].ravel(), centred[1].ravel())[0, 1] > 0.9


def test_a_hierarchy_that_is_stopped_leaves_its_parent_and_goes_on(
    tmp_path: Path, folder: Path
) -> None:
    steps: list[TrainingStep] = []
    recipe = write_recipe(tmp_path / "r.toml", folder, epochs=1, batches=3, more=SCLEROTIC)
    out = tmp_path / "model.json"
    parent = train_classifier(recipe, out, steps.append, lambda: len(steps) >= 5)
    assert parent == tmp_path / "model-parent.safetensors"
    assert load_classifier(parent).card.name == "drawn-parent"
    assert train_classifier(recipe, out, steps.append) == out
    assert [step.done for step in steps[5:]] == [4, 5, 6, 5, 6, 7, 8]


def test_one_patient_is_refused(tmp_path: Path, folder: Path) -> None:
    path = write_recipe(tmp_path / "recipe.toml", folder)
    path.write_text(path.read_text() + 'leave_out = ["ann", "bob"]\n')
    with pytest.raises(TrainingError, match="1 patient"):
        train_classifier(path, tmp_path / "model.safetensors")


def test_a_class_without_examples_is_named(tmp_path: Path) -> None:
    few = write_patches(tmp_path / "p", PATIENTS, KINDS[:3], each=1)
    path = write_recipe(tmp_path / "recipe.toml", few)
    with pytest.raises(TrainingError, match="example of disappearing, non-glomerulus"):
        train_classifier(path, tmp_path / "model.safetensors")


def test_a_stop_while_the_data_are_drawn_ends_it(
    tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = write_recipe(tmp_path / "recipe.toml", real_data / "aidpath")
    path.write_text(path.read_text().split("[[data]]")[0] + AIDPATH.format(real_data.as_posix()))
    steps: list[TrainingStep] = []
    with pytest.raises(StoppedError, match="before there was anything to save"):
        train_classifier(path, tmp_path / "m.safetensors", steps.append, lambda: bool(steps))
    assert [(step.stage, step.done) for step in steps] == [("data", 1)]
    assert not list(tmp_path.glob("m.*"))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    path = write_recipe(tmp_path / "recipe.toml", tmp_path / "gone")
    with pytest.raises(RecipeError, match=r"not at .*gone"):
        train_classifier(path, tmp_path / "model.safetensors")


def test_a_place_where_no_model_can_be_is_refused_at_once(tmp_path: Path, folder: Path) -> None:
    path = write_recipe(tmp_path / "recipe.toml", folder)
    with pytest.raises(UserError, match=r"end it in \.safetensors"):
        train_classifier(path, tmp_path / "model")
    tree = write_recipe(tmp_path / "tree.toml", folder, more=SCLEROTIC)
    (tmp_path / "model.safetensors").write_bytes(b"another")
    with pytest.raises(UserError, match=r"model\.safetensors is another model, in the way"):
        train_classifier(tree, tmp_path / "model.json")
