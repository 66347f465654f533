"""napari-ggs retrain and mine: words in, a model or a run out, faults in one line."""

import json
from pathlib import Path

import pytest

from napari_ggs.models import read_card
from napari_ggs.store import CaseStore
from napari_ggs.training import timing
from napari_ggs.training.record import record_path
from tests.test_cli import ggs
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
    assert lines[4].startswith("The training takes about ")
    assert not record_path(out).exists()


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
