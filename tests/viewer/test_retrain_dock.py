"""The Retrain dock in the real viewer: trained, left, found again, stopped, compared, taken."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from napari import Viewer
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton

from napari_ggs.files import _REASONS
from napari_ggs.models import in_use
from napari_ggs.models.choosing import history
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore
from napari_ggs.training.options import Options
from napari_ggs.training.record import OUT_OF_MEMORY, Told
from napari_ggs.training.state import _WAYS_ON
from napari_ggs.training.steps import Confusion, TrainingStep
from napari_ggs.viewer import preferences
from napari_ggs.viewer.curves import Curves
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.retrain_dock import RetrainDock
from napari_ggs.viewer.retrain_progress import RetrainProgress
from napari_ggs.viewer.retrain_words import in_dock_words
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
    assert form.start.box.currentText() == "start"
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
    assert form.start.box.currentText() == "ggs-circlenet-lite0"
    assert form.options(tmp_path, tmp_path).settings == ()


def test_it_starts_from_any_model_there_is_or_from_a_fresh_network(
    opened: Callable[[], RetrainDock], study: Path, tmp_path: Path
) -> None:
    write_study(study.parent, TEACHERS)
    folder = study.with_suffix(".models")
    folder.mkdir()
    card = classifier_card("retrained-7", ("x",), sha256="7" * 64)
    written(folder, card)
    own = written(tmp_path, classifier_card("theirs", ("y",), sha256="8" * 64)).path
    dock = opened()
    form = dock.setup.form
    start = form.start
    names = [start.box.itemText(index) for index in range(start.box.count())]
    assert {"start", "ggs-lite0", "retrained-7 (this study)"} < set(names)
    start.box.setCurrentText("ggs-lite0")
    assert start.words.text().startswith("Network: EfficientNet-Lite0, small and fast")
    start.box.setCurrentText("retrained-7 (this study)")
    assert form.options(study, folder).start == str(folder / "retrained-7.safetensors")
    start.take(own)
    assert start.box.currentText() == "theirs (your file)"
    assert form.options(study, folder).start == str(own)
    start.box.setCurrentText("Fresh: BiT ResNet-50x1")
    assert "they are not on this computer and are fetched once" in start.words.text()
    options = form.options(study, folder)
    assert (options.start, options.backbone) == ("", "bit_r50x1")
    form.task.setCurrentIndex(1)
    assert not any("Fresh" in start.box.itemText(i) for i in range(start.box.count()))


def test_who_can_be_compared_on_is_seen_and_counted_and_the_rest_is_learnt_from(
    opened: Callable[[], RetrainDock], study: Path
) -> None:
    write_study(study.parent, ("Kim", "Lee", ""))
    with CaseStore.open(study) as store:
        write_slide(study.with_name("Roe.tif"), ["normal", "obsolescent"], seed=9)
        run = add_run(store, add_slide(store, study.with_name("Roe.tif"), "Roe"), 2)
        did(store, run, Labelled((0,), "normal"))
    dock = opened()
    data = dock.setup.data
    rows = {name: row.text() for name, row in data._ticks.items()}
    assert rows["Kim"] == "Kim: 10 labels, reviewed in full (Kim)"
    assert rows["Roe"] == "Roe: 1 labels, not to compare on (Roe)"
    assert "neither reviewed in full" in data._ticks["Roe"].toolTip()
    assert data.counts["normal"][0].text() == "7"
    data.keep(("Kim", "Roe"))
    assert "<b>2</b> kept for comparing, of whom <b>1</b> can be compared on" in data.shares.text()
    assert data.counts["normal"][0].text() == "4", "of those that are learnt from"
    assert data.unassigned.text().startswith("1 slide has no patient")
    assert data.thin.text().startswith("Few patients: 1 teaches and 1 chooses the model")
    dock.setup.form.task.setCurrentIndex(1)
    data.keep(tuple(name for name in data._ticks if name != "Kim"))
    assert dock.setup.missing(dock._options()).startswith("Only Kim has a slide that is gone")


def test_another_study_is_begun_with_nothing_of_the_one_before(
    opened: Callable[[], RetrainDock],
    study: Path,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_study(study.parent, TEACHERS)
    other = write_study(tmp_path / "other", ("Ann", "Kim"))
    dock = opened()
    dock.setup.data.keep(("Kim",))
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: bool(dock.outcome.progress.matrix.cells), timeout=LONG)
    monkeypatch.setattr(preferences, "study_file", lambda: other)
    dock._look_around()
    assert dock.run.running
    assert f"Of the study <b>{study.name}</b>" in dock.outcome.elsewhere.text()
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    dock._look_around()
    assert dock.folder == other.with_suffix(".models")
    assert dock.run.options is None
    assert dock.footer.message.text() == ""
    assert not dock.footer.go_on.isVisible()
    qtbot.waitUntil(lambda: "20 labels of 2 patients" in dock.setup.data.words.text())
    assert dock.setup.data.kept() == ()
    dock.pages.setCurrentIndex(1)
    assert dock.outcome.none.isVisible()
    assert not dock.outcome.verdict.isVisible()
    assert not dock.outcome.progress.isVisible()
    monkeypatch.undo()
    monkeypatch.setattr(preferences, "study_file", lambda: study)
    dock._look_around()
    assert dock.run.options is not None, "its own training is found again"
    assert dock.run.options.out.parent == study.with_suffix(".models")
    qtbot.waitUntil(lambda: not dock.run.running)


def test_curves_of_a_training_that_goes_on_do_not_run_back(qtbot: QtBot) -> None:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.clear("balanced accuracy")
    for done, loss, merit in ((1, 3.0, 0.2), (2, 2.0, 0.5), (3, 1.0, 0.9)):
        curves.add([Told(TrainingStep("training", done, 4, loss, merit), 0, 0)])
    curves.add([Told(TrainingStep("training", 2, 4, 1.5, 0.6), 0, 0)])
    assert curves.loss == [(0.25, 3.0), (0.5, 2.0), (0.5, 1.5)]
    assert curves.merit == [(0.25, 0.2), (0.5, 0.5), (0.5, 0.6)]


def test_a_merit_over_some_classes_says_how_many(qtbot: QtBot, tmp_path: Path) -> None:
    progress = RetrainProgress()
    qtbot.addWidget(progress)
    progress.begin(Options(tmp_path / "s.ggs", tmp_path / "m.safetensors"))
    seen = Confusion(("normal", "obsolescent", "solidified"), ((3, 0, 0), (1, 2, 0), (0, 0, 0)))
    progress.take([Told(TrainingStep("training", 1, 4, 1.0, 0.8, seen), 0, 0)])
    assert "<b>0.800</b> over the 2 of 5 classes there" in progress.best.text()


def test_a_training_speaks_of_what_the_dock_has() -> None:
    said = (
        "A GPU is asked for (cuda), but PyTorch finds none: use --device auto or cpu, or install a "
        "build."
    )
    assert "choose another one at 'Compute on', or install" in in_dock_words(said)
    assert "--" not in in_dock_words(OUT_OF_MEMORY + _WAYS_ON + said)
    assert "batch" not in in_dock_words(OUT_OF_MEMORY)
    assert "copy the study to another folder" in in_dock_words(_REASONS[errno.ENOSPC])


def test_a_training_that_cannot_go_is_one_line(
    opened: Callable[[], RetrainDock], study: Path, qtbot: QtBot
) -> None:
    write_study(study.parent, TEACHERS)
    dock = opened()
    dock.setup.form.device.setCurrentText("GPU (CUDA)")
    press(qtbot, dock.footer.button)
    qtbot.waitUntil(lambda: not dock.run.running, timeout=LONG)
    assert "A GPU is asked for (cuda), but PyTorch finds none" in dock.footer.message.text()
    assert "choose another one at 'Compute on'" in dock.footer.message.text().replace("&#x27;", "'")
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
    assert dock.outcome.verdict.reason.text() == "", "the next one needs a reason of its own"
    press(qtbot, dock.outcome.earlier.back)
    assert in_use("classification") == start
    assert detect.form.classifier.currentText() == "start"

    assert not dock.outcome.verdict.use.isEnabled()
    press(qtbot, dock.outcome.verdict.compare)
    qtbot.waitUntil(lambda: bool(dock.outcome.verdict.card.text()), timeout=LONG)
    assert "retrained-1 is better than start" in dock.outcome.verdict.card.text()
    assert "balanced accuracy" in dock.outcome.verdict.figures.text()
    press(qtbot, dock.outcome.verdict.use)
    assert history("classification")[-1].why == "better"
