import csv
import json
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile

from napari_ggs import batch, glomeruli
from napari_ggs.classification import build_network
from napari_ggs.cli import main
from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, ModelCard, save_model
from napari_ggs.pipeline import Progress, Timings, detect_and_classify
from napari_ggs.slides import Slide

HALF_MICRON = {"resolution": (20000.0, 20000.0), "resolutionunit": "CENTIMETER"}


class Done(NamedTuple):
    """What a command left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def ggs(*words: object, **environment: str) -> Done:
    """Run the command line in this process, as its entry point does (imports take seconds)."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["napari-ggs", *map(str, words)])
        for name, value in {"CI": "1", **environment}.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def glass(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("glass") / "glass.tif"
    tifffile.imwrite(path, np.full((900, 900, 3), 243, np.uint8), tile=(128, 128), **HALF_MICRON)
    return path


def test_run_writes_the_four_files_of_each_slide(kidney: Path, glass: Path, tmp_path) -> None:
    done = ggs("run", kidney, glass, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {
        f"{s}.{e}" for s in ("kidney", "glass") for e in ("csv", "geojson", "png", "json")
    }
    with (tmp_path / "out" / "kidney.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == glomeruli.columns(GGS)
    summary = json.loads((tmp_path / "out" / "kidney.json").read_text())
    assert summary["glomeruli"] > 0
    assert summary["complete"] is True


def test_empty_glass_is_a_result_without_glomeruli(glass: Path, tmp_path) -> None:
    done = ggs("run", glass, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no glomerulus found" in done.stdout
    assert json.loads((tmp_path / "glass.json").read_text())["glomeruli"] == 0


def test_one_bad_slide_does_not_stop_the_others_and_the_exit_code_says_so(
    glass: Path, tmp_path
) -> None:
    (tmp_path / "letter.svs").write_text("Dear colleague")
    done = ggs(
        "run", tmp_path / "letter.svs", glass, tmp_path / "none.svs", "--out", tmp_path / "o"
    )
    assert done.returncode == 2
    assert {p.suffix for p in (tmp_path / "o").iterdir()} == {".csv", ".geojson", ".png", ".json"}
    complaints = done.stderr.splitlines()
    assert len(complaints) == 2
    assert "letter.svs" in complaints[0]
    assert "none.svs" in complaints[1]
    assert "Traceback" not in done.stderr


def test_a_slide_without_resolution_asks_for_it_and_takes_it(tmp_path) -> None:
    plain = tmp_path / "plain.tif"
    tifffile.imwrite(plain, np.full((600, 600, 3), 243, np.uint8), tile=(64, 64))
    asked = ggs("run", plain, "--out", tmp_path / "out")
    assert asked.returncode == 2
    assert "--mpp" in asked.stderr
    assert not list((tmp_path / "out").iterdir())
    given = ggs("run", plain, "--out", tmp_path / "out", "--mpp", "0.5")
    assert given.returncode == 0, given.stderr
    assert json.loads((tmp_path / "out" / "plain.json").read_text())["slide"]["mpp"] == 0.5


def test_a_missing_model_is_said_before_any_slide_is_read(glass: Path, tmp_path) -> None:
    done = ggs("run", glass, "--out", tmp_path / "out", "--detector", "nobody")
    assert done.returncode == 2
    assert "'nobody'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said_before_the_work(glass: Path, tmp_path) -> None:
    (tmp_path / "out").write_text("a file")
    done = ggs("run", glass, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_two_slides_of_one_name_are_refused(glass: Path, tmp_path) -> None:
    done = ggs("run", glass, glass, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "would overwrite each other" in done.stderr


def test_a_fault_of_ours_on_one_slide_does_not_stop_the_others(
    glass: Path, kidney: Path, tmp_path, monkeypatch
) -> None:
    def broken(self: Slide, _: int) -> None:
        raise RuntimeError("two\nlines") if self.name == "kidney" else ZeroDivisionError

    monkeypatch.setattr(Slide, "thumbnail", broken)
    done = ggs("run", kidney, glass, "--out", tmp_path)
    assert done.returncode == 1
    complaints = done.stderr.splitlines()
    assert "kidney.svs: a fault of napari-ggs" in complaints[0]
    assert "RuntimeError: two lines" in complaints[0]
    assert "glass.tif" in complaints[1]


def test_ctrl_c_ends_early_and_keeps_what_was_found(
    kidney: Path, glass: Path, tmp_path, monkeypatch
) -> None:
    def interrupted(*words, **settings):
        steps = detect_and_classify(*words, **settings)
        yield next(steps)
        signal.raise_signal(signal.SIGINT)
        yield from steps

    monkeypatch.setattr(batch, "detect_and_classify", interrupted)
    done = ggs("run", kidney, glass, "--mpp", 2, "--out", tmp_path)
    assert done.returncode == 130
    assert "STOPPED" in done.stdout
    assert {path.stem for path in tmp_path.iterdir()} == {"kidney"}
    summary = json.loads((tmp_path / "kidney.json").read_text())
    assert summary["complete"] is False
    assert 0 < summary["tissue_not_analysed_percent"] < 100


def finished_then_interrupted(*words, **settings):
    yield from detect_and_classify(*words, **settings)
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_after_the_last_tile_of_the_last_slide_changes_nothing(
    glass: Path, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(batch, "detect_and_classify", finished_then_interrupted)
    assert ggs("run", glass, "--out", tmp_path).returncode == 0
    bad = ggs("run", tmp_path / "none.svs", glass, "--out", tmp_path)
    assert bad.returncode == 2
    assert json.loads((tmp_path / "glass.json").read_text())["complete"] is True


def test_ctrl_c_before_the_last_slide_leaves_it_out(
    glass: Path, kidney: Path, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(batch, "detect_and_classify", finished_then_interrupted)
    assert ggs("run", glass, kidney, "--out", tmp_path).returncode == 130
    assert {path.stem for path in tmp_path.iterdir()} == {"glass"}


def test_a_detection_threshold_below_what_is_looked_at_is_refused(glass: Path, tmp_path) -> None:
    done = ggs("run", glass, "--out", tmp_path / "out", "--t-det", 0)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: --t-det 0 is too low: a slide has thousands of circles of a detection score below "
        "0.05, and each would be classified. Give 0.05 or more."
    ]
    lowest = ggs("run", glass, "--out", tmp_path / "out", "--t-det", glomeruli.LOWEST_SCORE)
    assert lowest.returncode == 0, lowest.stderr


def test_a_persons_own_file_beside_the_slide_is_not_overwritten(glass: Path, tmp_path) -> None:
    (tmp_path / "glass.tif").symlink_to(glass)
    (tmp_path / "glass.csv").write_text("x,y,radius\n1,2,3\n")
    done = ggs("run", tmp_path / "glass.tif", "--out", tmp_path)
    assert done.returncode == 2
    assert "glass.csv is no result of napari-ggs" in done.stderr
    assert (tmp_path / "glass.csv").read_text() == "x,y,radius\n1,2,3\n"
    assert {path.name for path in tmp_path.iterdir()} == {"glass.tif", "glass.csv"}


def test_of_a_classifier_that_cannot_filter_it_is_said_once(glass: Path, tmp_path) -> None:
    card = ModelCard(
        name="binary",
        task="classification",
        architecture=Architecture(kind="classifier", backbone="test_efficientnet"),
        classes=("non-sclerotic", "sclerotic"),
        margin_um=12.5,
        input_px=64,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
    network = build_network("test_efficientnet", 2)
    model = save_model(network.state_dict(), card, tmp_path / "binary.safetensors")
    (tmp_path / "again.tif").symlink_to(glass)
    words = ("run", glass, tmp_path / "again.tif", "--out", tmp_path / "out")
    assert ggs(*words, "--classifier", model).stdout.count("it filters nothing") == 1
    assert "it filters nothing" not in ggs(*words).stdout


def test_circles_without_a_class_are_told_of_if_they_pass_the_threshold(
    kidney_slide: Slide, tmp_path, monkeypatch
) -> None:
    nothing = np.full((3, 5), np.nan)
    rows = glomeruli.build([(400, 300, 90)] * 3, [0.9, 0.8, 0.05], nothing, GGS)
    last = Progress(1, 1, rows, Timings(1, 1, 1), rows, 0.0)
    monkeypatch.setattr(batch, "detect_and_classify", lambda *_, **__: iter([last]))
    words, complete = batch.run_slide(kidney_slide, tmp_path, batch.Settings.load(t_det=0.3))
    assert "2 circles touch unreadable pixels and have no class" in words
    assert complete


def test_links_to_slides_of_other_names_are_told_apart(glass: Path, tmp_path) -> None:
    for name in ("a.tif", "b.tif"):
        (tmp_path / name).symlink_to(glass)
    done = ggs("run", tmp_path / "a.tif", tmp_path / "b.tif", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {p.stem for p in (tmp_path / "out").iterdir()} == {"a", "b"}


def test_phantom_writes_a_slide_and_its_truth(tmp_path) -> None:
    words = ("--width", 1, "--height", 1, "--mpp", 1, "--outline", "field", "--seed", 3)
    done = ggs("phantom", tmp_path / "k.svs", *words)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"k.svs", "k.truth.csv"}


def test_doctor_finds_all_that_is_needed_here() -> None:
    done = ggs("doctor")
    assert done.returncode == 0, done.stdout
    assert "openslide" in done.stdout


def test_view_without_a_display_says_so() -> None:
    done = ggs("view", DISPLAY="", WAYLAND_DISPLAY="")
    assert done.returncode == 2
    assert "display" in done.stderr


def test_the_installed_command_and_the_module_are_the_same_command_line() -> None:
    installed = str(Path(sys.executable).with_name("napari-ggs"))
    for command in ([installed], [sys.executable, "-m", "napari_ggs"]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("napari-ggs ")


def test_help_and_version_need_neither_torch_nor_pandas() -> None:
    script = (
        "import sys, napari_ggs.cli as cli\n"
        "from typer.testing import CliRunner\n"
        "assert 'run' in CliRunner().invoke(cli.app, ['--help']).output\n"
        "print(sorted({'torch', 'pandas', 'napari', 'qtpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.real_data
def test_every_file_that_is_no_slide_gets_one_line(real_data: Path, tmp_path) -> None:
    broken = sorted((real_data / "slides" / "broken").iterdir())
    done = ggs("run", *broken, "--out", tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == len(broken) == 3
    assert not list(tmp_path.iterdir())
