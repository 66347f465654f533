"""Corrections make a new model of the one in use; who taught it and who chose it is on its card."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from napari_ggs import files
from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.models import load_classifier, read_card
from napari_ggs.review import Labelled
from napari_ggs.review.export import Subject
from napari_ggs.review.patches import export_patches
from napari_ggs.review.readings import as_left
from napari_ggs.store import CaseStore, database
from napari_ggs.store.locating import open_stored
from napari_ggs.store.patient_keys import known_as, patient_key
from napari_ggs.store.pseudonyms import Names
from napari_ggs.training.options import Options, classifier_plan
from napari_ggs.training.patch_sizes import told_unchecked
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.retraining import retrain, split_of
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import TrainingStep
from tests.posix import needs_limits, resource
from tests.training import test_detection
from tests.training.drawings import write_patches
from tests.training.study import did, write_recipe, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def options(study: Path, place: Path, **more: object) -> Options:
    recipe = write_recipe(place / "tiny.toml")
    given: dict = {"out": place / "m.safetensors", "recipe": str(recipe), **more}
    return Options(study, **given)


@pytest.fixture(scope="module")
def first(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return retrain(options(study, tmp_path_factory.mktemp("first")))


def test_a_model_learns_from_a_study_and_names_nobody(study: Path, first: Path) -> None:
    card = read_card(first.with_suffix(".json"))
    seen = card.patients_seen
    with CaseStore.open(study) as store:
        everyone = {key for name in ("Kim", "Lee", "Roe") for key in known_as(store, name)}
        assert everyone == {*seen.training, *seen.selection}
    assert not set(seen.training) & set(seen.selection)
    assert seen.selection == seen.calibration
    assert card.metrics["validation_patches"] == 10
    assert not [
        word for word in ("Kim", "Lee", "Roe", study.name) if word in card.model_dump_json()
    ]
    assert load_classifier(first).card.name == "m"


def test_each_epoch_s_last_step_tells_how_it_went(study: Path, tmp_path: Path) -> None:
    steps: list[TrainingStep] = []
    retrain(options(study, tmp_path), steps.append)
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]
    assert [step.confusion is not None for step in steps] == [False, False, True, True, True, True]
    assert steps[2].confusion is not None
    assert sum(map(sum, steps[2].confusion.counts)) == 10
    assert steps[2].merit == pytest.approx(steps[3].merit)


def test_going_on_from_a_model_other_patients_choose(
    study: Path, first: Path, tmp_path: Path
) -> None:
    wanted = options(study, tmp_path, start=str(first))
    card = read_card(retrain(wanted).with_suffix(".json"))
    before = read_card(first.with_suffix(".json"))
    assert card.parents == (before.name,)
    assert set(card.patients_seen.training) >= set(before.patients_seen.training)
    assert not set(card.patients_seen.selection) & set(before.patients_seen.training)


def test_where_everybody_has_taught_the_start_nobody_can_choose(
    study: Path, first: Path, tmp_path: Path
) -> None:
    chose = read_card(first.with_suffix(".json")).patients_seen.selection
    [patient] = [key for key in chose if key.startswith("study-patient-")]
    wanted = options(study, tmp_path, start=str(first), leave_out=(patient,))
    with pytest.raises(TrainingError, match="Every patient who was labelled has taught m: nobody"):
        retrain(wanted)


def test_it_can_be_stopped_and_goes_on(study: Path, first: Path, tmp_path: Path) -> None:
    steps: list[TrainingStep] = []
    wanted = options(study, tmp_path)
    retrain(wanted, steps.append, lambda: len(steps) >= 4)
    assert load_classifier(wanted.out).card.name == "m"
    assert wanted.goes_on
    retrain(wanted, steps.append)
    assert [step.done for step in steps] == [1, 2, 3, 4, 4, 5, 6]
    assert wanted.out.read_bytes() == first.read_bytes()
    assert not wanted.goes_on


def test_an_export_of_the_study_is_of_the_same_patients(study: Path, tmp_path: Path) -> None:
    for identify in (True, False):
        out = exported(study, tmp_path / str(identify), identify)
        with CaseStore.open(study) as store:
            keys = {name: patient_key(store, name) for name in ("Kim", "Lee", "Roe")}
        with_patches = options(study, tmp_path, patches=(out,), leave_out=("Kim",))
        split = split_of(classifier_plan(with_patches), gathered(with_patches), with_patches)
        assert len(split.training) + len(split.validation) == 40
        assert {*split.training.patients, *split.validation.patients} == {keys["Lee"], keys["Roe"]}


def exported(study: Path, out: Path, identify: bool = False) -> Path:
    with CaseStore.open(study) as store:
        for stored in store.slides():
            reading = as_left(store, store.runs(stored.id)[-1])
            with open_stored(stored) as slide:
                export_patches(Subject(stored, reading, Names.of(study, identify)), slide, out)
    return out


def gathered(wanted: Options) -> list[PatchSet]:
    from napari_ggs.training.classification import gather

    return gather(classifier_plan(wanted))


def test_a_detector_learns_from_a_study_too(study: Path, tmp_path: Path) -> None:
    text, data = test_detection.RECIPE.format(folder="", steps=2).split("[[data]]")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(f'{text}[[data]]\nkind = "study"\nstudy = "s.ggs"\nvalidation = 0.34\n')
    assert 'kind = "slides"' in data
    out = retrain(Options(study, tmp_path / "d.safetensors", "detection", str(recipe)))
    card = read_card(out.with_suffix(".json"))
    seen = card.patients_seen
    with CaseStore.open(study) as store:
        everyone = {key for name in ("Kim", "Lee", "Roe") for key in known_as(store, name)}
    assert everyone == {*seen.training, *seen.selection}
    assert card.metrics["selection_glomeruli"] == 8


# Bad input


def test_one_class_only_is_told(tmp_path: Path) -> None:
    study = write_study(tmp_path, kinds=("normal",))
    with pytest.raises(TrainingError, match="two classes or more, and all 6 are normal"):
        retrain(options(study, tmp_path))


def test_one_patient_only_is_told(tmp_path: Path) -> None:
    study = write_study(tmp_path, ("Kim",))
    with pytest.raises(TrainingError, match="All 10 labels are of one patient: at least two"):
        retrain(options(study, tmp_path))


def test_a_study_without_labels_is_told(tmp_path: Path) -> None:
    study = write_study(tmp_path, ("Kim",), kinds=("normal",))
    with CaseStore.open(study) as store:
        did(store, 1, Labelled((0, 1), ""))
    with pytest.raises(TrainingError, match="two classes or more, and there are none"):
        retrain(options(study, tmp_path))


@pytest.mark.parametrize("task", ["classification", "detection"])
def test_a_gpu_that_is_not_there_is_told_at_once(
    tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    wanted = Options(tmp_path / "none.ggs", tmp_path / "m.safetensors", task, device="cuda")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="PyTorch finds none: use --device auto or cpu"):
        retrain(wanted)


def test_patches_of_another_resolution_are_told(study: Path, tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "p", ("ann", "bob"), each=1)
    small = folder / "ann" / "normal" / "1.png"
    Image.open(small).resize((20, 20)).save(small)
    words = r"1 of 10 patches in .* of too low a resolution: ann/normal/1\.png has 20 px"
    with pytest.raises(RecipeError, match=words):
        retrain(options(study, tmp_path, patches=(folder,)))


def test_patches_that_show_more_than_their_circle_are_told(study: Path, tmp_path: Path) -> None:
    out = exported(study, tmp_path / "out")
    table = pd.read_csv(out / "manifest.csv", dtype=str)
    table["crop_mpp"] = "4.0"
    table.to_csv(out / "manifest.csv", index=False)
    words = "30 of 30 patches in .* another resolution .* shows 256 um, and its circle .* 64 um"
    with pytest.raises(RecipeError, match=words):
        retrain(options(study, tmp_path, patches=(out,)))


def test_a_cell_that_is_no_number_names_file_line_and_column(study: Path, tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "p", ("ann",), each=1)
    rows = ["file,patient,label,radius,mpp,crop_mpp"]
    rows += ["ann/normal/1.png,ann,normal,19.5,1,1", "ann/obsolescent/1.png,ann,normal,1O,1,1"]
    (folder / "manifest.csv").write_text("\n".join(rows))
    with pytest.raises(RecipeError, match=r"manifest\.csv, line 3, column 'radius': '1O' is no"):
        retrain(Options(study, tmp_path / "m.safetensors", patches=(folder,)))


def test_patches_that_do_not_tell_their_resolution_are_counted(tmp_path: Path) -> None:
    folder = write_patches(tmp_path / "p", ("ann",), each=1)
    assert "5 of 5 patches" in told_unchecked([folder], GGS)[0]
    head, cells = "file,patient,label,radius,mpp,crop_mpp", "ann,normal,19.5,1,1"
    rows = [head, f"ann/normal/1.png,{cells}", "ann/obsolescent/1.png,ann,normal,,1,1"]
    (folder / "manifest.csv").write_text("\n".join(rows))
    assert "1 of 2 patches" in told_unchecked([folder], GGS)[0]
    (folder / "manifest.csv").write_text("\n".join(rows[:2]))
    assert told_unchecked([folder], GGS) == []


def test_a_backbone_begins_anew_and_its_card_says_so(study: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", epochs=1)
    out = tmp_path / "m.safetensors"
    retrain(Options(study, out, recipe=str(recipe), backbone="efficientnet_lite0", device="cpu"))
    card = read_card(out.with_suffix(".json"))
    assert card.architecture.backbone == "efficientnet_lite0"
    assert card.parents == ("efficientnet_lite0 (ImageNet)",)


def test_a_study_that_somebody_keeps_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_study(tmp_path, ("Kim", "Lee"))
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with sqlite3.connect(study, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode=delete")
        db.execute("PRAGMA locking_mode=exclusive")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="another program keeps it locked"):
            retrain(options(study, tmp_path))
    db.close()
    with CaseStore.open(study) as store:
        assert store.verify() == []


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object], None]]:
    """Fills the disk once it is called: a limit on the size of files stands in for it."""
    monkeypatch.setitem(files._REASONS, errno.EFBIG, files._REASONS[errno.ENOSPC])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@needs_limits
def test_a_full_disk_leaves_what_was_saved(
    study: Path, tmp_path: Path, fill_disk: Callable[[object], None]
) -> None:
    steps: list[TrainingStep] = []
    wanted = options(study, tmp_path)
    retrain(wanted, steps.append, lambda: len(steps) >= 4)
    before = (tmp_path / "m.training.safetensors").read_bytes()
    model = wanted.out.read_bytes()
    with pytest.raises(UserError, match=r"training\.safetensors: the disk is full"):
        retrain(wanted, fill_disk)
    assert (tmp_path / "m.training.safetensors").read_bytes() == before
    assert wanted.out.read_bytes() == model
