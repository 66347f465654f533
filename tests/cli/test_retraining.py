"""napari-ggs retrain and mine: words in, a model or a run out, faults in one line."""

import json
from pathlib import Path

import pytest

from napari_ggs.models import read_card
from napari_ggs.store import CaseStore
from napari_ggs.training import timing
from napari_ggs.training.record import record_path
from tests.test_cli import ggs
from tests.training.drawings import KINDS, write_patches
from tests.training.study import write_recipe, write_study
from tests.viewer.beginner import BACKBONE, PX, use_a_beginner


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


def test_a_study_makes_a_model_whose_card_names_nobody(study: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "tiny.toml", epochs=1), tmp_path / "better.safetensors"
    given = ("--study", study, "--out", out, "--recipe", recipe, "--leave-out", "Kim")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = ggs("retrain", *given, "--device", "cpu", **cache)
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first == f"The model is {out}, its card {out.with_suffix('.json')}"
    assert last == f"  napari-ggs compare ggs-lite0 {out} --study {study}"
    card = read_card(out.with_suffix(".json"))
    assert card.name == "better"
    assert card.trained_with.recipe == "tiny.toml"
    assert card.trained_with.command.startswith("napari-ggs retrain --study ... --out ")
    assert "Kim" not in card.model_dump_json()
    told = [json.loads(line) for line in record_path(out).read_text().splitlines()]
    assert [line["told"] for line in told][:2] == ["began", "estimated"]
    assert told[-1]["how"] == "done"


def test_a_dry_run_says_what_is_at_hand(study: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "tiny.toml"), tmp_path / "m.safetensors"
    given = ("--study", study, "--out", out, "--recipe", recipe, "--dry-run")
    done = ggs("retrain", *given, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Kim: normal 2 (+ 0 predicted), obsolescent 2 (+ 0 predicted)")
    assert lines[3] == "30 labels of 3 patients"
    assert lines[4].startswith("Few patients: 2 teach and 1 chooses the model")
    assert lines[5].startswith("The training takes about ")
    assert not record_path(out).exists()


@pytest.mark.parametrize(
    ("kinds", "patients", "more", "missing"),
    [
        ((), ("Kim", "Lee"), (), "Nothing to learn from yet"),
        (("normal",), ("Kim", "Lee"), (), "All labels are normal"),
        (KINDS, ("Kim",), (), "All labels are of one patient"),
        (KINDS[:2], ("Kim", "Lee"), (), "No label is "),
        (KINDS, ("Kim",), ("--task", "detection"), "Only Kim has a slide that is gone through"),
    ],
)
def test_a_dry_run_refuses_what_the_training_would(
    tmp_path: Path,
    kinds: tuple[str, ...],
    patients: tuple[str, ...],
    more: tuple[str, ...],
    missing: str,
) -> None:
    study = write_study(tmp_path, patients, KINDS, named=kinds)
    out = tmp_path / "m.safetensors"
    recipe = () if more else ("--recipe", write_recipe(tmp_path / "tiny.toml"))
    given = ("--study", study, "--out", out, *recipe, *more)
    told = ggs("retrain", *given, "--dry-run", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert told.returncode == 2
    assert told.stderr.startswith(f"error: {missing}")
    assert "takes about" not in told.stdout
    assert ggs("retrain", *given, XDG_CACHE_HOME=str(tmp_path / "cache")).returncode == 2


def test_patients_and_resolutions_that_nobody_told_are_named(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", ("", "Lee"))
    folder = write_patches(tmp_path / "p", ("ann",), each=1)
    recipe = write_recipe(tmp_path / "tiny.toml")
    given = ("--study", study, "--out", tmp_path / "m.safetensors", "--recipe", recipe)
    told = ggs("retrain", *given, "--patches", folder, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "1 slide has no patient: each counts as a patient of its own" in told.stdout
    assert f"5 of 5 patches in {folder} do not tell their um per pixel" in told.stdout


def test_the_model_in_use_is_gone_on_from_where_none_is_named(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_a_beginner(tmp_path, monkeypatch)
    timing._file().unlink()
    done = ggs("retrain", "--study", study, "--out", tmp_path / "m.safetensors", "--dry-run")
    assert done.returncode == 0, done.stderr
    [speed] = json.loads(timing._file().read_bytes())
    assert speed.startswith(f"classification {BACKBONE} {PX} px")


def test_a_fault_is_one_line(tmp_path: Path) -> None:
    given = ("--study", tmp_path / "none.ggs", "--out", tmp_path / "m.safetensors")
    done = ggs("retrain", *given)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.ggs" in done.stderr


def test_slides_are_mined_into_a_study(kidney: Path, tmp_path: Path) -> None:
    study, none = tmp_path / "s.ggs", tmp_path / "none.svs"
    done = ggs("mine", none, kidney, "--study", study, "--device", "cpu")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.svs" in done.stderr
    assert done.stdout.startswith("kidney: ")
    assert "are likely false" in done.stdout
    assert f"set the study (File > Preferences > Glomerulosclerosis) to\n  {study}\n" in done.stdout
    with CaseStore.open(study) as store:
        [run] = store.runs(store.slides()[0].id)
    assert run.finished
    assert run.thresholds.detection == 0.05
