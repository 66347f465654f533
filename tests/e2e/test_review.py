"""A review with mouse and keyboard on the real window: graded, drawn, undone, closed, reopened."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from napari import Viewer
from napari.layers import Image, Points
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_ggs.batch import Settings
from napari_ggs.exchange import read_circles
from napari_ggs.glomeruli import Thresholds, circles_of
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import open_slide
from napari_ggs.store import CaseStore
from napari_ggs.viewer.coordinates import to_points
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.review_dock import ReviewDock
from tests.e2e.test_detect_and_classify import click, finish

LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Hand:
    """Mouse and keyboard over the canvas, in level-0 pixels of a slide."""

    def __init__(self, window: Viewer, image: Image) -> None:
        self._window, self._image = window, image
        self._canvas = window.window._qt_viewer.canvas.native

    def place(self, x: float, y: float) -> QPoint:
        world = np.array(self._image.data_to_world(to_points([[x, y]])[0]))
        camera = self._window.scene.camera
        half = np.array(self._window.canvas.size) / 2
        row, column = half + (world - np.array(camera.center[-2:])) * camera.zoom
        return QPoint(round(column), round(row))

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self._canvas, LEFT, keys, self.place(x, y))

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], keys: Qt.KeyboardModifier = NONE
    ) -> None:
        first, last = self.place(*start), self.place(*end)
        QTest.mousePress(self._canvas, LEFT, keys, first)
        for share in (0.3, 0.7, 1.0):
            QTest.mouseMove(self._canvas, first + (last - first) * share)
            QTest.qWait(20)
        QTest.mouseRelease(self._canvas, LEFT, keys, last)

    def hold(self, key: Qt.Key) -> None:
        self._canvas.setFocus()
        QTest.keyPress(self._canvas, key)

    def let_go(self, key: Qt.Key) -> None:
        QTest.keyRelease(self._canvas, key)

    def press(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        self._canvas.setFocus()
        QTest.keyClick(self._canvas, key, keys)


@pytest.fixture(scope="module")
def found(kidney: Path) -> pd.DataFrame:
    """What the models that come along find on the small phantom slide."""
    models = Settings.load()
    networks = models.detector.detector, models.classifier.classifier
    with open_slide(kidney) as slide:
        *_, last = detect_and_classify(slide, *networks, thresholds=models.thresholds)
    return last.table


@pytest.fixture
def review(window: Viewer, kidney: Path, study: Path, found: pd.DataFrame) -> ReviewDock:
    """The Review dock over a slide that was run before: the study has what was found."""
    keep_run(study, kidney, found)
    window.open(kidney, plugin="napari-ggs")
    return opened_review(window)


@pytest.fixture
def review_of_a_new_run(window: Viewer, dock: DetectDock, kidney: Path, qtbot: QtBot) -> ReviewDock:
    """The Review dock over a slide that was run in this window."""
    window.open(kidney, plugin="napari-ggs")
    click(dock.button)
    finish(qtbot, dock)
    return opened_review(window)


def keep_run(study: Path, path: Path, table: pd.DataFrame) -> None:
    """Let a study have a finished run of a slide."""
    with open_slide(path) as slide:
        keeping = Keeping(slide, study, "ann")
        keeping.begin(GGS, {}, Thresholds(0.1, 0.5), None)
        keeping.add(table)
        keeping.finish(table, {})
        keeping.close()


def opened_review(window: Viewer) -> ReviewDock:
    """The dock, opened as the Plugins menu does it."""
    _, widget = window.window.add_plugin_dock_widget("napari-ggs", "Review", tabify=True)
    QTest.qWait(200)
    return widget


def shown(review: ReviewDock) -> pd.DataFrame:
    """The table as it stands."""
    return review.review.session.everything.drop(columns="id")


def test_a_review_by_mouse_and_keyboard_survives_the_window(
    window: Viewer, review_of_a_new_run: ReviewDock, kidney: Path, qtbot: QtBot, study: Path
) -> None:
    review = review_of_a_new_run
    session, walk = review.review.session, review.review.walk
    hand = Hand(window, review.review.image)
    before = shown(review)

    walk.next()
    first = walk.current
    hand.press(Qt.Key.Key_3)
    assert session.class_of(first) == "solidified"
    assert walk.current != first, "who grades goes on"
    second = walk.current
    hand.press(Qt.Key.Key_Space)
    assert session.table.loc[second, "label"] == session.table.loc[second, "predicted"]
    hand.press(Qt.Key.Key_Backspace)
    assert walk.current == second

    row = session.table.loc[first]
    walk.visit(first)
    QTest.qWait(50)
    hand.click(row.x, row.y)
    assert list(review.review.layers.selected()) == [first]
    moved = (row.x + row.radius / 2, row.y)
    hand.drag((row.x, row.y), moved)
    assert session.table.loc[first, "x"] == pytest.approx(moved[0], abs=3)
    here = session.table.loc[first]
    hand.drag((here.x + here.radius, here.y), (here.x + 1.3 * here.radius, here.y))
    assert session.table.loc[first, "radius"] == pytest.approx(1.3 * row.radius, rel=0.05)

    count = len(session.table)
    corner = (here.x - 1.8 * row.radius, here.y - 1.8 * row.radius)
    hand.drag(corner, (corner[0] + row.radius / 2, corner[1]), CTRL)
    assert len(session.table) == count + 1
    (drawn,) = session.latest
    np.testing.assert_allclose(
        circles_of(session.rows([drawn]))[0], [*corner, row.radius / 2], atol=4
    )
    hand.press(Qt.Key.Key_2)
    assert session.class_of(drawn) == "obsolescent"
    hand.press(Qt.Key.Key_G)
    hand.press(Qt.Key.Key_0)
    assert session.table.loc[drawn, ["flags", "assessment"]].tolist() == ["segmental", "uncertain"]
    hand.press(Qt.Key.Key_Delete)
    assert drawn not in session.table.index

    after = shown(review)
    edits = len(session.journal.events())
    for _ in range(edits):
        hand.press(Qt.Key.Key_Z, CTRL)
    pd.testing.assert_frame_equal(shown(review), before, check_dtype=False)
    for _ in range(edits):
        hand.press(Qt.Key.Key_Z, CTRL | SHIFT)
    pd.testing.assert_frame_equal(shown(review), after, check_dtype=False)

    window.layers.remove(review.review.image)
    qtbot.waitUntil(lambda: review.review is None and len(window.layers) == 0)
    moved_file = kidney.rename(kidney.with_name("renamed.svs"))
    try:
        window.open(moved_file, plugin="napari-ggs")
        qtbot.waitUntil(lambda: review.review is not None)
        pd.testing.assert_frame_equal(shown(review), after, check_dtype=False)
    finally:
        moved_file.rename(kidney)
    with CaseStore.open(study) as store:
        assert store.verify() == []


def test_a_box_selects_across_class_layers_and_a_key_names_all(
    window: Viewer, review: ReviewDock
) -> None:
    session, layers = review.review.session, review.review.layers
    table = session.shown([n for n in session.scheme.classes if n != NON_GLOMERULUS])
    hand = Hand(window, review.review.image)
    window.reset_view()
    QTest.qWait(50)
    window.layers.selection.active = review.review.image
    low, high = table[["x", "y"]].min() - 10, table[["x", "y"]].max() + 10
    hand.drag((low.x, low.y), (high.x, high.y), SHIFT)
    assert set(layers.selected()) == set(table.index)
    assert session.shown(["disappearing"]).shape[0] < len(table)
    hand.press(Qt.Key.Key_4)
    assert len(layers["disappearing"].data) == len(table) == session.counts()["disappearing"]
    hand.hold(Qt.Key.Key_Tab)
    assert layers["disappearing"].opacity == 0
    hand.let_go(Qt.Key.Key_Tab)
    assert layers["disappearing"].opacity == 1, "shown again once the key is up"


def layer_row(window: Viewer, layer: Points) -> tuple[QWidget, QPoint]:
    """Where a layer's name stands in napari's layer list."""
    view = window.window._qt_viewer.layers
    rows = range(view.model().rowCount())
    (index,) = (i for i in (view.model().index(row, 0) for row in rows) if layer.name == i.data())
    view.scrollTo(index)
    return view.viewport(), view.visualRect(index).center()


def test_circles_are_chosen_in_the_layer_list_and_get_the_class_that_is_picked(
    window: Viewer, review: ReviewDock
) -> None:
    session, layers = review.review.session, review.review.layers
    hand, before = Hand(window, review.review.image), session.counts()
    source = max(("normal", "obsolescent", "disappearing"), key=before.__getitem__)
    chosen = set(session.members(source).index)
    assert len(chosen) > 1
    review.review.walk.visit(min(chosen))

    widget, place = layer_row(window, layers[source])
    QTest.mouseClick(widget, LEFT, NONE, place)
    assert window.layers.selection.active is layers[source]
    hand.press(Qt.Key.Key_A)
    assert set(layers.selected()) == chosen
    click(review.circles.circle.classes["solidified"])
    assert set(session.members("solidified").index) >= chosen
    assert layers[source].name.endswith("(0)")
    assert layers["solidified"].name.endswith(f"({before['solidified'] + len(chosen)})")
    assert set(layers.selected()) == chosen, "they stay selected in their new layer"

    widget, place = layer_row(window, layers["solidified"])
    QTest.mouseClick(widget, LEFT, NONE, place)
    assert window.layers.selection.active is layers["solidified"]
    hand.press(Qt.Key.Key_2)
    assert session.counts()["obsolescent"] >= len(chosen)
    for _ in range(2):
        hand.press(Qt.Key.Key_Z, CTRL)
    assert session.counts() == before


def test_the_gallery_goes_where_it_is_clicked_and_its_keys_grade(
    review: ReviewDock, qtbot: QtBot
) -> None:
    session, gallery = review.review.session, review.circles.gallery
    index = gallery.circles.index(1, 0)
    place = gallery.visualRect(index).center()
    QTest.mouseClick(gallery.viewport(), LEFT, NONE, place)
    handle = index.data(Qt.ItemDataRole.UserRole)
    assert review.review.walk.current == handle
    assert list(review.review.layers.selected()) == [handle]
    QTest.keyClick(gallery, Qt.Key.Key_4)
    assert session.class_of(handle) == "disappearing"
    qtbot.waitUntil(lambda: "reviewed" in review.answer.progress.format())
    qtbot.waitUntil(lambda: review.answer.progress.value() == 1)
    review.circles.filters.status.setCurrentText("reviewed")
    assert list(review.review.walk.order) == [handle]


def test_two_readers_do_not_see_each_other_s_labels_and_a_finished_case_is_frozen(
    review: ReviewDock, study: Path
) -> None:
    session, footer = review.review.session, review.footer
    ann, at = session.who, review.review.walk.order[0]
    review.review.walk.visit(at)
    QTest.keyClick(review.circles.gallery, Qt.Key.Key_4)
    read_as(footer.reviewer, "bob")
    assert session.who == "bob"
    assert session.table.loc[at, "label"] == ""
    review.review.walk.visit(at)
    QTest.keyClick(review.circles.gallery, Qt.Key.Key_2)
    read_as(footer.reviewer, ann)
    assert session.table.loc[at, "label"] == "disappearing"

    click(footer.finish)
    assert "finished" in footer.state.text()
    review.review.walk.visit(at)
    QTest.keyClick(review.circles.gallery, Qt.Key.Key_1)
    assert session.table.loc[at, "label"] == "disappearing"
    click(footer.finish)
    review.review.walk.visit(at)
    QTest.keyClick(review.circles.gallery, Qt.Key.Key_1)
    assert session.table.loc[at, "label"] == "normal"
    with CaseStore.open(study) as store:
        assert store.verify() == []
        (slide,) = store.slides()
        assert store.snapshot(slide.case)["reviewer"] == ann
        assert set(store.labels(store.runs(slide.id)[-1].id).columns) == {ann, "bob"}


def read_as(field: QLineEdit, name: str) -> None:
    """Type a name and press Enter."""
    field.clear()
    QTest.keyClicks(field, name)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_what_is_labelled_by_key_is_exported_by_click_and_reads_back(
    window: Viewer, review: ReviewDock, qtbot: QtBot, tmp_path: Path
) -> None:
    session, walk = review.review.session, review.review.walk
    hand = Hand(window, review.review.image)
    walk.next()
    for key in (Qt.Key.Key_2, Qt.Key.Key_4):
        hand.press(key)
    bar, names = review.pages.tabBar(), [review.pages.tabText(i) for i in range(5)]
    QTest.mouseClick(bar, LEFT, NONE, bar.tabRect(names.index("Export")).center())
    QTest.keyClicks(review.export.form.folder, str(tmp_path / "out"))
    with qtbot.waitSignal(review.export._exporter.ended, timeout=120_000):
        click(review.export.button)
    (written,) = (tmp_path / "out").rglob("slide-*.csv")
    back = read_circles(written).sort_values("id")
    state = session.table.sort_values("id")
    assert back["label"].tolist() == state["label"].tolist()
    assert sorted(back["label"])[-2:] == ["disappearing", "obsolescent"]
    assert (circles_of(back) == circles_of(state)).all()
