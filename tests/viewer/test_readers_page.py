"""The Readers page: who read how much, closed until opened, kappa, confusion, what is settled."""

from collections.abc import Callable, Iterator

import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Assessed, Event, Labelled, Session
from napari_ggs.slides import Slide
from napari_ggs.viewer import preferences
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.readers_page import ReadersPage
from napari_ggs.viewer.slide_review import SlideReview
from tests.review.readers import CLASSES
from tests.review.test_session import rows_of

N = 10
LEFT = Qt.MouseButton.LeftButton

Read = Callable[..., None]


@pytest.fixture
def read(kidney_slide: Slide) -> Iterator[Read]:
    """Lets a reader name the circles of a kept run by letters, and do more."""
    keeping = Keeping(kidney_slide, preferences.study_file(), "model")
    keeping.begin(GGS, {}, Thresholds(0, 0.5), None)
    keeping.add(rows_of(N))
    keeping.finish(rows_of(N), {})
    run = keeping.store.run(keeping.run)
    keeping.close()

    def reading(who: str, letters: str, *events: Event) -> None:
        theirs = Keeping(kidney_slide, preferences.study_file(), who)
        session = theirs.reopen(run)
        for handle, letter in enumerate(letters):
            if letter != ".":
                session.apply(Labelled((handle,), CLASSES[letter]))
        for event in events:
            session.apply(event)
        theirs.close()

    preferences.set_reviewer("ann")
    yield reading
    preferences.set_reviewer("")


@pytest.fixture
def page(qtbot: QtBot) -> ReadersPage:
    widget = ReadersPage()
    qtbot.addWidget(widget)
    widget.resize(340, 900)
    widget.show()
    return widget


@pytest.fixture
def opened(
    viewer: ViewerModel, kidney_slide: Slide, page: ReadersPage
) -> Callable[[], SlideReview]:
    """Opens the slide as ann, as the study has it, and lets the page follow."""

    def open_it() -> SlideReview:
        image = add_slide(viewer, kidney_slide)
        review: SlideReview = image.metadata["review"]
        page.follow(review)
        return review

    return open_it


def test_without_a_review_there_is_nothing(page: ReadersPage) -> None:
    assert not page.isEnabled()
    assert page.who.text() == ""
    assert not page.comparison.isVisible()


def test_of_one_reader_it_says_how_to_get_another(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview]
) -> None:
    read("ann", "nnoo......")
    opened()
    assert "ann: 4 circles" in page.who.text()
    assert "6 left" in page.who.text()
    assert "another person" in page.who.text()
    assert not page.closed.isVisible()
    assert not page.comparison.isVisible()


def test_it_stays_closed_while_circles_are_left_to_read(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview], qtbot: QtBot
) -> None:
    read("ann", "nnnnooo...")
    read("bob", "nnnoooosss")
    review = opened()
    assert page.closed.isVisible()
    assert not page.comparison.isVisible()
    assert "3 circles left" in page.warning.text()
    assert "bob: 10 circles" in page.who.text()
    assert page.comparison.kappa.text() == ""
    assert page.comparison.disputes.table.rowCount() == 0
    qtbot.mouseClick(page.open, LEFT)
    assert page.comparison.isVisible()
    assert not page.closed.isVisible()
    assert page.comparison.kappa.text().startswith("Kappa 0.72 (95\u00a0%: ")
    page.follow(None)
    page.follow(review)
    assert page.closed.isVisible(), "on another day it is closed again"


def test_a_reader_who_is_done_sees_how_far_they_agree(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview]
) -> None:
    read("ann", "nnnnooooo.", Assessed((9,), "ungradable"))
    read("bob", "nnnooooosn")
    opened()
    view = page.comparison
    assert view.isVisible()
    assert "7 of 9 circles: 78 %" in view.alike.text()
    assert "Apart: 1 " in view.alike.text()
    assert view.grid.cells["normal", "obsolescent"].text() == "1"
    assert view.grid.cells["obsolescent", "solidified"].text() == "1"
    assert view.grid.cells["normal", "normal"].text() == "3"
    assert view.grid.cells["solidified", "normal"].text() == "·"
    assert view.disputes.handles == [3, 8, 9]
    assert [view.disputes.table.item(row, 0).text() for row in range(3)] == ["4", "9", "10"]
    said = view.disputes.table.item(2, 1).text(), view.disputes.table.item(0, 1).toolTip()
    assert said == ("ungradable", "not globally sclerotic")


def test_a_disagreement_is_looked_at_and_settled(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview], qtbot: QtBot
) -> None:
    read("ann", "nnnnoooooo")
    read("bob", "nnnooooooo")
    read("cem", "nnnnooooso")
    review = opened()
    view = page.comparison
    view.readers.setCurrentIndex(view.readers.count() - 1)
    assert view.readers.currentText() == "ann and bob and cem"
    assert not view.grid.isVisible()
    assert view.disputes.title.text() == "2 to settle, 0 of them settled"
    table = view.disputes.table
    place = table.visualItemRect(table.item(0, 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    assert review.walk.current == 3
    assert list(review.layers.selected()) == [3]
    assert view.disputes.asked.text() == "Settle circle 4 as"
    qtbot.mouseClick(view.disputes.classes["obsolescent"], LEFT)
    assert review.session.table.loc[3, ["label", "own_label"]].tolist() == ["obsolescent", "normal"]
    assert review.walk.current == 8, "it goes on"
    assert view.disputes.title.text() == "2 to settle, 1 of them settled"
    assert table.item(0, 4).toolTip() == "obsolescent"
    review.walk.visit(3)
    qtbot.mouseClick(view.disputes.classes[""], LEFT)
    qtbot.waitUntil(lambda: "0 of them" in view.disputes.title.text())
    assert review.session.table.loc[3, "label"] == "normal"
    review.session.undo()
    qtbot.waitUntil(lambda: "1 of them" in view.disputes.title.text())


def test_the_disagreements_are_walked(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview], qtbot: QtBot
) -> None:
    read("ann", "nnnnoooooo")
    read("bob", "nnsooooooo")
    review = opened()
    qtbot.mouseClick(page.comparison.disputes.walk, LEFT)
    assert review.walk.order == (2, 3)
    assert review.walk.current == 2
    review.walk.next()
    assert page.comparison.disputes.asked.text() == "Settle circle 4 as"


def test_the_check_box_makes_a_reader_blind_to_the_model(
    page: ReadersPage, read: Read, opened: Callable[[], SlideReview], qtbot: QtBot
) -> None:
    read("bob", "nnnnoooooo")
    review = opened()
    page.blind.setChecked(True)
    assert review.layers.blind
    assert preferences.is_blind("ann")
    review.session.apply(Labelled((0, 1), "normal"))
    qtbot.waitUntil(lambda: "2 circles judged, 2 blind to the model" in page.who.text())
    page.blind.setChecked(False)
    assert not review.layers.blind


def test_edits_that_are_not_kept_cannot_be_compared(
    page: ReadersPage, viewer: ViewerModel, image: Image
) -> None:
    page.follow(SlideReview(viewer, image, Session(GGS)))
    assert "not kept" in page.who.text()
