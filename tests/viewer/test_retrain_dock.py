"""The Retrain dock in the real viewer: trained, left, found again, stopped, compared, taken."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from napari import Viewer
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton

from napari_ggs.models import in_use
from napari_ggs.models.choosing import history
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore
from napari_ggs.training.options import Options
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.retrain_dock import RetrainDock
from tests.models.cards import classifier_card, written
from tests.posix import needs_sigkill
from tests.training.study import add_run, add_slide, did, write_slide, write_study

LONG = 120_000
LEFT = Qt.MouseButton.LeftButton
pytestmark = pytest.mark.usefixtures("beginner")
TEACHERS, KEPT = ("Kim", "Lee", "Roe"), tuple("abcdef")


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


@pytest.mark.usefixtures("study")
def test_without_labels_it_says_what_is_missing(opened: Callable[[], RetrainDock]) -> None:
    dock = opened()
    assert not dock.footer.button.isEnabled()
    assert "label circles in the Review dock" in dock.footer.hint.text()
    assert not dock.outcome.progress.isVisible()
    assert not dock.outcome.verdict.isVisible()


def test_one_class_or_one_patient_is_too_little(
    opened: Callable[[], RetrainDock], study: Path, qtbot: QtBot
) -> None:
    study.parent.mkdir(parents=True, exist_ok=True)
    with CaseStore.open(study) as store:
        write_slide(study.with_name("Kim.tif"), ["normal", "obsolescent"])
        run = add_run(store, add_slide(store, study.with_name("Kim.tif"), "Kim"), 2)
        did(store, run, Labelled((0,), "normal"))
        dock = opened()
        assert dock.footer.hint.text().startswith("All labels are normal")
        assert [label.text() for label in dock.setup.data.counts["normal"]] == ["1", "1"]
        did(store, run, Labelled((1,), "obsolescent"))
    dock.hide()
    dock.show()
    qtbot.waitUntil(lambda: dock.footer.hint.text().startswith("All labels are of one patient"))


def test_the_fields_become_the_options_and_only_what_differs(
    opened: Callable[[], RetrainDock], tmp_path: Path, qtbot: QtBot
) -> None:
    form = opened().setup.form
    assert form.start.currentText() == "start"
    assert form.gamma.value() == 2.5
    assert form.balanced.isChecked()
    assert form.options(tmp_path, tmp_path).settings == ()
    form.gamma.setValue(1)
    form.balanced.setChecked(False)
    form.mixing.setCurrentText("CutMix")
    form.length.setValue(3)
    form.rate.setValue(0.01)
    assert form.options(tmp_path, tmp_path).settings == (
        "optimiser.lr=0.01",
        "schedule.stages=[{ px = 64, epochs = 3 }]",
        "loss.gamma=1.0",
        'sampling="plain"',
        'mixing.kind="cutmix"',
    )
    form.name.clear()
    qtbot.keyClicks(form.name, "../a:b")
    assert form.options(tmp_path, tmp_path).out == tmp_path / "..ab.safetensors"
    form.task.setCurrentIndex(1)
    assert not form.gamma.isVisible()
    assert form.length.value() == 600
    assert form.start.currentText() == "ggs-circlenet-lite0"
    assert form.options(tmp_path, tmp_path).settings == ()


def test_a_training_that_cannot_go_is_one_line(
    opened: Callable[[], RetrainDock], study: Path, qtbot: QtBot
) -> None:
    write_study(study.parent, TEACHERS)
    dock = opened()
    dock.setup.form.device.setCurrentText("GPU (CUDA)")
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "A GPU is asked for (cuda), but PyTorch finds none" in dock.footer.message.text()
    assert "<br>" not in dock.footer.message.text()
    assert dock.footer.button.text() == "Retrain"


def test_a_comparison_that_cannot_be_is_one_line_and_the_model_needs_a_reason(
    opened: Callable[[], RetrainDock], study: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    write_study(study.parent, TEACHERS)
    verdict, model = opened().outcome.verdict, written(tmp_path, classifier_card("new"))
    verdict.judge(Options(study, model.path))
    press(qtbot, verdict.compare)
    qtbot.waitUntil(lambda: bool(verdict.card.text()), timeout=LONG)
    assert verdict.card.text().startswith("Too few patients to compare models on: 3")
    assert not verdict.use.isEnabled()
    press(qtbot, verdict.compare)
    press(qtbot, verdict.compare)
    qtbot.waitUntil(lambda: verdict.card.text().startswith("Stopped"), timeout=LONG)


@needs_sigkill
def test_trained_left_found_again_stopped_compared_taken_and_gone_back(
    opened: Callable[[], RetrainDock],
    window: Viewer,
    study: Path,
    qtbot: QtBot,
) -> None:
    write_study(study.parent, (*TEACHERS, *KEPT))
    start = in_use("classification")
    _, detect = window.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    assert isinstance(detect, DetectDock)
    dock = opened()
    dock.setup.data.keep(KEPT)
    qtbot.waitUntil(lambda: "It will take about" in dock.footer.estimate.words.text())
    press(qtbot, dock.footer.button)
    assert dock.footer.button.text() == "Stop (keeps the best)"
    assert not dock.setup.form.isVisible()
    qtbot.waitUntil(lambda: bool(dock.outcome.progress.matrix.cells), timeout=LONG)
    assert dock.outcome.progress.curves.loss
    assert dock.outcome.progress.curves.merit

    window.window.remove_dock_widget(dock)
    dock = opened()
    assert dock.run.running
    assert dock.footer.button.text() == "Stop (keeps the best)"
    qtbot.waitUntil(lambda: (dock.outcome.progress.curves.best() or (0, 0))[1] > 0.85, timeout=LONG)
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "the best so far is kept" in dock.footer.message.text()
    assert dock.footer.go_on.text() == "Go on with retrained-1"
    assert dock.setup.form.name.text() == "retrained-2"

    press(qtbot, dock.footer.go_on)
    process = dock.run.process
    assert process is not None
    assert process._process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "ended from outside" in dock.footer.message.text()
    assert dock.footer.go_on.isVisible()

    assert not dock.outcome.verdict.use.isEnabled()
    dock.outcome.verdict.reason.setText("It looks right to me")
    press(qtbot, dock.outcome.verdict.use)
    assert detect.form.classifier.currentText() == "retrained-1"
    assert history("classification")[-1].reason == "It looks right to me"
    press(qtbot, dock.outcome.earlier.back)
    assert in_use("classification") == start
    assert detect.form.classifier.currentText() == "start"

    dock.outcome.verdict.reason.clear()
    assert not dock.outcome.verdict.use.isEnabled()
    press(qtbot, dock.outcome.verdict.compare)
    qtbot.waitUntil(lambda: bool(dock.outcome.verdict.card.text()), timeout=LONG)
    assert "retrained-1 is better than start" in dock.outcome.verdict.card.text()
    assert "balanced accuracy" in dock.outcome.verdict.figures.text()
    press(qtbot, dock.outcome.verdict.use)
    assert history("classification")[-1].why == "better"
