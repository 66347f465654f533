"""napari-ggs circles: other programs' annotations into ours and back."""

from pathlib import Path

import pandas as pd

from tests.test_cli import ggs


def test_circles_are_converted_and_counted(kidney: Path, tmp_path: Path) -> None:
    truth = kidney.with_suffix(".truth.csv")
    done = ggs("circles", truth, "--out", tmp_path / "k.xml", "--slide", kidney)
    assert done.returncode == 0, done.stderr
    assert f"{len(pd.read_csv(truth))} circles (" in done.stdout
    again = ggs(
        "circles", tmp_path / "k.xml", "--out", tmp_path / "k.csv",
        "--map", "normal=glomerulus", "--map", "obsolescent=",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "without a class" in again.stdout
    assert "obsolescent" not in (tmp_path / "k.csv").read_text().replace("p_obsolescent", "")


def test_detections_that_a_format_cannot_tell_from_labels_are_said_to_be_left_out(
    tmp_path: Path,
) -> None:
    header = "x,y,radius,detection_score,predicted,label"
    rows = ["10,10,5,.9,normal,", "40,10,5,.8,normal,", "70,10,5,.7,normal,solidified"]
    (tmp_path / "run.csv").write_text("\n".join([header, *rows]))
    done = ggs("circles", tmp_path / "run.csv", "--out", tmp_path / "run.xml")
    counted, left_out = done.stdout.splitlines()
    assert counted.endswith("1 circles (solidified 1)")
    assert left_out.startswith("  2 detections that nobody labelled were left out")
    assert left_out.endswith("Write CSV or GeoJSON to keep them.")
    kept = ggs("circles", tmp_path / "run.csv", "--out", tmp_path / "run.geojson")
    assert len(kept.stdout.splitlines()) == 1


def test_faults_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y,radius,label\n1,2,3,GS\n")
    for words, complaint in [
        ((), "'GS'"),
        (("--map", "GS"), "--map GS says no new name"),
        (("--map", "GS=normal", "--leica", "--slide", tmp_path / "no.svs"), "no.svs"),
    ]:
        done = ggs("circles", tmp_path / "a.csv", "--out", tmp_path / "b.csv", *words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert complaint in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
