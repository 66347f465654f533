"""A slide in, layers out: the real viewer, driven by mouse and keyboard."""

import json
from pathlib import Path

import numpy as np
from napari import Viewer
from napari.layers import Points
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from napari_ggs.glomeruli import counted
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.models import read_card
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.fields import add_model

LONG = 120_000


def click(widget: QWidget) -> None:
    centre = QPoint(widget.width() // 2, widget.height() // 2)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=centre)


def class_layers(window: Viewer) -> dict[str, Points]:
    layers = [layer for layer in window.layers if isinstance(layer, Points)]
    titles = {lesion.title: lesion.name for lesion in GGS.lesions}
    return {titles[layer.name.rsplit(" (", 1)[0]]: layer for layer in layers}


def shown(window: Viewer) -> int:
    layers = class_layers(window)
    return sum(len(layer.data) for name, layer in layers.items() if name != NON_GLOMERULUS)


def finish(qtbot: QtBot, dock: DetectDock) -> None:
    qtbot.waitUntil(lambda: dock.run is not None and dock.active is None, timeout=LONG)


def test_a_slide_goes_in_and_layers_come_out(
    window: Viewer, dock: DetectDock, kidney: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not dock.button.isEnabled()
    assert dock._main_window() is window.window._qt_window
    assert dock._main_window().testAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.open(kidney, plugin="napari-ggs")
    assert window.canvas.overlays.scale_bar.visible
    assert dock.form.slide.currentText() == kidney.stem
    click(dock.button)
    assert dock.button.text() == "Stop"
    finish(qtbot, dock)

    session = dock.run.session
    layers = class_layers(window)
    assert list(layers) == list(reversed(GGS.classes))
    assert {name: len(layer.data) for name, layer in layers.items()} == session.counts()
    assert not layers[NON_GLOMERULUS].visible
    found = int(counted(session.table, GGS, session.thresholds).sum())
    assert found == shown(window) > 3
    assert f"{found} glomeruli" in dock.results.text()
    assert dock.message.text() == ""

    handle = dock.sliders.detection.slider
    QTest.keyClick(handle, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: shown(window) == 0)
    assert "0 glomeruli" in dock.results.text()
    QTest.keyClick(handle, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: shown(window) >= found)

    relabel_by_key(window, dock)

    circles_are_on_screen(window)

    dock.save_to(tmp_path)
    qtbot.waitUntil(lambda: dock.message.text().startswith("Saved"), timeout=LONG)
    summary = json.loads((tmp_path / f"{kidney.stem}.json").read_text())
    assert summary["glomeruli"] == shown(window)
    assert summary["complete"]


def circles_are_on_screen(window: Viewer) -> None:
    """The canvas shows each class that has circles in its colour, unless it is hidden."""
    for name, layer in class_layers(window).items():
        if len(layer.data):
            layer.visible = False
            without = pixels_in(window, GGS[name].colour)
            layer.visible = True
            assert pixels_in(window, GGS[name].colour) > without + 20, name


def pixels_in(window: Viewer, colour: str) -> int:
    """Number of pixels of the canvas in a colour, of which rounding may change a little."""
    canvas = window.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(canvas - wanted).max(axis=-1) <= 3).sum())


def relabel_by_key(window: Viewer, dock: DetectDock) -> None:
    """Select all circles of a class, press keys on the canvas: they change layers and come back."""
    session, layers = dock.run.session, class_layers(window)
    source = max(("normal", "obsolescent", "disappearing"), key=lambda name: len(layers[name].data))
    before = session.counts()
    window.layers.selection.active = layers[source]
    layers[source].selected_data = {0, 1}
    canvas = window.window._qt_viewer.canvas.native
    canvas.setFocus()
    for key in (Qt.Key.Key_C, Qt.Key.Key_V):
        QTest.keyClick(canvas, key, Qt.KeyboardModifier.ControlModifier)
    assert len(layers[source].data) == before[source]
    QTest.keyClick(canvas, Qt.Key.Key_3)
    assert session.counts()["solidified"] == before["solidified"] + 2
    assert len(layers["solidified"].data) == before["solidified"] + 2
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.counts() == before


def test_stopping_keeps_what_is_found(
    window: Viewer, dock: DetectDock, kidney: Path, slow_detector: Path, qtbot: QtBot
) -> None:
    window.open(kidney, plugin="napari-ggs")
    add_model(dock.form.detector, read_card(slow_detector.with_suffix(".json")), str(slow_detector))
    dock.form.detector.setCurrentText("random")
    dock.sliders.detection.number.setValue(0)
    dock.sliders.glomerulus.number.setValue(0)
    click(dock.button)
    qtbot.waitUntil(lambda: shown(window) > 0, timeout=LONG)
    early = set(dock.run.session.table.index)
    click(dock.button)
    finish(qtbot, dock)
    session = dock.run.session
    assert not dock.run.complete
    assert "Stopped" in dock.message.text()
    assert early <= set(session.table.index)
    assert len(session.table) == session.table["id"].nunique() >= len(early)
    assert dock.button.text() == "Detect && Classify"
    assert dock.button.isEnabled()

    window.layers.remove(class_layers(window)["normal"])
    window.layers.remove(kidney.stem)
    qtbot.waitUntil(lambda: len(window.layers) == 0)
    assert not [layer for layer in window.layers if isinstance(layer, Points)]
