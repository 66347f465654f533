"""What leaves a study: tables and patches that read back, and nobody's name unless asked."""

import csv
import hashlib
import math
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange import read_circles
from napari_ggs.exchange.imagescope_reading import read_imagescope
from napari_ggs.glomeruli import GEOMETRY, Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import (
    Assessed,
    Drawn,
    Event,
    Flagged,
    Labelled,
    Moved,
    Noted,
    Removed,
    Session,
    Settled,
)
from napari_ggs.review.export import ENDINGS, Format, Subject, export_table
from napari_ggs.review.patches import COLUMNS, export_patches
from napari_ggs.review.readings import CONSENSUS, Reading, as_left
from napari_ggs.slides import Slide, SlideError
from napari_ggs.store import CaseStore, SlideInfo, StoredRun, StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.store.pseudonyms import Names, folder_name
from napari_ggs.training.folder_patches import folder_patches
from napari_ggs.training.labelled_files import labelled_files
from tests.review.test_kept_session import opened
from tests.store.studies import MODELS
from tests.tables import tables

PATIENT, READER = "Smith, John", "Dr Anna Bell"
OTHERS: tuple[Format, ...] = ("csv", "parquet", "geojson", "imagescope")
N = 8


class Kept:
    """A study of one slide with a run of `N` circles in a row."""

    def __init__(self, folder: Path, slide: Slide) -> None:
        self.store = CaseStore.open(folder / "trial.ggs")
        info = SlideInfo(
            slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.mpp
        )
        self.slide = self.store.add_slide(info, PATIENT, "case 7")
        self.run = self.store.begin_run(self.slide, GGS, MODELS, Thresholds(0.2, 0.5))
        rows = self.rows()
        self.store.add_circles(self.run, rows)
        self.store.finish_run(self.run, rows, {})

    @staticmethod
    def rows() -> pd.DataFrame:
        circles = [(200.0 + 200 * i, 400.25, 60 + i / 3) for i in range(N)]
        p = np.random.default_rng(3).dirichlet(np.ones(len(GGS.classes)), N)
        return glomeruli.build(circles, np.linspace(0.1, 0.9, N), p, GGS)

    def did(self, *events: Event, who: str = READER) -> Session:
        session = opened(self.store, self.run, who)
        for event in events:
            session.apply(event)
        return session

    def reading(self, reviewer: str | None = None) -> Reading:
        return as_left(self.store, self.store.run(self.run), reviewer)

    def subject(self, identify: bool = False, reviewer: str | None = None) -> Subject:
        names = Names.of(self.store.path, identify)
        return Subject(self.store.slides()[0], self.reading(reviewer), names)


@pytest.fixture
def kept(tmp_path: Path, kidney_slide: Slide) -> Iterator[Kept]:
    made = Kept(tmp_path, kidney_slide)
    yield made
    made.store.close()


@pytest.fixture
def reviewed(kept: Kept) -> Kept:
    kept.did(
        Labelled((0, 1), "solidified"),
        Labelled((2, 5), "non-glomerulus"),
        Labelled((3, 4, 6), "normal"),
        Assessed((3,), "uncertain"),
        Assessed((4,), "cut"),
        Removed((5,)),
        Flagged((0,), "segmental"),
        Flagged((0,), "as in Smith"),
        Noted((1,), f"{PATIENT} told me"),
        Drawn(333.5, 901.125, 70.75, "obsolescent"),
        Moved((1,), np.array([[410.5, 402.0, 66.0]])),
    )
    return kept


def manifest(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


def files(out: Path) -> list[Path]:
    return sorted(path for path in out.rglob("*") if path.is_file())


def test_a_table_has_the_contract_s_columns_first_and_reads_back(
    reviewed: Kept, tmp_path: Path
) -> None:
    path, number = export_table(reviewed.subject(identify=True), tmp_path / "out")
    table = pd.read_csv(path, keep_default_na=False)
    told = ["cut", "assessment", "flags", "note", "reviewer", "detector", "classifier"]
    assert list(table.columns) == [*glomeruli.columns(GGS), *told]
    state = reviewed.reading().table
    assert number == len(table) == N + 1 - 1
    back = read_circles(path)
    assert np.array_equal(back[GEOMETRY], state[GEOMETRY].astype(float))
    assert back["label"].tolist() == state["label"].tolist()
    assert back["cut"].tolist() == (state["assessment"] == "cut").tolist()
    noted = table.loc[table["note"] != "", "note"]
    assert noted.tolist() == [f"{PATIENT} told me"]
    assert set(table["reviewer"]) == {READER}
    assert set(table["classifier"]) == {f"lite0 ({'c' * 12})"}


def test_parquet_says_what_csv_says(reviewed: Kept, tmp_path: Path) -> None:
    subject = reviewed.subject()
    text = pd.read_csv(export_table(subject, tmp_path)[0], keep_default_na=False)
    table = pd.read_parquet(export_table(subject, tmp_path, "parquet")[0])
    assert list(table.columns) == list(text.columns)
    assert table["flags"].tolist() == text["flags"].tolist()
    state = reviewed.reading().table
    assert np.array_equal(table[GEOMETRY], state[GEOMETRY].astype(float))
    assert table["label"].tolist() == state["label"].tolist()


@pytest.mark.parametrize("written", ["geojson", "imagescope"])
def test_a_format_that_cannot_tell_doubts_leaves_doubtful_circles_out(
    reviewed: Kept, tmp_path: Path, written: Format
) -> None:
    path, number = export_table(reviewed.subject(), tmp_path, written)
    back = read_circles(path)
    state = reviewed.reading().table.loc[3]
    assert len(back) == number
    assert not np.isclose(back["x"], state["x"]).any()
    assert back["cut"].sum() == 1


def a_subject(table: pd.DataFrame) -> Subject:
    """A review of circles that nobody has kept."""
    words = dict.fromkeys(["assessment", "flags", "note"], "")
    run = StoredRun(1, 1, 1, None, GGS, {}, Thresholds(0.0, 0.5), None, True, {})  # type: ignore[arg-type]
    info = ("f" * 32, "a", Path("a.svs"), 30000, 20000, 0.25)
    slide = StoredSlide(*info, 1, "case", "patient")
    return Subject(slide, Reading(run, "ann", table.assign(**words)), Names(b"k" * 32))


@given(table=tables(GGS), written=st.sampled_from(OTHERS), leica=st.booleans())
@settings(max_examples=80)
def test_every_format_keeps_centre_radius_and_class(
    table: pd.DataFrame, written: Format, leica: bool
) -> None:
    with TemporaryDirectory() as folder:
        path, number = export_table(a_subject(table), Path(folder), written, leica)
        if written == "parquet":
            back = pd.read_parquet(path)
        elif written == "imagescope":
            back = read_imagescope(path, 20000 if leica else None)
        else:
            back = read_circles(path)
    told = table
    if written == "imagescope":
        known = (table["label"] != "") | table["detection_score"].isna()
        told = table[known].sort_values("label", kind="stable")
        back = back.assign(label=back["label"].replace("glomerulus", ""))
    assert number == len(told) == len(back)
    exact = 1e-9 * 1e6 if written == "imagescope" else 0  # corners of a box: a few last digits
    got, due = back[GEOMETRY].to_numpy(float), told[GEOMETRY].to_numpy(float)
    assert np.abs(got - due).max(initial=0) <= exact
    assert back["label"].tolist() == told["label"].tolist()


def test_patches_are_the_labelled_circles_and_train(
    reviewed: Kept, kidney_slide: Slide, tmp_path: Path
) -> None:
    out, subject = tmp_path / "out", reviewed.subject()
    assert export_patches(subject, kidney_slide, out) == (6, 0)
    listed = labelled_files(out, GGS)
    counts = {name: sum(file.label == name for file in listed) for name in GGS.classes}
    assert counts == {
        "normal": 2,
        "obsolescent": 1,
        "solidified": 2,
        "disappearing": 0,
        "non-glomerulus": 1,
    }
    assert {file.patient for file in listed} == {subject.patient}
    learnt = folder_patches(out, GGS)
    assert sorted(learnt.labels) == sorted(file.label for file in listed)
    (out / "manifest.csv").unlink()
    assert labelled_files(out, GGS) == listed


def test_the_manifest_says_where_each_patch_is_from(
    reviewed: Kept, kidney_slide: Slide, tmp_path: Path
) -> None:
    subject = reviewed.subject(identify=True)
    export_patches(subject, kidney_slide, tmp_path / "out")
    rows = manifest(tmp_path / "out")
    assert list(rows[0]) == COLUMNS
    state = reviewed.reading().table.set_index("id")
    for row in rows:
        path = tmp_path / "out" / row["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        circle = state.loc[int(path.stem)]
        assert [float(row[axis]) for axis in GEOMETRY] == circle[GEOMETRY].tolist()
        assert row["label"] == path.parent.name == circle["label"]
        assert (row["patient"], row["reviewer"]) == (PATIENT, READER)
        assert (row["detector"], row["detector_sha256"]) == ("circlenet", "d" * 64)
        assert float(row["mpp"]) == kidney_slide.mpp
        side = Image.open(path).width * float(row["crop_mpp"])
        assert math.isclose(side, 2 * (float(row["radius"]) * 1.0 + 12.5), rel_tol=1e-9)


def test_a_patch_shows_the_pixels_of_its_circle_and_is_never_too_large(
    kept: Kept, kidney_slide: Slide, tmp_path: Path
) -> None:
    kept.did(
        Moved((0, 1), np.array([[500.0, 500.0, 87.5], [900.0, 700.0, 600.0]])),
        Labelled((0, 1), "normal"),
    )
    export_patches(kept.subject(), kidney_slide, tmp_path, "tif")
    small, large = (np.asarray(Image.open(tmp_path / row["file"])) for row in manifest(tmp_path))
    assert np.array_equal(small, kidney_slide.read(400, 400, 200, 200))
    assert large.shape == (512, 512, 3)


def test_exporting_again_replaces_what_is_of_the_same_slide_alone(
    reviewed: Kept, kidney_slide: Slide, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_patches(reviewed.subject(), kidney_slide, out)
    other = dict.fromkeys(COLUMNS, "other") | {"file": "o/other/normal/001.png"}
    with (out / "manifest.csv").open("a") as file:
        csv.DictWriter(file, COLUMNS).writerow(other)
    reviewed.did(Labelled((0,), "obsolescent"))
    reviewed.store.assign(reviewed.slide, "Jane Roe", "case 7", reviewed.store.begin_session("x"))
    before = {row["file"] for row in manifest(out)} - {other["file"]}
    export_patches(reviewed.subject(reviewer=READER), kidney_slide, out)
    after = {row["file"] for row in manifest(out)}
    assert other["file"] in after
    assert len(after) == 7
    assert not before & after
    images = {path.relative_to(out).as_posix() for path in files(out)} - {"manifest.csv"}
    assert images == after - {other["file"]}


def test_an_export_that_breaks_off_leaves_the_one_before(
    reviewed: Kept, kidney_slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export_patches(reviewed.subject(), kidney_slide, out)
    before = {path: path.read_bytes() for path in files(out)}
    reviewed.did(Labelled((0,), "obsolescent"))

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(UserError, match="disk is full"):
        export_patches(reviewed.subject(), kidney_slide, out)
    assert {path: path.read_bytes() for path in files(out)} == before


def test_files_of_a_person_are_not_removed(
    reviewed: Kept, kidney_slide: Slide, tmp_path: Path
) -> None:
    subject = reviewed.subject()
    export_patches(subject, kidney_slide, tmp_path / "out")
    mine = tmp_path / "out" / subject.folder / "thesis.docx"
    mine.write_text("mine")
    with pytest.raises(UserError, match=r"thesis\.docx"):
        export_patches(subject, kidney_slide, tmp_path / "out")
    assert mine.read_text() == "mine"
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.csv").write_text("file,label,patient\n")
    with pytest.raises(UserError, match=r"manifest\.csv"):
        export_patches(subject, kidney_slide, tmp_path / "foreign")


def bytes_of(out: Path) -> bytes:
    """Everything that an export says: names and contents."""
    return b"\n".join(str(p.relative_to(out)).encode() + b"\n" + p.read_bytes() for p in files(out))


def exported(kept: Kept, slide: Slide, out: Path, identify: bool) -> bytes:
    subject = kept.subject(identify)
    for written in ENDINGS:
        export_table(subject, out, written)
    export_patches(subject, slide, out)
    export_patches(subject, slide, out / "tiff", "tif")
    return bytes_of(out)


def test_no_name_leaves_unless_asked(reviewed: Kept, kidney_slide: Slide, tmp_path: Path) -> None:
    told = exported(reviewed, kidney_slide, tmp_path / "out", identify=False)
    path = kidney_slide.path
    secret = ["Smith", READER, "Anna Bell", path.name, path.stem, str(path.parent), "case 7"]
    secret += [kidney_slide.fingerprint, kidney_slide.fingerprint[:8], "trial", "told me"]
    assert [word for word in secret if word.lower().encode() in told.lower()] == []
    assert b"segmental" in told


def test_names_leave_where_asked(reviewed: Kept, kidney_slide: Slide, tmp_path: Path) -> None:
    told = exported(reviewed, kidney_slide, tmp_path / "out", identify=True)
    for word in (PATIENT, READER, kidney_slide.path.stem, "told me"):
        assert word.encode() in told
    assert not (tmp_path / "trial.ggs.key").exists()


def test_pseudonyms_are_the_same_throughout_a_study_and_others_in_another(tmp_path: Path) -> None:
    one, again = Names.of(tmp_path / "a.ggs"), Names.of(tmp_path / "a.ggs")
    other = Names.of(tmp_path / "b.ggs")
    assert one.patient("Ann") == again.patient("Ann") != other.patient("Ann")
    assert len({one.patient("Ann"), one.reader("Ann"), one.patient("Bob")}) == 3
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "a.ggs.key").stat().st_mode) == 0o600


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ggs.key").write_bytes(b"short")
    with pytest.raises(UserError, match="no key"):
        Names.of(tmp_path / "a.ggs")


@pytest.mark.parametrize("name", ["../../up", "..", "", "a/b\\c:d", ".hidden", "con\n?"])
def test_a_name_is_one_folder_below(name: str) -> None:
    made = folder_name(name)
    assert made
    assert Path(made).name == made
    assert not made.startswith(".")


def test_the_only_reader_is_exported_and_of_several_one_must_be_named(kept: Kept) -> None:
    assert kept.reading().reader == ""
    kept.did(Labelled((0,), "normal"))
    assert kept.reading().reader == READER
    kept.did(Labelled((0, 1), "solidified"), Removed((2,)), who="bob")
    with pytest.raises(UserError, match="disagree on 1 circles"):
        kept.reading()
    assert kept.reading("bob").table.loc[0, "label"] == "solidified"
    assert kept.reading(READER).table.loc[0, "label"] == "normal"
    with pytest.raises(UserError, match="eve"):
        kept.reading("eve")


def test_readers_who_settled_are_exported_together(kept: Kept) -> None:
    kept.did(Labelled((0,), "normal"), Assessed((0, 3), "uncertain"), Labelled((4,), "normal"))
    kept.did(Labelled((0, 1, 3), "solidified"), Removed((2, 4)), who="bob")
    kept.did(Settled((0, 4), "obsolescent"), who="bob")
    reading = kept.reading()
    assert reading.reader == CONSENSUS
    assert not reading.by_one
    assert reading.table.loc[[0, 1, 4], "label"].tolist() == [
        "obsolescent",
        "solidified",
        "obsolescent",
    ]
    assert reading.table["assessment"].loc[[0, 3]].tolist() == ["", "uncertain"]
    assert 2 not in reading.table.index
    assert kept.subject().reviewer == CONSENSUS


def test_a_moved_slide_is_found_by_its_content(kept: Kept, kidney: Path, tmp_path: Path) -> None:
    stored = kept.store.slides()[0]
    moved = replace(stored, path=tmp_path / "gone" / kidney.name)
    with open_stored(moved, [tmp_path, kidney.parent]) as slide:
        assert slide.fingerprint == stored.fingerprint
    with pytest.raises(SlideError, match="--slides"):
        open_stored(moved, [tmp_path])


def test_another_slide_of_the_same_name_is_not_taken_for_it(kept: Kept) -> None:
    stored = replace(kept.store.slides()[0], fingerprint="0" * 32)
    assert stored.path.exists()
    with pytest.raises(SlideError, match="--slides"):
        open_stored(stored)
