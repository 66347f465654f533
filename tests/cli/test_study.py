"""napari-ggs study: what a study holds, whether it is whole, out and in again."""

import sqlite3
from pathlib import Path

import pytest

from napari_ggs.review import Labelled
from tests.review.test_kept_session import opened, study
from tests.test_cli import ggs


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    store, run = study(tmp_path)
    opened(store, run).apply(Labelled((1,), "solidified"))
    store.close()
    return tmp_path / "study.ggs"


def test_a_study_is_listed_checked_exported_and_imported(kept: Path, tmp_path: Path) -> None:
    listed = ggs("study", "list", kept)
    assert listed.returncode == 0, listed.stderr
    assert "1 run  readers: ann" in listed.stdout
    assert ggs("study", "verify", kept).stdout.strip().endswith("is whole.")
    dump, copy = tmp_path / "dump.jsonl.gz", tmp_path / "copy.ggs"
    assert ggs("study", "export", kept, "--out", dump).returncode == 0
    assert "1 slides now" in ggs("study", "import", dump, "--into", copy).stdout
    assert ggs("study", "list", copy).stdout == listed.stdout
    again = ggs("study", "import", dump, "--into", copy)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1


def test_a_study_that_somebody_tampered_with_is_told(kept: Path) -> None:
    with sqlite3.connect(kept) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE changes SET new = 'normal' WHERE field = 'label'")
    done = ggs("study", "verify", kept)
    assert done.returncode == 2
    assert str(kept) in done.stderr


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_study_that_is_not_there_is_not_made(command: str, tmp_path: Path) -> None:
    done = ggs("study", command, tmp_path / "none.ggs")
    assert done.returncode == 2
    assert "none.ggs" in done.stderr
    assert not list(tmp_path.iterdir())
