"""What the Review dock shows is what a key acts on, and what is kept; slips are refused."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.review import Drawn, Labelled, Moved
from napari_ggs.viewer import preferences
from napari_ggs.viewer.circle_words import words_of
from napari_ggs.viewer.extent import CUT_OFF, REGION, extent_of
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.picking import LARGEST_UM
from napari_ggs.viewer.reopening import described
from napari_ggs.viewer.results_panel import ResultsPanel
from napari_ggs.viewer.review_dock import ReviewDock
from napari_ggs.viewer.slide_review import SlideReview
from tests.review.test_session import rows_of
from tests.store.studies import MODELS

LEFT = Qt.MouseButton.LeftButton


def kept(viewer: ViewerModel, image: Image, study: Path, info: dict, region=None) -> SlideReview:
    """A review of a run of twenty circles, in a study."""
    keeping = Keeping(image.metadata["slide"], study, preferences.reviewer())
    keeping.run = keeping.store.begin_run(keeping.slide, GGS, MODELS, Thresholds(0.1, 0.5), region)
    keeping.add(rows_of(20))
    keeping.finish(glomeruli.numbered(rows_of(20)), info)
    run = keeping.store.run(keeping.run)
    return SlideReview(viewer, image, keeping.reopen(run), keeping, lambda: described(run))


@pytest.fixture(autouse=True)
def usual_preferences() -> Iterator[None]:
    yield
    preferences.set_reviewer("")
    preferences.set_count_cut(True)


@pytest.fixture
def review(viewer: ViewerModel, image: Image, study: Path) -> SlideReview:
    return kept(viewer, image, study, {"complete": True})


@pytest.fixture
def dock(viewer: ViewerModel, review: SlideReview, qtbot: QtBot) -> ReviewDock:
    widget = ReviewDock(viewer)
    qtbot.addWidget(widget)
    widget.resize(380, 900)
    widget.show()
    assert widget.review is review
    return widget


def test_where_no_circle_is_at_hand_none_is_selected(dock: ReviewDock, review: SlideReview) -> None:
    review.walk.next()
    assert len(review.layers.selected()) == 1
    name = review.session.class_of(review.walk.current)
    other = next(each for each in GGS.glomerular if each != name)
    dock.circles.filters.lesion.setCurrentIndex(dock.circles.filters.lesion.findData(other))
    assert "No circle chosen" in dock.circles.circle.title.text()
    assert not len(review.layers.selected())


def test_a_filter_that_lets_nothing_through_says_so(dock: ReviewDock) -> None:
    dock.circles.filters.status.setCurrentText("marked")
    assert "No circle passes" in dock.circles.circle.title.text()


def test_another_reader_begins_with_nothing_selected(
    dock: ReviewDock, review: SlideReview, qtbot: QtBot
) -> None:
    review.layers.select(review.session.table.index[:5])
    dock.footer.reviewer.setText("eve")
    qtbot.keyClick(dock.footer.reviewer, Qt.Key.Key_Return)
    assert review.session.who == "eve"
    assert not len(review.layers.selected())


def test_a_reader_that_cannot_be_kept_is_not_shown_either(
    dock: ReviewDock, review: SlideReview, study: Path, qtbot: QtBot, monkeypatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("napari_ggs.viewer.attempt.show_error", said.append)
    monkeypatch.setattr(
        "napari_ggs.viewer.preferences.set_reviewer", lambda name: said.append(name)
    )
    before = review.session.who
    review.keeping.store.database._connection.execute("PRAGMA busy_timeout=50")
    other = sqlite3.connect(study, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    dock.footer.reviewer.setText("eve")
    qtbot.keyClick(dock.footer.reviewer, Qt.Key.Key_Return)
    other.execute("ROLLBACK")
    other.close()
    assert len(said) == 1
    assert "locked" in said[0]
    assert dock.footer.reviewer.text() == review.session.who == before


def test_several_circles_are_counted_where_one_would_be_named(
    dock: ReviewDock, review: SlideReview
) -> None:
    chosen = [int(handle) for handle in review.session.shown(GGS.glomerular).index[:4]]
    review.layers.select(chosen)
    assert "4 circles selected" in dock.circles.circle.title.text()
    assert sorted(dock.circles.gallery.chosen()) == sorted(chosen)


def test_selected_circles_have_bolder_rims(review: SlideReview) -> None:
    review.walk.set_order(tuple(int(h) for h in review.session.members("normal").index))
    review.walk.next()
    layer = review.layers["normal"]
    widths = layer.border_width
    (at,) = layer.selected_data
    assert widths[at] == pytest.approx(2 * layer.current_border_width)
    review.layers.select([])
    assert len({*layer.border_width.tolist()}) == 1


@pytest.mark.usefixtures("dock")
def test_what_is_drawn_is_in_the_gallery_and_at_hand(review: SlideReview, qtbot: QtBot) -> None:
    before = review.walk.order
    review.session.apply(Drawn(500, 500, 80, "normal"))
    (drawn,) = review.session.latest
    assert review.walk.current == drawn
    qtbot.waitUntil(lambda: review.walk.order == (*before, drawn))


def test_circles_that_a_lower_threshold_shows_come_to_the_end_of_the_list(
    dock: ReviewDock, review: SlideReview, qtbot: QtBot
) -> None:
    review.session.thresholds = Thresholds(0.6, 0.5)
    dock.circles.sort()
    before = review.walk.order
    review.session.thresholds = Thresholds(0.1, 0.5)
    qtbot.waitUntil(lambda: len(review.walk.order) > len(before))
    assert review.walk.order[: len(before)] == before


def test_the_buttons_show_what_was_said(dock: ReviewDock, review: SlideReview) -> None:
    review.walk.next()
    at = review.walk.current
    review.actions.flag("segmental")
    review.actions.assess("uncertain")
    review.walk.visit(at)
    states = dock.circles.circle._states
    assert [name for name, button in states.items() if button.isChecked()] == [
        "Uncertain",
        "Segmental",
    ]
    assert dock.circles.circle.title.text().endswith("uncertain · segmental")


def test_what_was_settled_is_said_beside_the_circle() -> None:
    row = rows_of(1).assign(removed=True, assessment="", flags="", consensus="solidified").iloc[0]
    words = words_of(row, GGS, 2, 9)
    assert words.endswith(", 3 of 9 · taken out · settled as solidified")


def test_a_rejected_circle_is_seen_while_it_is_at_hand(review: SlideReview) -> None:
    session, layer = review.session, review.layers[NON_GLOMERULUS]
    session.apply(Labelled((1,), NON_GLOMERULUS))
    assert not layer.visible
    review.walk.visit(1)
    assert layer.visible
    review.walk.visit(int(session.members("normal").index[0]))
    assert not layer.visible


@pytest.mark.parametrize(
    "circle", [(500, 500, 0.001), (500, 500, LARGEST_UM), (-5, 500, 80), (500, 1e6, 80)]
)
def test_what_can_be_no_glomerulus_is_neither_drawn_nor_kept(
    review: SlideReview, circle: tuple[float, float, float]
) -> None:
    before = len(review.keeping.store.events(review.keeping.run))
    for event in (Moved((1,), np.array([circle])), Drawn(*circle, "normal")):
        with pytest.raises(UserError, match="no glomerulus"):
            review.picker._apply(event, circle)
    assert len(review.keeping.store.events(review.keeping.run)) == before


@pytest.mark.parametrize(
    ("info", "region", "words"),
    [
        ({"complete": True}, None, ""),
        ({"complete": False}, None, CUT_OFF),
        ({"complete": True, "missed": 0.12}, None, "12 % of the tissue"),
        ({"complete": True}, (0.0, 0.0, 500.0, 500.0), REGION),
    ],
)
def test_it_is_said_if_not_all_tissue_was_searched(
    viewer: ViewerModel, image: Image, study: Path, info: dict, region, words: str
) -> None:
    assert words in extent_of(kept(viewer, image, study, info, region))
    if not words:
        assert extent_of(image.metadata["review"]) == ""


def test_both_docks_count_alike(dock: ReviewDock, review: SlideReview, qtbot: QtBot) -> None:
    for word in ("uncertain", "ungradable", "cut"):
        review.walk.next()
        review.actions.assess(word)
    panel = ResultsPanel()
    qtbot.addWidget(panel)
    for count in (True, False):
        preferences.set_count_cut(count)
        dock._show_answer()
        panel.show_session(review.session)
        number = panel.headline.text().split()[0]
        assert dock.answer.headline.text().startswith(f"{number} ")


def test_what_a_person_judged_stays_in_sight_at_any_threshold(review: SlideReview) -> None:
    review.walk.set_order((3, 4))
    for word in ("uncertain", "cut"):
        review.walk.next()
        review.actions.assess(word)
    review.session.thresholds = Thresholds(1.0, 0.5)
    assert set(review.session.shown(GGS.classes).index) == {3, 4}
