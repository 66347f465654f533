"""napari-ggs study next: a table of what to label, and what to do with it."""

from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.store import CaseStore
from tests.test_cli import ggs
from tests.training.drawings import KINDS
from tests.training.study import add_run, add_slide, write_slide, write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = write_study(tmp_path / "study", ("Kim",))
    with CaseStore.open(path) as store:
        for seed, name in enumerate(("Lee", "Roe"), start=5):
            slide = path.parent / f"{name}.tif"
            write_slide(slide, KINDS, seed)
            add_run(store, add_slide(store, slide, name), len(KINDS))
    return path


def test_a_table_is_written_and_the_next_step_is_told(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "next.csv"
    done = ggs("study", "next", study, "--count", 7, "--out", out, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(out)
    assert table["order"].tolist() == [*range(1, 8)]
    for name, rows in table.groupby("slide"):
        assert f"{name}: {len(rows)} to label (predicted " in done.stdout
    assert "7 of 10 circles without a label" in done.stdout
    assert f"napari-ggs retrain --study {study}" in done.stdout


def test_a_slide_that_is_gone_is_one_line_and_exit_code_2(study: Path, tmp_path: Path) -> None:
    (study.parent / "Lee.tif").unlink()
    out = tmp_path / "next.csv"
    done = ggs("study", "next", study, "--out", out)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert set(pd.read_csv(out)["slide"]) == {"Roe"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--count", "0"], "Found 0"),
        (["--model", "nosuch"], "There is no model 'nosuch'"),
        (["--model", "ggs-circlenet-lite0"], "for detection"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    study: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    done = ggs("study", "next", study, "--out", tmp_path / "next.csv", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "next.csv").exists()
