"""Training a detector learns, goes on where it was, and leaves a complete model."""

import errno
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_ggs import files
from napari_ggs.circles import match
from napari_ggs.detection import detect
from napari_ggs.errors import UserError
from napari_ggs.models import RESEARCH_ONLY, load_detector, read_card
from napari_ggs.slides import open_slide
from napari_ggs.training.detection import train_detector
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.logs import log_path
from napari_ggs.training.recipe import RECIPES, load_recipe
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import TrainingStep
from tests.detection.conftest import draw, scatter
from tests.posix import needs_limits, needs_sigkill, resource

MPP = 4.0
SIDE = 400
STEPS = 15

RECIPE = """
task = "detection"
name = "drawn"
seed = 3
batch = 8
window_px = 96
labelled_by = "a test"
[network]
backbone = "test_efficientnet"
width = 16
pretrained = false
input_px = 256
[optimiser]
lr = 1e-2
[schedule]
steps = {steps}
warm_up = 5
validate_every = 20
save_every = 7
average = 0.9
[augmentation]
stain = 0.3
noise = 0.0
zoom = [0.8, 1.25]
[[data]]
kind = "slides"
name = "drawings"
licence = "CC0-1.0"
validation = 0.34
slides = [
    {{ path = "{folder}/0.tif", circles = "{folder}/0.csv" }},
    {{ path = "{folder}/1.tif", circles = "{folder}/1.csv" }},
    {{ path = "{folder}/2.tif", circles = "{folder}/2.csv" }},
]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slides of purple discs, each with its list of circles; 2 um/px."""
    path = tmp_path_factory.mktemp("drawings")
    for number in range(3):
        circles = scatter(np.random.default_rng(number), 20, 2 * SIDE, 20, 55)
        tifffile.imwrite(
            path / f"{number}.tif",
            draw(circles, 2 * SIDE, 2 * SIDE),
            tile=(256, 256),
            photometric="rgb",
            resolution=(5000, 5000),
            resolutionunit="CENTIMETER",
        )
        pd.DataFrame(circles, columns=["x", "y", "radius"]).to_csv(path / f"{number}.csv")
    return path


def recipe(place: Path, folder: Path, steps: int) -> Path:
    path = place / f"{steps}.toml"
    path.write_text(RECIPE.format(folder=folder.as_posix(), steps=steps))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> tuple[Path, list]:
    steps: list[TrainingStep] = []
    place = tmp_path_factory.mktemp("trained")
    out = train_detector(recipe(place, folder, 60), place / "m.safetensors", steps.append)
    return out, steps


def test_a_short_training_finds_the_discs_of_a_slide_it_never_saw(
    trained: tuple[Path, list], folder: Path
) -> None:
    detector, card = load_detector(trained[0])
    truth = pd.read_csv(folder / "2.csv")[["x", "y", "radius"]].to_numpy()
    with open_slide(folder / "2.tif") as slide:
        steps = list(detect(slide, detector, threshold=card.t_det))
    circles = np.concatenate([step.circles for step in steps])
    found = match(circles, truth, np.concatenate([step.scores for step in steps]))
    assert (found >= 0).sum() >= 0.8 * len(truth)
    assert card.metrics["selection_ap50"] > 0.7


def test_progress_counts_steps_and_the_loss_falls(trained: tuple[Path, list]) -> None:
    steps = trained[1]
    assert [step.done for step in steps] == list(range(1, 61))
    assert steps[-1].loss < 0.5 * steps[0].loss
    assert np.isnan(steps[0].merit)
    assert 0 <= steps[-1].merit <= 1


def test_the_card_says_what_the_model_is_and_was_made_of(trained: tuple[Path, list]) -> None:
    card = read_card(trained[0].with_suffix(".json"))
    assert (card.task, card.classes, card.mpp) == ("detection", ("glomerulus",), MPP)
    assert card.architecture.backbone == "test_efficientnet"
    assert [(source.name, source.licence) for source in card.data] == [("drawings", "CC0-1.0")]
    assert card.patients_seen.training == ("0", "1")
    assert card.patients_seen.selection == ("2",)
    assert card.labelled_by == "a test"
    assert RESEARCH_ONLY in card.notes
    assert card.metrics["selection_glomeruli"] == 20


def test_nothing_but_the_model_its_card_and_the_log_is_left(trained: tuple[Path, list]) -> None:
    names = {path.name for path in trained[0].parent.iterdir()}
    assert names - {"m.log"} == {"60.toml", "m.safetensors", "m.json", "m.log.csv"}
    log = pd.read_csv(trained[0].with_name("m.log.csv"))
    assert log.step.tolist() == list(range(1, 61))
    assert log.merit.notna().sum() == 3
    assert log.lr.idxmax() == 4, "the warm-up ends, the cosine falls"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    place = tmp_path_factory.mktemp("undisturbed")
    return train_detector(recipe(place, folder, STEPS), place / "m.safetensors")


def killed_at(row: int, plan: Path, out: Path) -> None:
    """Train in another process and kill it once its log has so many rows."""
    script = "import sys; from napari_ggs.training import train; "
    script += "from pathlib import Path; train(sys.argv[1], Path(sys.argv[2]))"
    log = log_path(out)
    with subprocess.Popen([sys.executable, "-c", script, str(plan), str(out)]) as process:
        while process.poll() is None:
            if log.is_file() and log.read_bytes().count(b"\n") > row:
                process.kill()
            time.sleep(0.002)
    assert process.returncode == -signal.SIGKILL


@needs_sigkill
def test_a_training_that_was_killed_goes_on_to_the_same_weights(
    tmp_path: Path, folder: Path, undisturbed: Path
) -> None:
    plan, out = recipe(tmp_path, folder, STEPS), tmp_path / "m.safetensors"
    killed_at(10, plan, out)
    steps: list[TrainingStep] = []
    train_detector(plan, out, steps.append)
    assert steps[0].done > 7, "the state was kept every 7 steps"
    assert out.read_bytes() == undisturbed.read_bytes()
    assert log_path(out).read_text() == log_path(undisturbed).read_text()


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(
    tmp_path: Path, folder: Path, undisturbed: Path
) -> None:
    plan, out = recipe(tmp_path, folder, STEPS), tmp_path / "m.safetensors"
    train_detector(plan, out, stopped=counted(10))
    train_detector(plan, out)
    assert out.read_bytes() == undisturbed.read_bytes()


def counted(steps: int) -> Callable[[], bool]:
    """Says stop at a step, and goes on saying it."""
    asked = iter(range(1, 1000))
    return lambda: next(asked) >= steps


def test_a_state_of_another_recipe_or_other_data_is_not_passed_over(
    tmp_path: Path, folder: Path
) -> None:
    out = tmp_path / "m.safetensors"
    train_detector(recipe(tmp_path, folder, 60), out, stopped=counted(1))
    with pytest.raises(TrainingError, match=r"m\.training\.safetensors is the state of another"):
        train_detector(recipe(tmp_path, folder, 50), out)
    plan = recipe(tmp_path, folder, 60)
    plan.write_text(plan.read_text().replace("validation = 0.34", "validation = 0.6"))
    with pytest.raises(TrainingError, match="other data"):
        train_detector(plan, out)
    steps: list[TrainingStep] = []
    train_detector(plan, out, steps.append, stopped=counted(1), resume=False)
    assert steps[0].done == 1


def test_a_loss_that_is_no_number_leaves_the_best_model(tmp_path: Path, folder: Path) -> None:
    plan = recipe(tmp_path, folder, 60)
    text = plan.read_text().replace("lr = 1e-2", "lr = 1e38")
    plan.write_text(text.replace("validate_every = 20", "validate_every = 1"))
    with pytest.raises(TrainingError, match=r"no longer a number.*1e\+38.* is .*m\.safetensors\."):
        train_detector(plan, tmp_path / "m.safetensors")
    assert load_detector(tmp_path / "m.safetensors").card.metrics["step"] >= 1
    assert (tmp_path / "m.training.safetensors").is_file()


def test_a_loss_that_is_no_number_from_the_start_names_no_model(
    tmp_path: Path, folder: Path
) -> None:
    plan = recipe(tmp_path, folder, 60)
    plan.write_text(plan.read_text().replace("lr = 1e-2", "lr = 1e38"))
    with pytest.raises(TrainingError, match=r"\(now 1e\+38\), then .*--no-resume\.$"):
        train_detector(plan, tmp_path / "m.safetensors")
    assert not (tmp_path / "m.safetensors").exists()


def test_a_finished_model_is_not_trained_over(tmp_path: Path, folder: Path) -> None:
    plan, out = recipe(tmp_path, folder, 1), tmp_path / "m.safetensors"
    train_detector(plan, out)
    before = out.read_bytes()
    with pytest.raises(TrainingError, match=r"m\.safetensors is a finished model: .*--no-resume"):
        train_detector(plan, out, stopped=counted(1))
    assert out.read_bytes() == before
    steps: list[TrainingStep] = []
    train_detector(plan, out, steps.append, resume=False)
    assert [step.done for step in steps] == [1]


@needs_limits
def test_a_full_disk_leaves_the_state_before(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the size of files stands in for the disk: the log fits, a new state does not."""
    plan, out = recipe(tmp_path, folder, STEPS), tmp_path / "m.safetensors"
    train_detector(plan, out, stopped=counted(8))
    before = (tmp_path / "m.training.safetensors").read_bytes()
    monkeypatch.setitem(files._REASONS, errno.EFBIG, files._REASONS[errno.ENOSPC])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(
            UserError, match=r"Cannot write .*training\.safetensors: the disk is full"
        ):
            train_detector(plan, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "m.training.safetensors").read_bytes() == before
    assert load_detector(out).card.metrics["step"] == 8


def test_who_chose_the_start_does_not_test(
    tmp_path: Path, folder: Path, trained: tuple[Path, list]
) -> None:
    plan = recipe(tmp_path, folder, STEPS)
    text = plan.read_text().replace("validation = 0.34", 'held_out = ["2"]')
    plan.write_text(text.replace("[network]", f'[network]\nstart = "{trained[0].as_posix()}"'))
    with pytest.raises(TrainingError, match="drawn was chosen or calibrated by 2, who would test"):
        train_detector(plan, tmp_path / "m.safetensors")


def test_stopping_saves_a_model(tmp_path: Path, folder: Path) -> None:
    steps: list[TrainingStep] = []
    plan, out = recipe(tmp_path, folder, 60), tmp_path / "m.safetensors"
    train_detector(plan, out, steps.append, stopped=counted(3))
    assert len(steps) == 3
    assert load_detector(out).card.metrics["step"] == 3


def test_slides_without_any_glomerulus_teach_nothing(tmp_path: Path, folder: Path) -> None:
    plan = recipe(tmp_path, folder, 60)
    text = plan.read_text()
    for number in range(3):
        text = text.replace(f'circles = "{folder.as_posix()}/{number}.csv"', "bare = true")
    plan.write_text(text)
    with pytest.raises(TrainingError, match="no glomerulus to learn from"):
        train_detector(plan, tmp_path / "m.safetensors")


def test_a_list_without_radii_is_named(tmp_path: Path, folder: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("x,y\n1,2\n")
    plan = recipe(tmp_path, folder, 60)
    plan.write_text(plan.read_text().replace(f"{folder.as_posix()}/1.csv", bad.as_posix()))
    with pytest.raises(UserError, match=r"bad\.csv.*radius"):
        train_detector(plan, tmp_path / "m.safetensors")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("detector_*.toml")), ids=lambda p: p.stem)
def test_the_recipes_that_come_along_are_valid(path: Path) -> None:
    assert load_recipe(path, DetectorRecipe).name.startswith("ggs-circlenet-")
