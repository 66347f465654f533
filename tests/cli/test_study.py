"""napari-ggs study: what a study holds, whether it is whole, out and in again."""

import gzip
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, SlideInfo
from tests.review.readers import Readers
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
    assert ggs("study", "list", copy).stdout.splitlines()[1:] == listed.stdout.splitlines()[1:]
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
    assert "8 circles (.csv), 2 patches (.png) in patient-" in done.stdout
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


def test_several_tables_are_written_at_once(reviewed: Path, tmp_path: Path) -> None:
    done = ggs(
        *("study", "review", reviewed, "--out", tmp_path / "out"),
        *("--format", "csv", "--format", "geojson"),
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.suffix for p in (tmp_path / "out").rglob("slide-*")) == [".csv", ".geojson"]


def test_a_slide_that_was_moved_and_renamed_is_found_by_its_content(
    reviewed: Path, kidney: Path, tmp_path: Path
) -> None:
    with CaseStore.open(reviewed) as store:
        store.add_slide(replace_path(store.slides()[0], tmp_path / "gone" / "kidney.svs"))
    archive = tmp_path / "archive" / "2026"
    archive.mkdir(parents=True)
    (archive.parent / "kidney.svs").write_bytes(b"another thing of that name")
    (archive / "A-17.svs").hardlink_to(kidney)
    words = ("study", "review", reviewed, "--patches", "--out", tmp_path / "out")
    lost = ggs(*words)
    assert lost.returncode == 2
    assert "--slides" in lost.stderr
    assert "8 circles (.csv)" in lost.stdout, "the table needs no file"
    found = ggs(*words, "--slides", tmp_path / "archive")
    assert found.returncode == 0, found.stderr
    assert "2 patches" in found.stdout


def test_a_copy_has_the_same_pseudonyms_if_its_owner_copies_the_key(
    reviewed: Path, tmp_path: Path
) -> None:
    def pseudonyms(study: Path, out: Path) -> list[str]:
        assert ggs("study", "review", study, "--out", out).returncode == 0
        return sorted(path.name for path in out.rglob("*"))

    first = pseudonyms(reviewed, tmp_path / "first")
    dump = tmp_path / "dump.jsonl.gz"
    assert "trial.ggs.key" in ggs("study", "export", reviewed, "--out", dump).stdout
    with gzip.open(dump, "rt") as text:
        assert (tmp_path / "trial.ggs.key").read_bytes().hex() not in text.read()
    for name in ("same.ggs", "other.ggs"):
        words = ggs("study", "import", dump, "--into", tmp_path / name).stdout
        assert f"{name}.key" in words
    (tmp_path / "same.ggs.key").write_bytes((tmp_path / "trial.ggs.key").read_bytes())
    assert pseudonyms(tmp_path / "same.ggs", tmp_path / "second") == first
    assert pseudonyms(tmp_path / "other.ggs", tmp_path / "third") != first


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


@pytest.fixture
def read_twice(tmp_path: Path) -> Path:
    """Two slides of two patients, each read by ann and bob."""
    for number, letters in enumerate(("nnnnoooo", "nnnsoooo")):
        kept = Readers(tmp_path, 8, name=f"slide {number}", patient=f"Smith {number}")
        kept.named("ann", "nnnnoooo")
        kept.named("bob", letters)
        kept.store.close()
    return tmp_path / "study.ggs"


def test_how_far_readers_agree_is_told_and_written(read_twice: Path, tmp_path: Path) -> None:
    done = ggs("study", "agreement", read_twice, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "slide 0: ann and bob: kappa 1.00, 8 circles, alike on 8" in done.stdout
    assert "slide 1: ann and bob: kappa 0.78" in done.stdout
    assert "all slides: ann and bob: kappa 0.88, 16 circles, alike on 15" in done.stdout
    assert "slide 1: 1 to settle, 0 settled" in done.stdout
    written = {path.stem: path for path in (tmp_path / "out").glob("*.csv")}
    assert {*written} == {"agreement", "confusion", "disagreements"}
    kappa = pd.read_csv(written["agreement"]).query("figure == 'kappa'")
    assert kappa["value"].tolist() == pytest.approx([1, 7 / 9, 15 / 17], abs=1e-3)
    pairs = pd.read_csv(written["confusion"]).query("slide == 'all slides'")
    assert pairs[["class", "of_other", "circles"]].to_numpy().tolist() == [
        ["normal", "normal", 7],
        ["normal", "solidified", 1],
        ["obsolescent", "obsolescent", 8],
    ]
    (row,) = pd.read_csv(written["disagreements"], keep_default_na=False).to_dict("records")
    assert (row["kind"], row["consensus"]) == ("class", "")
    for path in written.values():
        assert not {"ann", "bob", "slide 1", "Smith"} & {*path.read_text().split(",")}


def test_names_stand_in_the_tables_if_they_are_asked_for(read_twice: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("study", "agreement", read_twice, "--slide", "slide 1", "--identify")
    done = ggs(*words, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "slide 0" not in done.stdout
    row = pd.read_csv(out / "disagreements.csv", keep_default_na=False).iloc[0]
    assert (row["ann"], row["bob"]) == ("normal", "solidified")


def test_agreement_on_a_slide_that_is_not_there_is_refused(read_twice: Path) -> None:
    done = ggs("study", "agreement", read_twice, "--slide", "none")
    assert done.returncode == 2
    assert "slide 0, slide 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_agreement_of_one_reader_is_refused(kept: Path) -> None:
    done = ggs("study", "agreement", kept)
    assert done.returncode == 2
    assert "two readers" in done.stderr
    assert len(done.stderr.splitlines()) == 1
