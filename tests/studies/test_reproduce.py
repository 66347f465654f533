"""The papers' studies run whole, at their smallest, and go on where they were."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from napari_ggs.circles import iou
from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.studies.external import ensemble_of
from napari_ggs.studies.reproduce import STUDIES, reproduce
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import StoppedError
from tests.training.drawings import write_patches


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory):
    """Phantoms that are drawn once, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def transfer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("transfer")
    return reproduce("transfer", out, "small").parent


class Second(NamedTuple):
    """A study in the folder of another, and the networks there, before it and after it."""

    folder: Path
    before: dict[Path, int]
    after: dict[Path, int]


@pytest.fixture(scope="module")
def second(transfer: Path) -> Second:
    before = written(transfer.parent, "*.safetensors")
    folder = reproduce("external", transfer.parent, "small").parent
    return Second(folder, before, written(transfer.parent, "*.safetensors"))


@pytest.fixture(scope="module")
def external(second: Second) -> Path:
    return second.folder


@pytest.fixture(scope="module")
def filtering(transfer: Path, second: Second) -> Path:  # noqa: ARG001
    """In the same folder, after the study whose networks are counted."""
    return reproduce("filtering", transfer.parent, "small").parent


def test_a_report_has_the_paper_s_table_beside_ours_and_says_that_the_data_differ(transfer) -> None:
    report = (transfer / "report.md").read_text()
    assert "0.983 ± 0.003" in report
    assert "Lite0-ImageNet" in report
    assert "data differ" in report
    table = pd.read_csv(transfer / "transfer_figures.csv")
    assert set(table["arm"]) == {"Lite0-RandInit", "Lite0-ImageNet"}
    assert table["mean"].between(0, 1).all()


def written(folder: Path, pattern: str) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (folder / "runs").glob(pattern)}


def test_what_is_finished_is_not_trained_again(transfer) -> None:
    before = written(transfer.parent, "*")
    reproduce("transfer", transfer.parent, "small")
    assert written(transfer.parent, "*") == before


def test_where_networks_compute_changes_nothing_about_what_is_finished(transfer) -> None:
    before = written(transfer.parent, "*")
    reproduce("transfer", transfer.parent, "small", device="cpu")
    assert written(transfer.parent, "*") == before


def test_studies_in_one_folder_share_what_they_train_alike(second) -> None:
    assert second.after == second.before != {}
    assert (second.folder / "report.md").is_file()


def test_runs_of_different_scales_are_kept_apart(transfer) -> None:
    with pytest.raises(UserError, match="another scale"):
        reproduce("transfer", transfer.parent, "medium")


def test_a_study_that_is_stopped_says_how_to_go_on(tmp_path) -> None:
    with pytest.raises(StoppedError, match="goes on"):
        reproduce("transfer", tmp_path, "small", stopped=lambda: True)
    assert not (tmp_path / "transfer" / "report.md").exists()


def test_a_detector_that_was_stopped_is_trained_to_its_end(filtering, tmp_path) -> None:
    shutil.copytree(filtering.parent / "runs", tmp_path / "runs")
    first = tmp_path / "runs" / "detector-v1-seed1.safetensors"
    whole = first.read_bytes()
    for file in filter(Path.is_file, (tmp_path / "runs").glob("detector-*")):
        file.unlink()
    asked = iter(range(1000))
    with pytest.raises(StoppedError):
        reproduce("filtering", tmp_path, "small", stopped=lambda: next(asked) > 0)
    assert first.read_bytes() != whole
    with pytest.raises(StoppedError):
        reproduce("filtering", tmp_path, "small", stopped=lambda: not state_path(first).is_file())
    assert first.read_bytes() == whole


PICTURES = {
    "circlemix": {
        "balanced_accuracy.png",
        "macro_f1.png",
        *(
            f"confusion_{mixing}_{model}.png"
            for mixing in ("none", "cutmix", "circlemix")
            for model in ("c5", "c5_nc2")
        ),
    },
    "external": {"roc_internal.png", "roc_external.png"},
    "filtering": {"roc_rejection.png", "pr_circlenet-v1.png", "pr_circlenet-v2.png"},
    "imbalance": {"imbalance.png"},
    "transfer": {"transfer.png"},
}


@pytest.mark.parametrize("study", sorted(STUDIES))
def test_every_study_runs_and_reports(study: str, request, tmp_path) -> None:
    done = study in ("transfer", "external", "filtering")
    out = request.getfixturevalue(study) if done else reproduce(study, tmp_path, "small").parent
    text = (out / "report.md").read_text()
    assert "fold 1 with seed 1" in text
    assert "(n = " in text or " n |" in text
    shown = {line.split("](")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert shown == {path.name for path in out.glob("*.png")} == PICTURES[study]
    assert json.loads((out.parent / "runs" / "studies.json").read_text())["scale"] == "small"


PATIENTS = [f"patient{number}" for number in range(1, 7)]


def test_a_study_of_one_s_own_patches_learns_from_and_is_tested_on_them(tmp_path) -> None:
    data = write_patches(tmp_path / "patches", PATIENTS)
    report = reproduce("transfer", tmp_path / "out", "small", data)
    assert "own patches" in report.read_text()
    (answers, *_) = (tmp_path / "out" / "runs").glob("*-test-*.csv")
    assert set(pd.read_csv(answers)["patient"]) < set(PATIENTS)


def test_a_patient_of_the_cohort_cannot_be_in_the_external_set(tmp_path) -> None:
    write_patches(tmp_path / "cohort", PATIENTS)
    write_patches(tmp_path / "elsewhere", ["stranger", "patient2"])
    with pytest.raises(UserError, match=r"patient2.*other patients"):
        reproduce("external", tmp_path / "out", "small", tmp_path)


def test_who_taught_the_classifier_cannot_test_it_as_a_filter(tmp_path) -> None:
    write_patches(tmp_path / "patches", PATIENTS)
    parts = {"biopsy": "a", "nephrectomy": "b", "test": "patient1,patient2,patient3"}
    rows = [
        f"{part}-1.svs,{part}-1.csv,{who},{part}"
        for part, names in parts.items()
        for who in names.split(",")
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(["slide,circles,patient,part", *rows]))
    with pytest.raises(UserError, match=r"patient\d is in the part test"):
        reproduce("filtering", tmp_path / "out", "small", tmp_path)


def test_what_the_first_detector_missed_is_not_taught_against(filtering) -> None:
    (curated,) = (filtering.parent / "runs").glob("*.curated.csv")
    rows, truth = pd.read_csv(curated), pd.read_csv(filtering.parent / "runs" / "nephrectomy-1.csv")
    known = rows[rows["label"] != "non-glomerulus"][["x", "y", "radius"]].to_numpy()
    every = truth[["x", "y", "radius"]].to_numpy()
    assert (iou(known, every).max(axis=0) >= 0.5).all()


def test_an_external_set_of_one_s_own_needs_both_folders(tmp_path) -> None:
    (tmp_path / "cohort").mkdir()
    with pytest.raises(UserError, match="two folders"):
        reproduce("external", tmp_path / "out", "small", tmp_path)


def test_a_folder_that_is_not_there_is_named_and_nothing_is_written(tmp_path) -> None:
    with pytest.raises(UserError, match=r"no folder .*nowhere"):
        reproduce("transfer", tmp_path / "out", "small", tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


def test_an_unknown_study_names_those_there_are(tmp_path) -> None:
    with pytest.raises(UserError, match="circlemix"):
        reproduce("everything", tmp_path)


def test_an_ensemble_is_the_mean_of_what_the_runs_say_of_each_patch() -> None:
    rows = {"file": ["a", "b", "a", "b"], "patient": "x", "label": "normal"}
    table = pd.DataFrame(rows | {column: [0.0, 0.2, 0.4, 0.6] for column in GGS.columns})
    column = next(iter(GGS.columns))
    alone = ensemble_of(table.assign(seed=[1, 1, 2, 2], fold=[1, 1, 2, 2]))
    assert alone["file"].tolist() == ["a", "b"]
    assert alone[column].tolist() == pytest.approx([0.2, 0.4])
    folds = ensemble_of(pd.concat([table.assign(seed=s, fold=[1, 1, 2, 2]) for s in (1, 2)]))
    assert folds[column].tolist() == pytest.approx([0.2, 0.4, 0.2, 0.4])
    assert folds["seed"].tolist() == [1, 1, 2, 2]
