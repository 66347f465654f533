import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.color import rgb2hsv

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.qupath import read_geojson
from napari_ggs.exchange.table import read_csv
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.report import RunInfo, results, write_results
from napari_ggs.slides import Slide, open_slide
from tests.posix import needs_limits, resource

PLACES = [(400, 300, 90), (1200, 700, 80), (700, 1200, 60), (1500, 1200, 70)]
SCORES = [0.9, 0.8, 0.7, 0.1]
P = [
    [0.9, 0.04, 0.02, 0.02, 0.02],
    [0.05, 0.9, 0.02, 0.02, 0.01],
    [0.05, 0.05, 0.02, 0.02, 0.86],
    [0.9, 0.04, 0.02, 0.02, 0.02],
]
THRESHOLDS = Thresholds(detection=0.3, glomerulus=0.5)


def write(slide: Slide, folder: Path, places=PLACES) -> list[Path]:
    n = len(places)
    table = glomeruli.build(places, SCORES[:n], P[:n], GGS)
    models = {"detector": {"name": "d", "sha256": "0"}}
    run = RunInfo(models, seconds={"total": 1.23456}, missed=0.125)
    return write_results(table, slide, GGS, THRESHOLDS, folder, run)


def test_a_slide_gets_four_files_under_its_name(kidney_slide, tmp_path) -> None:
    files = write(kidney_slide, tmp_path / "out")
    assert [f.name for f in files] == [f"kidney.{end}" for end in ("csv", "geojson", "png", "json")]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)


def test_the_csv_has_every_circle_and_the_geojson_those_over_the_threshold(
    kidney_slide, tmp_path
) -> None:
    csv, geojson, _, _ = write(kidney_slide, tmp_path)
    assert len(read_csv(csv)[0]) == 4
    assert len(read_geojson(geojson, GGS)) == 3


def test_the_summary_counts_what_the_thresholds_let_through(kidney_slide, tmp_path) -> None:
    summary = json.loads(write(kidney_slide, tmp_path)[3].read_text())
    assert summary["glomeruli"] == 2
    assert summary["counts"] == {"normal": 1, "obsolescent": 1, "solidified": 0, "disappearing": 0}
    assert summary["globally_sclerotic_percent"] == 50
    assert summary["globally_sclerotic_percent_95"] == pytest.approx([9.45, 90.55], abs=0.01)
    assert summary["rejected"] == {
        "below_detection_threshold": 1,
        "by_classifier": 1,
        "by_people": 0,
    }
    assert summary["tissue_mm2"] == pytest.approx(3.2, rel=0.15)
    assert summary["tissue_not_analysed_percent"] == 12.5
    assert summary["tissue_unreadable_percent"] == 0
    assert summary["unclassified"] == 0
    assert summary["slide"]["fingerprint"] == kidney_slide.fingerprint


def test_the_picture_draws_each_circle_in_its_colour(kidney_slide, tmp_path) -> None:
    picture = np.asarray(Image.open(write(kidney_slide, tmp_path)[2]).convert("RGB"))
    bare = np.asarray(Image.open(write(kidney_slide, tmp_path / "bare", [])[2]).convert("RGB"))
    assert picture.shape == bare.shape
    hue = rgb2hsv(picture)[..., 0]
    drawn = (picture != bare).any(axis=2)
    top = picture.shape[0] - kidney_slide.height  # the headline is above the slide
    for (x, y, r), expected in zip(PLACES[:2], (164 / 360, 34 / 360), strict=True):
        rim = [(int(top + y + r * np.sin(t)), int(x + r * np.cos(t))) for t in (0, 1.6, 3.1, 4.7)]
        for row, column in rim:
            assert drawn[row, column]
            assert abs(hue[row, column] - expected) < 0.04


def test_a_slide_without_glomeruli_is_a_result(kidney_slide, tmp_path) -> None:
    files = write(kidney_slide, tmp_path, [])
    summary = json.loads(files[3].read_text())
    assert summary["glomeruli"] == 0
    assert summary["globally_sclerotic_percent"] is None
    assert files[2].stat().st_size > 1000


def test_a_folder_that_is_a_file_is_refused(kidney_slide, tmp_path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UserError, match="out"):
        write(kidney_slide, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def noise(tmp_path_factory) -> Iterator[Slide]:
    """A small slide, quick to draw."""
    path = tmp_path_factory.mktemp("slide") / "noise.tif"
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb")
    with open_slide(path, mpp=0.5) as slide:
        yield slide


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@needs_limits
@pytest.mark.parametrize("earlier", [False, True])
def test_where_a_file_does_not_fit_all_stays_as_it_was(noise, tmp_path, earlier: bool) -> None:
    """A limit on the size of files stands in for a full disk: table and GeoJSON still fit."""
    if earlier:
        write(noise, tmp_path, PLACES[:1])
    before = contents(tmp_path)
    with files_of_at_most(20_000), pytest.raises(UserError, match=r"Cannot write .*noise\.png"):
        write(noise, tmp_path)
    assert contents(tmp_path) == before


def test_where_a_file_cannot_take_its_place_no_summary_speaks_for_the_others(
    noise, tmp_path
) -> None:
    write(noise, tmp_path, PLACES[:1])
    (tmp_path / "noise.png").unlink()
    (tmp_path / "noise.png").mkdir()
    with pytest.raises(UserError, match=r"Cannot write .*noise\.png: a folder"):
        write(noise, tmp_path)
    assert len(read_csv(tmp_path / "noise.csv")[0]) == len(PLACES)
    assert set(json.loads((tmp_path / "noise.json").read_text())) == {"napari_ggs", "unfinished"}
    assert {p.suffix for p in tmp_path.iterdir()} == {".csv", ".geojson", ".png", ".json"}


class Killed(BaseException):
    """Stands in for a kill: nothing in the code may take care of it."""


def killed_at(step: int, monkeypatch) -> None:
    """Let the process die when it would give the file of this number its place."""
    replace, done = Path.replace, iter(range(1, step + 1))

    def dying(self: Path, target: Path) -> Path:
        if next(done) == step:
            raise Killed
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)


RENAMES = 9
"""The four files in the folder beside, the unfinished summary, the four in their places."""


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("step", range(1, RENAMES + 1))
def test_a_run_that_was_killed_is_done_again_and_no_summary_speaks_for_other_files(
    noise, tmp_path, monkeypatch, step: int, earlier: bool
) -> None:
    if earlier:
        write(noise, tmp_path, PLACES[:1])
    with monkeypatch.context() as patch:
        killed_at(step, patch)
        with pytest.raises(Killed):
            write(noise, tmp_path)
    summary = tmp_path / "noise.json"
    if summary.exists() and "glomeruli" in (said := json.loads(summary.read_text())):
        assert (said["glomeruli"], len(read_csv(tmp_path / "noise.csv")[0])) == (1, 1)
    write(noise, tmp_path)
    assert json.loads(summary.read_text())["glomeruli"] == 2
    assert {p.name for p in tmp_path.iterdir()} == {f"noise{end}" for end in results.ENDINGS}


def test_a_run_writes_no_more_files_than_those_steps(noise, tmp_path, monkeypatch) -> None:
    killed_at(RENAMES + 1, monkeypatch)
    write(noise, tmp_path)
    assert json.loads((tmp_path / "noise.json").read_text())["glomeruli"] == 2


def test_what_cannot_be_read_is_not_taken_for_what_cannot_be_written(
    noise, tmp_path, monkeypatch
) -> None:
    def unread(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", "noise.svs")

    monkeypatch.setattr(results, "summarise", unread)
    with pytest.raises(FileNotFoundError, match=r"noise\.svs"):
        write(noise, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["noise.csv", "noise.geojson", "noise.png", "noise.json"])
def test_a_persons_own_file_is_not_overwritten(noise, tmp_path, name: str) -> None:
    own = tmp_path / name
    own.write_text('{"images": []}')
    with pytest.raises(UserError, match=rf"{name} is no result of napari-ggs.*--out"):
        write(noise, tmp_path)
    assert own.read_text() == '{"images": []}'
    assert list(tmp_path.iterdir()) == [own]


def test_results_of_ours_are_replaced(noise, tmp_path) -> None:
    write(noise, tmp_path)
    files = write(noise, tmp_path, PLACES[:1])
    assert len(read_csv(files[0])[0]) == 1
    assert json.loads(files[3].read_text())["glomeruli"] == 1


@pytest.mark.parametrize("shape", [(16_000, 200), (200, 16_000), (300, 200)])
def test_the_picture_of_a_strip_is_of_a_size_that_can_be_opened(tmp_path, shape) -> None:
    path = tmp_path / "strip.tif"
    tifffile.imwrite(path, np.full((*shape, 3), 243, np.uint8), tile=(256, 256), photometric="rgb")
    with open_slide(path, mpp=0.5) as slide:
        picture = Image.open(write(slide, tmp_path, [])[2])
    assert max(picture.size) <= 4000 + 90, "the headline is above the slide"


def test_a_circle_that_could_not_be_classified_is_kept_and_not_counted(
    kidney_slide, tmp_path
) -> None:
    places, scores = [*PLACES[:2], PLACES[3]], [*SCORES[:2], SCORES[3]]
    table = glomeruli.build(places, scores, [P[0], [np.nan] * 5, [np.nan] * 5], GGS)
    files = write_results(table, kidney_slide, GGS, THRESHOLDS, tmp_path, RunInfo())
    summary = json.loads(files[3].read_text())
    assert summary["glomeruli"] == summary["unclassified"] == 1
    read, _ = read_csv(files[0])
    assert read["predicted"].tolist() == ["normal", "", ""]
    assert read.loc[1].filter(like="p_").isna().all()
    assert len(read_geojson(files[1], GGS)) == 2
