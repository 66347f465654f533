"""A training that is cut off goes on to the same weights, to the bit, or says why not."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_ggs.cancelling import never
from napari_ggs.classification import build_network
from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.fitting import fit
from napari_ggs.training.folder_patches import folder_patches
from napari_ggs.training.judging import Fitted
from napari_ggs.training.learning import DivergedError, Learner
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.splits import Split, TrainingError
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import Progress, TrainingStep, silent
from tests.training.drawings import write_patches, write_recipe


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = write_patches(tmp_path_factory.mktemp("p"), ["ann", "bob", "eve"], each=2)
    patches = folder_patches(folder, GGS)
    return Split(*(patches.where(patches.patients == name) for name in ("ann", "bob")))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ClassifierRecipe:
    mixing = '[mixing]\nkind = "circlemix"\nper = "sample"'
    folder = tmp_path_factory.mktemp("r")
    path = write_recipe(folder / "r.toml", folder, epochs=2, batches=5, more=mixing)
    return load_recipe(path, ClassifierRecipe)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, split: Split, plan: ClassifierRecipe) -> Path:
    """What an undisturbed training leaves."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("whole") / "m.safetensors"
    run(split, plan, out)
    return out


def changed(plan: ClassifierRecipe, **optimiser: object) -> ClassifierRecipe:
    return plan.model_copy(update={"optimiser": plan.optimiser.model_copy(update=optimiser)})


def run(
    split: Split,
    plan: ClassifierRecipe,
    out: Path,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
) -> Fitted:
    torch.manual_seed(0)
    network = build_network("test_efficientnet", 5, 0.2)
    return fit(network, plan, split, GGS.classes, out, progress=progress, stopped=stopped)


def cut_off_at(step: int) -> Progress:
    def watch(at: TrainingStep) -> None:
        if at.done == step:
            raise KeyboardInterrupt

    return watch


def log(out: Path) -> list[str]:
    """The log's rows without the seconds."""
    rows = out.with_name(f"{out.stem}.log.csv").read_text().splitlines()
    return [row.rsplit(",", 1)[0] for row in rows]


def test_a_training_that_is_cut_off_again_and_again_ends_with_the_same_bits(
    tmp_path: Path, split: Split, plan: ClassifierRecipe, whole: Path
) -> None:
    out = tmp_path / "m.safetensors"
    for step in (3, 6, 12):
        with pytest.raises(KeyboardInterrupt):
            run(split, plan, out, cut_off_at(step))
    steps: list[TrainingStep] = []
    run(split, plan, out, steps.append)
    assert [at.done for at in steps] == [11, 12, 13, 14, 15]
    assert state_path(out).read_bytes() == state_path(whole).read_bytes()
    assert log(out) == log(whole)


def test_what_is_finished_is_not_trained_again(
    split: Split, plan: ClassifierRecipe, whole: Path
) -> None:
    steps: list[TrainingStep] = []
    again = run(split, plan, whole, steps.append)
    assert not steps
    assert again.state.keys() == build_network("test_efficientnet", 5).state_dict().keys()
    assert again.logits.shape == (10, 5)


def test_the_log_has_a_row_for_each_epoch(whole: Path) -> None:
    header, *rows = whole.with_name("m.log.csv").read_text().splitlines()
    assert header == "step,loss,lr,validation_balanced_accuracy,validation_macro_f1,seconds"
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3"]


def test_the_best_epoch_is_kept_and_not_the_last(
    tmp_path: Path, split: Split, plan: ClassifierRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Learner.rate
    monkeypatch.setattr(
        Learner, "rate", lambda self, step: 1.0 if step >= 10 else usual(self, step)
    )
    best = run(split, plan, tmp_path / "m.safetensors")
    rows = (tmp_path / "m.log.csv").read_text().splitlines()[1:]
    accuracies = [float(row.split(",")[3]) for row in rows]
    assert best.epoch < len(accuracies), "a step too far throws the last epoch off"
    assert best.balanced_accuracy == max(accuracies)


def test_when_stopped_the_state_of_the_last_whole_epoch_stays(
    tmp_path: Path, split: Split, plan: ClassifierRecipe, whole: Path
) -> None:
    out = tmp_path / "m.safetensors"
    steps: list[TrainingStep] = []
    run(split, plan, out, steps.append, lambda: len(steps) == 7)
    assert [at.done for at in steps] == list(range(1, 8))
    run(split, plan, out)
    assert state_path(out).read_bytes() == state_path(whole).read_bytes()


def test_a_training_has_a_state_from_its_first_moment(
    tmp_path: Path, split: Split, plan: ClassifierRecipe, whole: Path
) -> None:
    out = tmp_path / "m.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(split, plan, out, cut_off_at(1))
    assert state_path(out).is_file()
    assert run(split, plan, out).balanced_accuracy == run(split, plan, whole).balanced_accuracy
    assert state_path(out).read_bytes() == state_path(whole).read_bytes()


def test_the_state_of_another_recipe_or_of_other_data_is_refused(
    tmp_path: Path, split: Split, plan: ClassifierRecipe
) -> None:
    out = tmp_path / "m.safetensors"
    with pytest.raises(KeyboardInterrupt):
        run(split, plan, out, cut_off_at(6))
    before = state_path(out).read_bytes()
    with pytest.raises(TrainingError, match=r"another training \(other recipe\)"):
        run(split, changed(plan, lr=0.1), out)
    fewer = split._replace(training=split.training.where(np.arange(9)))
    with pytest.raises(TrainingError, match=r"another training \(other data\)"):
        run(fewer, plan, out)
    renamed = plan.model_copy(update={"name": "other", "device": "cpu"})
    assert state_path(out).read_bytes() == before
    run(split, renamed, out)


def test_a_diverging_loss_hands_over_the_best_before(
    tmp_path: Path, split: Split, plan: ClassifierRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, steps = Learner.loss, []

    def diverging(self: Learner, *given: Any) -> torch.Tensor:
        steps.append(loss(self, *given))
        return steps[-1] * float("nan") if len(steps) == 7 else steps[-1]

    monkeypatch.setattr(Learner, "loss", diverging)
    with pytest.raises(DivergedError, match="lower the recipe's learning rate") as caught:
        run(split, plan, tmp_path / "m.safetensors")
    assert caught.value.best is not None
    assert caught.value.best.epoch == 1


def test_a_disk_that_fills_up_leaves_the_state_before(
    tmp_path: Path,
    split: Split,
    plan: ClassifierRecipe,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "m.safetensors"
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if state_path(out).exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(UserError, match=r"m\.training\.safetensors: the disk is full"):
            run(split, plan, out)
    run(split, plan, out)
    assert state_path(out).read_bytes() == state_path(whole).read_bytes()


def test_the_global_random_state_is_left_alone(
    tmp_path: Path, split: Split, plan: ClassifierRecipe
) -> None:
    torch.manual_seed(0)
    build_network("test_efficientnet", 5, 0.2)
    before = torch.get_rng_state()
    run(split, plan, tmp_path / "m.safetensors")
    assert torch.equal(torch.get_rng_state(), before)
