"""The papers' studies run whole, at their smallest, and go on where they were."""

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.errors import UserError
from napari_ggs.lesions import GGS
from napari_ggs.studies.arms import StoppedError
from napari_ggs.studies.external import ensemble_of
from napari_ggs.studies.reproduce import STUDIES, reproduce


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


def test_a_report_has_the_paper_s_table_beside_ours_and_says_that_the_data_differ(transfer) -> None:
    report = (transfer / "report.md").read_text()
    assert "0.983 ± 0.003" in report
    assert "Lite0-ImageNet" in report
    assert "data differ" in report
    table = pd.read_csv(transfer / "transfer_figures.csv")
    assert set(table["arm"]) == {"Lite0-RandInit", "Lite0-ImageNet"}
    assert table["mean"].between(0, 1).all()


def test_what_is_finished_is_not_trained_again(transfer) -> None:
    runs = sorted((transfer / "runs").glob("*.csv"))
    before = {path: path.stat().st_mtime_ns for path in runs}
    reproduce("transfer", transfer, "small")
    assert before == {path: path.stat().st_mtime_ns for path in runs}


def test_runs_of_different_studies_are_kept_apart(transfer) -> None:
    with pytest.raises(UserError, match="another study"):
        reproduce("imbalance", transfer, "small")


def test_a_study_that_is_stopped_says_how_to_go_on(tmp_path) -> None:
    with pytest.raises(StoppedError, match="goes on"):
        reproduce("transfer", tmp_path, "small", stopped=lambda: True)
    assert not (tmp_path / "report.md").exists()


@pytest.mark.parametrize("study", sorted(set(STUDIES) - {"transfer"}))
def test_every_study_runs_and_reports(study: str, tmp_path) -> None:
    report = reproduce(study, tmp_path, "small")
    text = report.read_text()
    assert text.startswith("# ")
    for line in text.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.split("](")[1].rstrip(")")).stat().st_size > 1000
    assert json.loads((tmp_path / "runs" / "study.json").read_text())["study"] == study


def test_an_unknown_study_names_those_there_are(tmp_path) -> None:
    with pytest.raises(UserError, match="circlemix"):
        reproduce("everything", tmp_path)


def test_an_ensemble_is_the_mean_of_what_the_runs_say_of_each_patch() -> None:
    rows = {"file": ["a", "b", "a", "b"], "patient": "x", "label": "normal", "run": [1, 1, 2, 2]}
    table = pd.DataFrame(rows | {column: [0.0, 0.2, 0.4, 0.6] for column in GGS.columns})
    mean = ensemble_of(table)
    assert mean["file"].tolist() == ["a", "b"]
    assert mean[next(iter(GGS.columns))].tolist() == pytest.approx([0.2, 0.4])
    assert set(mean["run"]) == {1}
