"""Results are saved in the background: the window goes on, and says when the files are there."""

import json
import threading
from pathlib import Path

import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot

from napari_ggs.slides import slide as slides
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.slide_run import SlideRun


def test_the_files_are_written_in_another_thread(
    run: SlideRun,
    dock: DetectDock,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[threading.Thread] = []
    find, name = slides.find_tissue, run.slide.name
    monkeypatch.setattr(
        slides, "find_tissue", lambda s: threads.append(threading.current_thread()) or find(s)
    )
    dock.save_to(tmp_path)
    assert dock.message.text() == "Saving …"
    assert not dock.save.isEnabled()
    qtbot.waitUntil(lambda: dock.message.text().startswith("Saved"), timeout=60_000)
    assert dock.save.isEnabled()
    assert threads
    assert threading.main_thread() not in threads
    summary = json.loads((tmp_path / f"{name}.json").read_text())
    assert summary["glomeruli"] == sum(
        run.session.counts()[c] for c in run.session.scheme.glomerular
    )
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [
        ".csv",
        ".geojson",
        ".json",
        ".png",
    ]


@pytest.mark.usefixtures("run")
def test_a_folder_that_cannot_be_written_to_is_told(
    dock: DetectDock, tmp_path: Path, qtbot: QtBot
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    dock.save_to(taken)
    qtbot.waitUntil(dock.save.isEnabled, timeout=60_000)
    assert "file" in dock.message.text()
    assert not dock.message.text().startswith("Saved")


def test_files_are_finished_when_the_dock_is_closed_meanwhile(
    viewer: ViewerModel, run: SlideRun, tmp_path: Path, qtbot: QtBot
) -> None:
    dock = DetectDock(viewer)
    dock.save_to(tmp_path)
    with qtbot.waitSignal(dock.destroyed):
        dock.deleteLater()
    qtbot.waitUntil((tmp_path / f"{run.slide.name}.json").exists, timeout=60_000)
