"""napari-ggs study: what a study holds, whether it is whole, out and in again."""

import sqlite3
from pathlib import Path

import pytest

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, SlideInfo
from tests.review.test_export import Kept
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


@pytest.fixture
def reviewed(tmp_path: Path, kidney_slide: Slide) -> Path:
    kept = Kept(tmp_path, kidney_slide)
    kept.did(Labelled((0,), "solidified"), Labelled((1,), "non-glomerulus"))
    kept.store.close()
    return tmp_path / "trial.ggs"


def test_a_review_is_exported_with_patches(reviewed: Path, tmp_path: Path) -> None:
    done = ggs("study", "review", reviewed, "--out", tmp_path / "out", "--patches")
    assert done.returncode == 0, done.stderr
    assert "8 circles, 2 patches" in done.stdout
    assert len([*(tmp_path / "out").rglob("*.png")]) == 2
    assert len([*(tmp_path / "out").glob("patient-*/slide-*.csv")]) == 1


@pytest.mark.parametrize(
    ("written", "ending"),
    [("csv", "csv"), ("parquet", "parquet"), ("geojson", "geojson"), ("imagescope", "xml")],
)
def test_a_review_is_exported_in_each_format(
    reviewed: Path, tmp_path: Path, written: str, ending: str
) -> None:
    done = ggs(
        "study", "review", reviewed, "--out", tmp_path / "out", "--format", written, "--identify"
    )
    assert done.returncode == 0, done.stderr
    assert [p.suffix for p in (tmp_path / "out").rglob("kidney-*")] == [f".{ending}"]


def test_a_slide_whose_file_is_gone_is_told_and_the_others_go_on(
    reviewed: Path, kidney: Path, tmp_path: Path
) -> None:
    out, words = tmp_path / "out", ("study", "review", reviewed, "--patches")
    with CaseStore.open(reviewed) as store:
        gone = SlideInfo("0" * 32, "gone", tmp_path / "gone.svs", 2000, 1600, 1.0)
        run = store.begin_run(store.add_slide(gone), GGS, {}, Thresholds())
        store.add_circles(run, Kept.rows())
        store.finish_run(run, Kept.rows(), {})
        known = store.slides()[0]
        store.add_slide(replace_path(known, tmp_path / kidney.name))
    done = ggs(*words, "--out", out, "--slides", kidney.parent)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "gone.svs" in done.stderr
    assert len([*out.rglob("*.png")]) == 2
    assert len([*out.rglob("slide-*.csv")]) == 2


def replace_path(slide: SlideInfo, path: Path) -> SlideInfo:
    return SlideInfo(slide.fingerprint, slide.name, path, slide.width, slide.height, slide.mpp)


def test_of_readers_who_disagree_one_must_be_named(reviewed: Path, tmp_path: Path) -> None:
    with CaseStore.open(reviewed) as store:
        opened(store, 1, "bob").apply(Labelled((0,), "normal"))
    words = ("study", "review", reviewed, "--out", tmp_path / "out")
    done = ggs(*words)
    assert done.returncode == 2
    assert "--reviewer" in done.stderr
    assert ggs(*words, "--reviewer", "bob").returncode == 0
