"""What can go wrong in the Retrain dock: it is said in plain words, and nothing is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QFileDialog

from napari_ggs.store import CaseStore, database
from napari_ggs.training.study_circles import labelled_data
from napari_ggs.viewer.retrain_dock import RetrainDock
from tests.posix import needs_limits_of_others, resource
from tests.training.drawings import write_patches
from tests.training.study import write_study
from tests.viewer.beginner import use_a_beginning_detector
from tests.viewer.test_retrain_dock import LONG, TEACHERS, press

pytestmark = pytest.mark.usefixtures("beginner")
LABELS = 10 * len(TEACHERS)
LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in ("PRAGMA journal_mode=delete", "PRAGMA locking_mode=exclusive", "BEGIN EXCLUSIVE"):
    db.execute(statement)
print("locked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def labelled(study: Path) -> Iterator[Path]:
    """A study that all of it is labelled in; whatever happens, that stays so."""
    write_study(study.parent, TEACHERS)
    yield study
    with CaseStore.open(study) as store:
        assert store.verify() == []
        assert labelled_data(store)["human"].sum() == LABELS


def ended(qtbot: QtBot, dock: RetrainDock) -> str:
    """What the dock says once nothing trains any more."""
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    return dock.footer.message.text()


def pid_of(dock: RetrainDock) -> int:
    assert dock.run.process is not None
    assert dock.run.process._process is not None
    return dock.run.process._process.pid


@pytest.mark.usefixtures("labelled")
def test_patches_of_another_resolution_are_one_line_and_can_be_taken_out(
    opened: Callable[[], RetrainDock], tmp_path: Path, qtbot: QtBot
) -> None:
    folder = write_patches(tmp_path / "p", ("ann", "bob"), each=1)
    small = folder / "ann" / "normal" / "1.png"
    Image.open(small).resize((20, 20)).save(small)
    dock = opened()
    dock.setup.data.patches.add_folder(folder)
    press(qtbot, dock.footer.button)
    assert "1 of 10 patches" in (said := ended(qtbot, dock))
    assert "too low a resolution: ann/normal/1.png has 20 px a side" in said
    assert dock.setup.isVisible(), "back where it can be mended"
    press(qtbot, dock.setup.data.patches.remove)
    assert dock.setup.data.patches.chosen() == ()
    assert dock.footer.button.isEnabled()


@contextmanager
def kept_locked(study: Path) -> Iterator[None]:
    """Another program has the study for itself."""
    command = [sys.executable, "-c", LOCK, str(study)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        yield
        other.kill()


def test_a_study_that_another_program_keeps_locked_is_one_line_until_it_is_free(
    opened: Callable[[], RetrainDock],
    labelled: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with kept_locked(labelled):
        dock = opened()
        qtbot.waitUntil(lambda: "another program keeps it locked" in dock.footer.message.text())
        assert "could not be read" in dock.footer.hint.text()
        assert not dock.footer.button.isEnabled()
    dock.hide()
    dock.show()
    qtbot.waitUntil(dock.footer.button.isEnabled)
    assert dock.footer.message.text() == ""


@needs_limits_of_others
@pytest.mark.usefixtures("labelled")
def test_a_full_disk_and_a_kill_cost_nothing_that_was_saved(
    opened: Callable[[], RetrainDock], qtbot: QtBot
) -> None:
    dock = opened()
    press(qtbot, dock.footer.button)
    saved = dock.folder / "retrained-1.training.safetensors"
    qtbot.waitUntil(saved.exists, timeout=LONG)
    limits = resource.prlimit(pid_of(dock), resource.RLIMIT_FSIZE)
    resource.prlimit(pid_of(dock), resource.RLIMIT_FSIZE, (20_000, limits[1]))  # "full"
    said = ended(qtbot, dock)
    assert f"Cannot write {saved}" in said
    assert dock.footer.go_on.text() == "Go on with retrained-1"

    press(qtbot, dock.footer.go_on)
    bar = dock.outcome.progress.bar
    qtbot.waitUntil(lambda: bar.value() > 0, timeout=LONG)
    os.kill(pid_of(dock), signal.SIGKILL)
    assert "ended from outside" in ended(qtbot, dock)
    reached = bar.value()

    press(qtbot, dock.footer.go_on)
    qtbot.waitUntil(lambda: bar.value() > reached, timeout=LONG)


def test_slides_that_were_moved_are_named_and_found_below_a_folder(
    opened: Callable[[], RetrainDock],
    labelled: Path,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path / "archive"
    elsewhere.mkdir()
    for slide in labelled.parent.glob("*.tif"):
        slide.rename(elsewhere / f"renamed-{slide.name}")
    dock = opened()
    data = dock.setup.data
    assert "3 slides are not where the study has seen them last (Kim.tif, " in data.gone.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    press(qtbot, data.slides.add)
    assert not data.gone.isVisible()
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: bool(dock.outcome.progress.matrix.cells), timeout=LONG)
    assert dock.run.options.slides == (elsewhere,)


@pytest.mark.usefixtures("labelled")
def test_a_detector_is_trained_too(
    opened: Callable[[], RetrainDock],
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_a_beginning_detector(tmp_path, monkeypatch, steps=25)
    dock = opened()
    dock.setup.form.task.setCurrentText("Detector (where they are)")
    assert dock.setup.form.start.box.currentText() == "start"
    press(qtbot, dock.footer.button)
    assert "is trained. Compare it" in ended(qtbot, dock)
    assert len(dock.outcome.progress.curves.loss) > 1
    assert "AP50" in dock.outcome.progress.best.text()
    assert not dock.outcome.progress.matrix.isVisible()
    assert "retrained-1" in dock.outcome.verdict.title.text()
