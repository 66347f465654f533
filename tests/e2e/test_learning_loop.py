"""Corrections become a better model, by real clicks and keys: from a slide to the way back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from napari import Viewer
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QListWidget, QTabWidget

from napari_ggs.circles import iou
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.models import in_use
from napari_ggs.models.choosing import history
from napari_ggs.phantom import PhantomSlide, write_slide, write_truth
from napari_ggs.store import CaseStore
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.retrain_dock import RetrainDock
from napari_ggs.viewer.review_dock import ReviewDock
from tests.e2e.test_detect_and_classify import LONG, click, finish
from tests.e2e.test_review import Hand
from tests.training.study import write_study
from tests.viewer.beginner import use_a_beginner

TEACHERS, KEPT = ("Kim", "Lee", "Roe"), tuple("abcdef")
LABELS = 30
BATCHES = 40
"""Of an epoch: two epochs, within seconds, for a network that has learnt nothing before."""


@pytest.fixture(autouse=True)
def beginner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classifier in use knows nothing: what is learnt is learnt from what is corrected."""
    use_a_beginner(tmp_path, monkeypatch, batches=BATCHES)


@pytest.fixture
def biopsy(tmp_path: Path) -> Path:
    """A phantom slide on which the detector finds some thirty circles, its truth beside it."""
    path = tmp_path / "biopsy.svs"
    phantom = PhantomSlide(1800, 1400, mpp=1.0, seed=101, outline="field")
    write_slide(phantom, path)
    write_truth(phantom, path.with_suffix(".truth.csv"))
    return path


@pytest.fixture
def retrain(window: Viewer, study: Path) -> Iterator[RetrainDock]:
    """The dock over a study in which others have reviewed slides of nine patients."""
    write_study(study.parent, (*TEACHERS, *KEPT))
    _, widget = window.window.add_plugin_dock_widget("napari-ggs", "Retrain", tabify=True)
    yield widget
    if widget.run.running:
        widget.run.stop()


def test_corrections_become_a_better_model_and_one_click_goes_back(
    window: Viewer,
    dock: DetectDock,
    retrain: RetrainDock,
    biopsy: Path,
    study: Path,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    before = in_use("classification")
    window.open(biopsy, plugin="napari-ggs")
    QTest.keyClick(dock.sliders.detection.slider, Qt.Key.Key_Home)
    click(dock.button)
    finish(qtbot, dock)
    _, review = window.window.add_plugin_dock_widget("napari-ggs", "Review", tabify=True)
    QTest.qWait(200)
    said = label_by_key(window, review, biopsy)
    assert classifiers(study, biopsy) == ["start"]
    assert exported(review, tmp_path / "out", qtbot)["label"].tolist() == said

    raised(retrain)
    for name in KEPT:
        tick(retrain.setup.data.patients, name)
    type_into(retrain.setup.form.length, "2")
    at_hand = retrain.setup.data.words
    qtbot.waitUntil(lambda: f"{LABELS + 9 * 10} labels of 10 patients" in at_hand.text())
    assert "It will take about" in waited(qtbot, retrain)
    click(retrain.footer.button)
    qtbot.waitUntil(lambda: not retrain.run.running, timeout=LONG)
    assert retrain.run.state.name == "done"
    assert "is trained. Compare it" in retrain.footer.message.text()
    assert sum(cell.text().isdigit() for cell in retrain.outcome.progress.matrix.cells.values())

    verdict = retrain.outcome.verdict
    assert not verdict.use.isEnabled()
    click(verdict.compare)
    qtbot.waitUntil(lambda: bool(verdict.card.text()), timeout=LONG)
    assert "retrained-1 is better than start" in verdict.card.text()
    click(verdict.use)
    assert history("classification")[-1].why == "better"
    assert "Detect &amp; Classify" in retrain.footer.message.text()

    raised(dock)
    assert dock.form.classifier.currentText() == "retrained-1"
    click(dock.button)
    finish(qtbot, dock)
    assert classifiers(study, biopsy) == ["start", "retrained-1"]
    assert (dock.review.session.table["label"] != "").sum() == LABELS, "what was said is kept"

    raised(retrain)
    click(retrain.outcome.earlier.back)
    assert in_use("classification") == before
    assert dock.form.classifier.currentText() == "start"
    with CaseStore.open(study) as store:
        assert store.verify() == []
        assert [past.new["name"] for past in store.comparisons("classification")] == ["retrained-1"]


def label_by_key(window: Viewer, review: ReviewDock, biopsy: Path) -> list[str]:
    """Give circles their true class by the keys of the Review dock; the labels in their order."""
    session, walk, hand = (
        review.review.session,
        review.review.walk,
        Hand(window, review.review.image),
    )
    truth = pd.read_csv(biopsy.with_suffix(".truth.csv"))
    overlap = iou(circles_of(session.table), circles_of(truth))
    nearest = truth["label"].to_numpy()[overlap.argmax(axis=1)]
    names = np.where(overlap.max(axis=1) > 0.3, nearest, NON_GLOMERULUS)
    due = pd.Series(names, session.table.index)
    walk.next()
    for _ in range(LABELS):
        key = Qt.Key.Key_1 + GGS.classes.index(due[walk.current])
        hand.press(Qt.Key(key))
    labelled = session.table[session.table["label"] != ""]
    assert len(labelled) == LABELS
    assert (labelled["label"] == due[labelled.index]).all()
    assert (labelled["label"] != labelled["predicted"]).any(), "there is something to learn"
    return session.table.sort_values("id")["label"].tolist()


def exported(review: ReviewDock, folder: Path, qtbot: QtBot) -> pd.DataFrame:
    """Export by click; the table that was written."""
    show_page(review.pages, "Export")
    QTest.keyClicks(review.export.form.folder, str(folder))
    with qtbot.waitSignal(review.export._exporter.ended, timeout=LONG):
        click(review.export.button)
    (written,) = folder.rglob("slide-*.csv")
    return pd.read_csv(written, keep_default_na=False).sort_values("id")


def classifiers(study: Path, slide: Path) -> list[str]:
    """The classifiers of all runs of a slide, as the study has them."""
    with CaseStore.open(study) as store:
        (stored,) = (each for each in store.slides() if each.name == slide.stem)
        return [run.models["classifier"]["name"] for run in store.runs(stored.id)]


def waited(qtbot: QtBot, retrain: RetrainDock) -> str:
    """What the estimate says, once it does."""
    words = retrain.footer.estimate.words
    qtbot.waitUntil(lambda: bool(words.text()), timeout=LONG)
    return words.text()


def raised(dock: RetrainDock | DetectDock) -> None:
    """Bring a dock in front of those that share its place."""
    dock.parentWidget().show()
    dock.parentWidget().raise_()
    QTest.qWait(50)


def show_page(pages: QTabWidget, title: str) -> None:
    names = [pages.tabText(place) for place in range(pages.count())]
    place = pages.tabBar().tabRect(names.index(title)).center()
    QTest.mouseClick(pages.tabBar(), Qt.MouseButton.LeftButton, pos=place)


def tick(box: QListWidget, patient: str) -> None:
    """Click the little square before a patient."""
    (item,) = box.findItems(f"{patient}:", Qt.MatchFlag.MatchStartsWith)
    box.scrollToItem(item)
    place = box.visualItemRect(item)
    place.setWidth(2 * 12)
    QTest.mouseClick(box.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert item.checkState() == Qt.CheckState.Checked


def type_into(field: QAbstractSpinBox, text: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
