"""The Retrain dock in the real viewer: trained, left, found again, stopped, compared, taken."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napari import Viewer
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton

from napari_ggs.classification import build_network
from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, ModelCard, PatientsSeen, find, in_use, save_model
from napari_ggs.models.choosing import choose, history
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore
from napari_ggs.training.options import DEFAULT_RECIPES, Options
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.retrain_dock import RetrainDock
from tests.models.cards import classifier_card, written
from tests.training.study import add_run, add_slide, did, write_recipe, write_slide, write_study

LONG = 120_000
LEFT = Qt.MouseButton.LeftButton
TEACHERS, KEPT = ("Kim", "Lee", "Roe"), tuple("abcdef")


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny network that has learnt nothing is in use, and a recipe that fits it."""
    monkeypatch.setenv("NAPARI_GGS_MODELS", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    recipe = write_recipe(tmp_path / "tiny.toml", 400)
    monkeypatch.setitem(DEFAULT_RECIPES, "classification", str(recipe))
    card = ModelCard(
        name="start",
        task="classification",
        architecture=Architecture(
            kind="classifier", backbone="test_efficientnet", parameters={"dropout": 0.1}
        ),
        classes=GGS.classes,
        margin_um=12.5,
        input_px=64,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        patients_seen=PatientsSeen(training=("nobody",)),
    )
    network = build_network("test_efficientnet", len(GGS.classes))
    path = save_model(network.state_dict(), card, tmp_path / "start.safetensors")
    choose(find(path), "ann", "for a test")


@pytest.fixture
def window(make_napari_viewer: Callable[..., Viewer]) -> Viewer:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    return viewer


@pytest.fixture
def opened(window: Viewer, qtbot: QtBot) -> Iterator[Callable[[], RetrainDock]]:
    """Open the dock as the Plugins menu does; nothing trains on when the test is over."""
    docks = []

    def open_dock() -> RetrainDock:
        _, dock = window.window.add_plugin_dock_widget("napari-ggs", "Retrain")
        docks.append(dock)
        qtbot.waitUntil(dock.isVisible)
        return dock

    yield open_dock
    if docks and docks[-1].run.running:
        docks[-1].run.stop()


def press(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


@pytest.mark.usefixtures("study")
def test_without_labels_it_says_what_is_missing(opened: Callable[[], RetrainDock]) -> None:
    dock = opened()
    assert not dock.button.isEnabled()
    assert "label circles in the Review dock" in dock.hint.text()
    assert not dock.progress.isVisible()
    assert not dock.verdict.isVisible()


def test_one_class_or_one_patient_is_too_little(
    opened: Callable[[], RetrainDock], study: Path
) -> None:
    study.parent.mkdir(parents=True, exist_ok=True)
    with CaseStore.open(study) as store:
        write_slide(study.with_name("Kim.tif"), ["normal", "obsolescent"])
        run = add_run(store, add_slide(store, study.with_name("Kim.tif"), "Kim"), 2)
        did(store, run, Labelled((0,), "normal"))
        dock = opened()
        assert dock.hint.text().startswith("All labels are normal")
        assert [label.text() for label in dock.data.counts["normal"]] == ["1", "1"]
        did(store, run, Labelled((1,), "obsolescent"))
    dock.hide()
    dock.show()
    assert dock.hint.text().startswith("All labels are of one patient")


def test_the_fields_become_the_options_and_only_what_differs(
    opened: Callable[[], RetrainDock], tmp_path: Path
) -> None:
    form = opened().form
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
    dock.form.device.setCurrentText("GPU (CUDA)")
    press(qtbot, dock.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "A GPU is asked for (cuda), but PyTorch finds none" in dock.message.text()
    assert "<br>" not in dock.message.text()
    assert dock.button.text() == "Retrain"


def test_a_comparison_that_cannot_be_is_one_line_and_the_model_needs_a_reason(
    opened: Callable[[], RetrainDock], study: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    write_study(study.parent, TEACHERS)
    verdict, model = opened().verdict, written(tmp_path, classifier_card("new"))
    verdict.judge(Options(study, model.path))
    press(qtbot, verdict.compare)
    qtbot.waitUntil(lambda: bool(verdict.card.text()), timeout=LONG)
    assert verdict.card.text().startswith("Too few patients to compare models on: 3")
    assert not verdict.use.isEnabled()
    press(qtbot, verdict.compare)
    press(qtbot, verdict.compare)
    qtbot.waitUntil(lambda: verdict.card.text().startswith("Stopped"), timeout=LONG)


def test_trained_left_found_again_stopped_compared_taken_and_gone_back(
    opened: Callable[[], RetrainDock],
    window: Viewer,
    study: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_ggs.viewer.retrain_estimate.estimate", lambda *_, **__: 60)
    write_study(study.parent, (*TEACHERS, *KEPT))
    start = in_use("classification")
    _, detect = window.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    assert isinstance(detect, DetectDock)
    dock = opened()
    dock.data.keep(KEPT)
    qtbot.waitUntil(lambda: "about <b>1 min</b>" in dock.estimate.words.text())
    press(qtbot, dock.button)
    assert dock.button.text() == "Stop (keeps the best)"
    assert not dock.form.isVisible()
    qtbot.waitUntil(lambda: bool(dock.progress.matrix.cells), timeout=LONG)
    assert dock.progress.curves.loss
    assert dock.progress.curves.merit

    window.window.remove_dock_widget(dock)
    dock = opened()
    assert dock.run.running
    assert dock.button.text() == "Stop (keeps the best)"
    qtbot.waitUntil(lambda: (dock.progress.curves.best() or (0, 0))[1] > 0.85, timeout=LONG)
    press(qtbot, dock.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "the best so far is kept" in dock.message.text()
    assert dock.go_on.text() == "Go on with retrained-1"
    assert dock.form.name.text() == "retrained-2"

    press(qtbot, dock.go_on)
    process = dock.run.process
    assert process is not None
    assert process._process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "ended from outside" in dock.message.text()
    assert dock.go_on.isVisible()

    assert not dock.verdict.use.isEnabled()
    dock.verdict.reason.setText("It looks right to me")
    press(qtbot, dock.verdict.use)
    assert detect.form.classifier.currentText() == "retrained-1"
    assert history("classification")[-1].reason == "It looks right to me"
    press(qtbot, dock.earlier.back)
    assert in_use("classification") == start
    assert detect.form.classifier.currentText() == "start"

    dock.verdict.reason.clear()
    assert not dock.verdict.use.isEnabled()
    press(qtbot, dock.verdict.compare)
    qtbot.waitUntil(lambda: bool(dock.verdict.card.text()), timeout=LONG)
    assert "retrained-1 is better than start" in dock.verdict.card.text()
    assert "balanced accuracy" in dock.verdict.figures.text()
    press(qtbot, dock.verdict.use)
    assert history("classification")[-1].why == "better"
