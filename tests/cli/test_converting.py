"""Slides are written as OME-Zarr, and analysed from a web server, from the command line."""

import csv
from pathlib import Path

import numpy as np
import tifffile

from napari_ggs.slides import open_slide
from tests.slides.conftest import overwrite, picture, write_tiff
from tests.slides.serving import serving
from tests.test_cli import ggs


def test_a_converted_slide_on_a_web_server_has_the_glomeruli_of_the_first(
    kidney: Path, tmp_path: Path
) -> None:
    done = ggs("convert", kidney, tmp_path / "kidney.ome.zarr")
    assert done.returncode == 0, done.stderr
    assert "kidney.ome.zarr: 2000 x 1600 px, 1 um/px" in done.stdout
    with open_slide(kidney) as slide, open_slide(tmp_path / "kidney.ome.zarr") as copy:
        np.testing.assert_array_equal(copy.levels[0][:], slide.levels[0][:])
    with serving(tmp_path) as address:
        done = ggs("run", f"{address}/kidney.ome.zarr", "--out", tmp_path / "remote")
        assert done.returncode == 0, done.stderr
    assert ggs("run", kidney, "--out", tmp_path / "local").returncode == 0
    tables = [
        list(csv.DictReader((tmp_path / place / "kidney.csv").open()))
        for place in ("local", "remote")
    ]
    assert len(tables[0]) > 0
    for column in ("x", "y", "radius", "predicted"):
        assert [row[column] for row in tables[0]] == [row[column] for row in tables[1]]


def test_a_scale_must_be_known_or_given(tmp_path: Path) -> None:
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, picture(128, 128), tile=(64, 64), photometric="rgb")
    done = ggs("convert", path, tmp_path / "a.ome.zarr")
    assert (done.returncode, "Give it with --mpp" in done.stderr) == (2, True)
    done = ggs("convert", path, tmp_path / "a.ome.zarr", "--mpp", "0.25", "--ome-zarr", "0.4")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.ome.zarr" / ".zattrs").is_file()
    assert open_slide(tmp_path / "a.ome.zarr").mpp == 0.25


def test_tiles_that_could_not_be_read_are_told(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", [picture(256, 192)], compression="deflate")
    overwrite(path, 0, [1])
    done = ggs("convert", path, tmp_path / "a.ome.zarr", "--mpp", "0.5")
    assert done.returncode == 0, done.stderr
    assert "1 tiles of a.tif could not be read and are grey in a.ome.zarr" in done.stdout
