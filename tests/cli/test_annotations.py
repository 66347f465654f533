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
