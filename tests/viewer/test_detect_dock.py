"""The dock says what it needs, and never asks for what the slide knows."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QComboBox, QDockWidget, QMainWindow, QMessageBox

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import CIRCLEMIX, GGS, NON_GLOMERULUS
from napari_ggs.models import ModelCard
from napari_ggs.review import Labelled, Removed
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.fields import add_model
from napari_ggs.viewer.slide_run import SlideRun
from tests.viewer.conftest import a_card, a_run


def choose(field: QComboBox, card: ModelCard) -> None:
    """Choose a model whose file is not there."""
    add_model(field, card, f"{card.name}.safetensors")
    field.setCurrentText(card.name)


def answer(question: QMessageBox.StandardButton) -> list[str]:
    """Press a button of the message box that is about to open; what it says comes later."""
    said: list[str] = []

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        said.append(box.text())
        box.button(question).click()

    QTimer.singleShot(0, press)
    return said


@pytest.mark.usefixtures("unknown")
def test_nothing_is_wider_than_the_dock(dock: DetectDock) -> None:
    body = dock.widget()
    assert body.minimumSizeHint().width() <= 320
    assert dock.horizontalScrollBar().maximum() == 0


def test_a_threshold_is_set_by_its_slider_or_its_number(dock: DetectDock, qtbot: QtBot) -> None:
    detection = dock.sliders.detection
    with qtbot.waitSignal(dock.sliders.changed) as given:
        qtbot.keyClick(detection.slider, Qt.Key.Key_End)
    assert given.args == [Thresholds(1.0, dock.sliders.glomerulus.value())]
    with qtbot.waitSignal(dock.sliders.changed):
        detection.number.setValue(0.25)
    assert detection.slider.value() == 25
    dock.sliders.value = Thresholds(0.4, 0.6)
    assert (detection.slider.value(), detection.value()) == (40, 0.4)


def test_a_dock_that_opens_later_shows_the_result_that_is_there(
    run: SlideRun, dock: DetectDock
) -> None:
    counts = run.session.counts()
    total = sum(counts[name] for name in GGS.glomerular)
    assert f"{total} glomeruli" in dock.results.text()
    assert dock.sliders.value == Thresholds(0.3, 0.4)
    run.session.apply(Labelled(tuple(run.session.table.index), NON_GLOMERULUS))
    assert "0 glomeruli" in dock.results.text()


def test_results_go_with_the_slide_and_nothing_crashes_without_the_dock(
    viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> None:
    dock = DetectDock(viewer)
    with qtbot.waitSignal(dock.destroyed):
        dock.deleteLater()
    viewer.add_points(np.zeros((1, 2)))
    run.session.thresholds = Thresholds(0.9)
    viewer.layers.remove(run.image)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1)


def test_a_missing_model_is_told_in_plain_words(
    viewer: ViewerModel, run: SlideRun, dock: DetectDock, qtbot: QtBot
) -> None:
    choose(dock.form.detector, a_card("detection"))
    qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.active is None, timeout=60_000)
    assert "detection.safetensors" in dock.message.text()
    assert dock.run is not run
    assert sum(isinstance(layer, Points) for layer in viewer.layers) == len(GGS.classes)


@pytest.mark.parametrize("edit", [Labelled((1,), "solidified"), Removed((1,))])
def test_what_a_person_changed_is_not_lost_without_a_question(
    run: SlideRun, dock: DetectDock, qtbot: QtBot, edit: Labelled | Removed
) -> None:
    run.session.apply(edit)
    said = answer(QMessageBox.StandardButton.No)
    qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    assert "Run again?" in said[0]
    assert dock.run is run
    assert dock.active is None
    assert run.session.edited == 1


def test_a_person_may_run_again_all_the_same(run: SlideRun, dock: DetectDock, qtbot: QtBot) -> None:
    run.session.apply(Removed((1,)))
    choose(dock.form.detector, a_card("detection"))
    answer(QMessageBox.StandardButton.Yes)
    qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    assert dock.run is not run
    assert dock.active is dock.run
    dock.run.discard()


def test_what_was_undone_is_not_asked_about(run: SlideRun, dock: DetectDock) -> None:
    run.session.apply(Removed((1,)))
    run.session.undo()
    assert dock._may_start_anew()


def test_other_models_run_with_their_own_thresholds(
    run: SlideRun, dock: DetectDock, qtbot: QtBot
) -> None:
    card = a_card("detection").model_copy(update={"t_det": 0.7})
    choose(dock.form.detector, card)
    assert dock.sliders.value == run.session.thresholds
    qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    assert dock.run.job.thresholds == dock.form.thresholds()
    assert dock.run.job.thresholds.detection == 0.7
    assert dock.sliders.value == dock.run.session.thresholds == dock.run.job.thresholds
    dock.run.discard()


def test_the_same_models_run_with_the_thresholds_that_were_set(
    dock: DetectDock, image: Image, qtbot: QtBot
) -> None:
    choose(dock.form.detector, a_card("detection"))
    for detection in (0.35, 0.45):
        dock.sliders.detection.number.setValue(detection)
        qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
        assert image.metadata["run"].job.thresholds.detection == detection
        dock.active.cancel()
        qtbot.waitUntil(lambda: dock.active is None, timeout=60_000)


def test_the_dock_lives_on_when_the_slide_of_the_run_goes_and_another_is_chosen(
    viewer: ViewerModel, run: SlideRun, dock: DetectDock, unknown: Image
) -> None:
    dock.form.slide.setCurrentIndex(dock.form.slide.findText(unknown.name))
    dock.form.mpp.setValue(0.25)
    run.start()
    dock._show_state()
    assert dock.button.text() == "Stop"
    viewer.layers.remove(run.image)
    assert dock.button.text() == "Detect && Classify"
    assert dock.button.isEnabled()
    assert dock.form.isEnabled()


def test_closing_the_window_ends_the_run(viewer: ViewerModel, image: Image, qtbot: QtBot) -> None:
    window, holder, dock = QMainWindow(), QDockWidget(), DetectDock(viewer)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    holder.setWidget(dock)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, holder)
    window.show()
    dock.button.click()
    run = image.metadata["run"]
    qtbot.waitUntil(lambda: run._worker._process is not None)
    assert run.running
    with qtbot.waitSignal(window.destroyed):
        window.close()
    assert not run.running
    assert run._worker._process.stdin.closed


def test_only_a_classifier_that_can_filter_offers_the_glomerulus_probability(
    viewer: ViewerModel, dock: DetectDock, image: Image
) -> None:
    slider = dock.sliders.glomerulus
    assert slider.isEnabled()
    choose(dock.form.classifier, a_card("classification", CIRCLEMIX))
    assert not slider.isEnabled()
    assert "cannot reject" in slider.toolTip()
    run = a_run(viewer, image)
    dock._on_slide()
    assert slider.isEnabled()
    assert "cannot reject" not in slider.toolTip()
    run.discard()


def test_to_a_reader_who_is_blind_to_the_model_it_tells_no_numbers(
    run: SlideRun, dock: DetectDock
) -> None:
    assert "globally sclerotic" in dock.results.text()
    run.review.layers.set_blind(True)
    assert "blind" in dock.results.headline.text()
    assert not dock.sliders.isVisibleTo(dock)
    assert not any(count.text() for count, _ in dock.results._cells.values())
    run.review.layers.set_blind(False)
    assert "globally sclerotic" in dock.results.text()
    assert dock.sliders.isVisibleTo(dock)
