"""The demo: a phantom, its results, and how they stand to the truth."""

import re
import shutil
from pathlib import Path

import pandas as pd

from napari_ggs import demo
from tests.test_cli import ggs


def test_the_demo_analyses_a_phantom_and_compares_with_its_truth(
    kidney: Path, tmp_path: Path, monkeypatch
) -> None:
    """A small phantom that is there already stands in for the demo's own."""

    def copied(path: Path, *_: object, **__: object) -> int:
        shutil.copy(kidney.with_suffix(".truth.csv"), path.with_suffix(".truth.csv"))
        shutil.copy(kidney, path)
        return 0

    monkeypatch.setattr(demo, "write_phantom", copied)
    done = ggs("demo", "--out", tmp_path / "demo", "--no-view")
    assert done.returncode == 0, done.stderr
    endings = ("csv", "geojson", "json", "png", "svs", "truth.csv")
    names = {f"phantom_kidney.{ending}" for ending in endings}
    assert {path.name for path in (tmp_path / "demo").iterdir()} == names
    told = r"(\d+) of (\d+) glomeruli found, (\d+) of them in the right class, (\d+) false"
    [(found, known, right, _)] = re.findall(told, done.stdout)
    assert int(known) == len(pd.read_csv(kidney.with_suffix(".truth.csv")))
    assert int(known) / 2 < int(right) <= int(found) <= int(known)
