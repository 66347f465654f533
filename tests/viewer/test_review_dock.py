"""The Review dock: the circle at hand, what can be said of it, and the answer as it settles."""

from pathlib import Path

import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled
from napari_ggs.review.comparison import left_to_read
from napari_ggs.review.queue import rank
from napari_ggs.viewer.circle_panel import NOTE_TIP
from napari_ggs.viewer.circles_page import CirclesPage
from napari_ggs.viewer.gallery import HANDLE, Gallery
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.review_dock import ReviewDock
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of
from tests.store.studies import MODELS


@pytest.fixture
def dock(viewer: ViewerModel, run: SlideRun, qtbot: QtBot) -> ReviewDock:
    """The dock over a run that has found some circles."""
    widget = ReviewDock(viewer)
    qtbot.addWidget(widget)
    widget.resize(380, 900)
    widget.show()
    assert widget.review is run.review
    return widget


def handles(gallery: Gallery) -> list[int]:
    model = gallery.circles
    return [model.index(row, 0).data(HANDLE) for row in range(model.rowCount())]


def test_without_a_run_it_says_that_there_is_nothing(viewer: ViewerModel, qtbot: QtBot) -> None:
    widget = ReviewDock(viewer)
    qtbot.addWidget(widget)
    assert "Nothing to review" in widget.answer.headline.text()
    assert not widget.circles.confirm.isEnabled()


def test_circles_come_in_the_order_of_what_could_change_the_answer(dock: ReviewDock) -> None:
    session = dock.review.session
    expected = rank(session.table, session.scheme, session.thresholds).tolist()
    assert handles(dock.circles.gallery) == expected
    dock.review.walk.next()
    assert dock.circles.gallery.chosen() == expected[:1]
    assert f"1 of {len(expected)}" in dock.circles.circle.title.text()


def test_a_class_button_names_the_circle_and_goes_on(dock: ReviewDock, qtbot: QtBot) -> None:
    session, walk = dock.review.session, dock.review.walk
    walk.next()
    first = walk.current
    qtbot.mouseClick(dock.circles.circle.classes["solidified"], Qt.MouseButton.LeftButton)
    assert session.class_of(first) == "solidified"
    assert walk.current == walk.order[1]
    walk.previous()
    assert dock.circles.circle.classes["solidified"].isChecked()
    qtbot.waitUntil(lambda: dock.answer.progress.value() == 1)


def test_every_key_that_has_a_button_does_the_same_by_button(
    dock: ReviewDock, qtbot: QtBot
) -> None:
    session, walk = dock.review.session, dock.review.walk
    acts = dock.circles.circle.acts
    buttons = [acts.itemAt(i).widget() for i in range(acts.count())]
    named = {button.text().split("  ")[0]: button for button in buttons}
    walk.next()
    at = walk.current
    for words in ("Segmental", "Cut"):
        qtbot.mouseClick(named[words], Qt.MouseButton.LeftButton)
    assert session.table.loc[at, ["flags", "assessment"]].tolist() == ["segmental", "cut"]
    qtbot.mouseClick(named["Uncertain"], Qt.MouseButton.LeftButton)
    assert session.table.loc[at, "assessment"] == "uncertain"
    assert walk.current != at
    qtbot.mouseClick(named["Undo"], Qt.MouseButton.LeftButton)
    assert session.table.loc[at, "assessment"] == "cut"
    assert walk.current == at
    qtbot.mouseClick(named["Take out"], Qt.MouseButton.LeftButton)
    assert at not in session.table.index


def test_a_note_is_kept_with_its_circle(dock: ReviewDock, qtbot: QtBot) -> None:
    walk = dock.review.walk
    walk.next()
    at = walk.current
    qtbot.keyClicks(dock.circles.circle.note, "thick capsule 1")
    qtbot.keyClick(dock.circles.circle.note, Qt.Key.Key_Return)
    assert dock.review.session.table.loc[at, "note"] == "thick capsule 1"
    assert dock.review.session.table.loc[at, "label"] == "", "a digit in a note is no class key"
    walk.next()
    assert dock.circles.circle.note.text() == ""


def test_filters_leave_only_what_is_asked_for(dock: ReviewDock) -> None:
    session = dock.review.session
    done = tuple(session.members("normal").index[:2])
    session.apply(Labelled(done, "solidified"))
    dock.circles.filters.status.setCurrentText("reviewed")
    assert sorted(handles(dock.circles.gallery)) == sorted(done)
    dock.circles.filters.status.setCurrentText("all")
    dock.circles.filters.lesion.setCurrentIndex(dock.circles.filters.lesion.findData("obsolescent"))
    assert set(handles(dock.circles.gallery)) == set(session.members("obsolescent").index)
    dock.circles.filters.lesion.setCurrentIndex(0)
    dock.circles.filters.sure.setValue(40)
    shown = session.rows(handles(dock.circles.gallery))
    sure = [
        row[session.scheme[row["label"] or row["predicted"]].column] for _, row in shown.iterrows()
    ]
    assert len(sure)
    assert max(sure) <= 0.4


def test_the_answer_follows_the_last_edit(dock: ReviewDock, qtbot: QtBot) -> None:
    session = dock.review.session
    everything = tuple(session.shown(session.scheme.classes).index)
    session.apply(Labelled(everything, "obsolescent"))
    qtbot.waitUntil(lambda: "100 % globally sclerotic" in dock.answer.headline.text())
    assert f"{len(everything)} glomeruli" in dock.answer.headline.text()


def test_ten_thousand_circles_are_there_at_once(
    viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> None:
    run.session.extend(rows_of(10_000, seed=3, first=40))
    run.session.thresholds = Thresholds(0.05, 0.4)
    widget = ReviewDock(viewer)
    qtbot.addWidget(widget)
    widget.resize(380, 900)
    widget.show()
    assert widget.circles.gallery.circles.rowCount() > 9000
    widget.circles.gallery.scrollToBottom()
    qtbot.waitUntil(lambda: len(widget.circles.gallery.thumbnails) > 0)
    assert len(widget.circles.gallery.thumbnails) < 200, "only what is seen is read"


def test_it_follows_the_next_review_when_a_slide_goes(
    viewer: ViewerModel, dock: ReviewDock, run: SlideRun, qtbot: QtBot
) -> None:
    viewer.layers.remove(run.image)
    qtbot.waitUntil(lambda: dock.review is None)
    assert dock.circles.gallery.circles.rowCount() == 0
    assert not dock.circles.circle.isEnabled()


def test_to_a_reader_who_is_blind_the_dock_tells_nothing_of_the_model(
    dock: ReviewDock, qtbot: QtBot
) -> None:
    session, walk = dock.review.session, dock.review.walk
    dock.readers.blind.setChecked(True)
    by_place = rank(session.table, session.scheme, session.thresholds, "place").tolist()
    assert list(walk.order) == by_place
    qtbot.waitUntil(lambda: "0 glomeruli" in dock.answer.headline.text())
    assert not dock.circles.confirm.isVisible()
    walk.next()
    qtbot.keyClick(dock, Qt.Key.Key_Space)
    assert (session.table["label"] == "").all(), "what is not seen cannot be confirmed"
    assert walk.current == walk.order[1]
    qtbot.keyClick(dock, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: "1 glomerulus · 100 %" in dock.answer.headline.text())
    assert dock.answer.progress.maximum() > 1
    dock.readers.blind.setChecked(False)
    assert dock.circles.confirm.isVisible()


def test_where_no_circle_is_chosen_the_first_press_goes_to_one(
    dock: ReviewDock, qtbot: QtBot
) -> None:
    session, walk = dock.review.session, dock.review.walk
    qtbot.mouseClick(dock.circles.confirm, Qt.MouseButton.LeftButton)
    assert walk.current == walk.order[0]
    assert (session.table["label"] == "").all()


def test_arrows_in_the_gallery_lead_to_the_circle_that_is_labelled(
    dock: ReviewDock, qtbot: QtBot
) -> None:
    session, walk = dock.review.session, dock.review.walk
    walk.next()
    qtbot.keyClick(dock.circles.gallery, Qt.Key.Key_Right)
    assert walk.current == walk.order[1]
    qtbot.keyClick(dock.circles.gallery, Qt.Key.Key_3)
    assert session.table.loc[walk.order[1], "label"] == "solidified"
    assert session.table.loc[walk.order[0], "label"] == ""


def test_tab_that_is_held_hides_the_circles(dock: ReviewDock, qtbot: QtBot) -> None:
    layers = dock.review.layers
    qtbot.keyPress(dock.circles.gallery, Qt.Key.Key_Tab)
    assert layers["normal"].opacity == 0
    qtbot.keyRelease(dock.circles.gallery, Qt.Key.Key_Tab)
    assert layers["normal"].opacity == 1


def test_the_keys_work_again_when_sections_are_put_away(
    viewer: ViewerModel, dock: ReviewDock, qtbot: QtBot
) -> None:
    dock.details.layer.show()
    dock.details.layer.remove()
    qtbot.waitUntil(lambda: viewer.layers.selection.active is dock.review.image)


def test_at_the_end_of_a_list_it_says_what_is_next(dock: ReviewDock, qtbot: QtBot) -> None:
    session, walk, end = dock.review.session, dock.review.walk, dock.circles.end
    dock.circles.filters.lesion.setCurrentIndex(dock.circles.filters.lesion.findData("obsolescent"))
    for _ in walk.order:
        walk.next()
    assert not end.isVisible()
    dock.review.actions.confirm()
    assert "last circle of the list" in end.words.text()
    left = left_to_read(session.table, session.thresholds)
    assert f"{left} circles of the slide are not reviewed" in end.words.text()
    qtbot.mouseClick(end.go, Qt.MouseButton.LeftButton)
    assert not end.isVisible()
    assert walk.current == walk.order[0]
    assert (session.rows(walk.order)["label"] == "").all()


def test_once_all_are_reviewed_it_leads_to_the_sweep(dock: ReviewDock, qtbot: QtBot) -> None:
    session, walk, end = dock.review.session, dock.review.walk, dock.circles.end
    session.apply(Labelled(walk.order, "normal"))
    walk.visit(walk.order[-1])
    walk.next()
    assert "Every circle is reviewed" in end.words.text()
    qtbot.mouseClick(end.go, Qt.MouseButton.LeftButton)
    assert dock.pages.tabText(dock.pages.currentIndex()) == "Sweep"


def test_drawing_is_seen_on_the_button_and_on_the_slide(
    dock: ReviewDock, viewer: ViewerModel, qtbot: QtBot
) -> None:
    sign, button = viewer.canvas.overlays.text, dock.circles.draw
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (dock.review.picker.drawing, button.isChecked(), sign.visible) == (True, True, True)
    dock.review.picker.toggle()
    assert (button.isChecked(), sign.visible) == (False, False)


def test_a_note_that_is_refused_does_not_look_kept(
    viewer: ViewerModel, image: Image, study: Path, qtbot: QtBot, errors: list[str]
) -> None:
    keeping = Keeping(image.metadata["slide"], study, "ann")
    keeping.run = keeping.store.begin_run(keeping.slide, GGS, MODELS, Thresholds(0.1, 0.5))
    keeping.add(rows_of(3))
    keeping.finish(glomeruli.numbered(rows_of(3)), {})
    review = SlideReview(viewer, image, keeping.reopen(keeping.store.run(keeping.run)), keeping)
    page = CirclesPage()
    qtbot.addWidget(page)
    page.follow(review)
    review.walk.next()
    keeping.finish_case({})
    qtbot.keyClicks(page.circle.note, "thick capsule")
    qtbot.keyClick(page.circle.note, Qt.Key.Key_Return)
    assert "finished" in " ".join(errors)
    assert (page.circle.note.text(), "not kept" in page.circle.note.toolTip()) == (
        "thick capsule",
        True,
    )
    keeping.reopen_case()
    qtbot.keyClick(page.circle.note, Qt.Key.Key_Return)
    at = review.walk.current
    assert review.session.table.loc[at, "note"] == "thick capsule"
    assert page.circle.note.toolTip() == NOTE_TIP


def test_without_a_study_nobody_else_can_read(dock: ReviewDock) -> None:
    assert dock.review.keeping is None
    assert not dock.footer.reviewer.isEnabled()
    assert "two readers cannot be told apart" in dock.footer.state.text()


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said on the screen."""
    caught: list[str] = []
    monkeypatch.setattr("napari_ggs.viewer.attempt.show_error", caught.append)
    return caught
