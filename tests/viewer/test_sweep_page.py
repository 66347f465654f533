"""The Sweep page: field by field through a slide, and what was looked at is remembered."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.notifications import notification_manager
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt

from napari_ggs.circles import Array
from napari_ggs.lesions import GGS
from napari_ggs.review import Session
from napari_ggs.store import CaseStore
from napari_ggs.viewer.camera import on_canvas, sees
from napari_ggs.viewer.field_outline import NAME
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.sweep_page import NO_REVIEW, NO_TISSUE, NOT_KEPT, SweepPage

LEFT = Qt.MouseButton.LeftButton
Open = Callable[[str], SweepPage]


@pytest.fixture
def page(viewer: ViewerModel, qtbot: QtBot) -> SweepPage:
    """The page, without a dock around it."""
    widget = SweepPage(viewer)
    qtbot.addWidget(widget)
    widget.resize(340, 760)
    widget.show()
    return widget


@pytest.fixture
def open_kept(
    viewer: ViewerModel, image: Image, page: SweepPage, study: Path, qtbot: QtBot
) -> Open:
    """Opens the review of the small phantom slide, kept in a study, as somebody."""

    def opened(who: str) -> SweepPage:
        if "review" in image.metadata:
            image.metadata["review"].remove()
        keeping = Keeping(image.metadata["slide"], study, who)
        journal = keeping.begin(GGS, {}, Session(GGS).thresholds, None)
        page.follow(SlideReview(viewer, image, Session(GGS, journal=journal), keeping))
        qtbot.waitUntil(lambda: page.sweep is not None)
        return page

    return opened


@pytest.fixture
def unkept(viewer: ViewerModel, image: Image, page: SweepPage, qtbot: QtBot) -> SweepPage:
    """The page over a review that is in no study."""
    page.follow(SlideReview(viewer, image, Session(GGS)))
    qtbot.waitUntil(lambda: page.sweep is not None)
    return page


def click_on(page: SweepPage, qtbot: QtBot, times: int = 1) -> None:
    """Press the big button."""
    for _ in range(times):
        qtbot.mouseClick(page.panel.on, LEFT)


def corners(page: SweepPage, viewer: ViewerModel, image: Image) -> Array:
    """Where the field at hand is on the canvas."""
    return on_canvas(viewer, image, page.sweep.fields[page.sweep.current])


def test_without_a_review_it_says_what_to_do(page: SweepPage) -> None:
    assert page.panel.notice.text() == NO_REVIEW
    assert not page.panel.on.isEnabled()
    for key in page.keys:
        key.act()


def test_each_press_of_the_button_keeps_a_field_and_shows_the_next_one(
    open_kept: Open, viewer: ViewerModel, image: Image, study: Path, qtbot: QtBot
) -> None:
    page = open_kept("ann")
    assert page.panel.progress.text() == "0 of 6 fields, 0 % of the tissue looked at"
    assert page.panel.on.text() == "Start the sweep  [L]"
    click_on(page, qtbot)
    assert page.sweep.current == 0
    assert not page.sweep.covered.any(), "a field is looked at once one goes on"
    click_on(page, qtbot)
    with CaseStore.open(study) as store:
        assert store.covered(1, "ann") == [page.sweep.fields[0]]
    assert page.sweep.current == 1
    (top, left), (bottom, right) = corners(page, viewer, image)
    assert 0 < top < bottom < viewer.canvas.size[0]
    assert 0 < left < right < viewer.canvas.size[1]
    assert bottom - top > 0.9 * min(viewer.canvas.size)
    assert page.panel.progress.text().startswith("1 of 6 fields, ")
    assert page.panel.detail.text().endswith("mm², by ann")


def test_at_the_end_there_is_nothing_left_to_press(open_kept: Open, qtbot: QtBot) -> None:
    page = open_kept("ann")
    click_on(page, qtbot, 7)
    assert page.panel.progress.text() == "6 of 6 fields, 100 % of the tissue looked at"
    assert page.panel.on.text() == "All tissue has been looked at"
    assert not page.panel.on.isEnabled()
    assert page.sweep.current is None


def test_reopening_goes_on_where_one_left_off(open_kept: Open, qtbot: QtBot) -> None:
    click_on(open_kept("ann"), qtbot, 4)
    page = open_kept("ann")
    assert page.panel.on.text() == "Continue the sweep  [L]"
    assert page.sweep.covered.tolist() == [True] * 3 + [False] * 3
    click_on(page, qtbot)
    assert page.sweep.current == 3


def test_each_reviewer_has_a_sweep_of_their_own(
    open_kept: Open, image: Image, qtbot: QtBot
) -> None:
    page = open_kept("ann")
    click_on(page, qtbot, 3)
    review = image.metadata["review"]
    review.keeping.read_as("bob", review.session)
    page.refresh()
    assert page.panel.progress.text().startswith("0 of 6 fields")
    click_on(page, qtbot)
    assert page.sweep.covered.sum() == 1
    review.keeping.read_as("ann", review.session)
    page.refresh()
    assert page.sweep.covered.sum() == 2


def test_a_finished_case_says_so_and_the_field_stays(
    open_kept: Open, image: Image, qtbot: QtBot
) -> None:
    page = open_kept("ann")
    click_on(page, qtbot)
    image.metadata["review"].keeping.finish_case({})
    notification_manager.records.clear()
    click_on(page, qtbot)
    assert "is finished" in notification_manager.records[-1].message
    assert page.sweep.current == 0
    assert not page.sweep.covered.any()


def test_keys_go_on_and_back_but_not_while_the_page_is_hidden(
    unkept: SweepPage, qtbot: QtBot
) -> None:
    on, back = (key.act for key in unkept.keys)
    assert [key.key for key in unkept.keys] == ["L", "B"]
    for _ in range(3):
        on()
    back()
    assert unkept.sweep.current == 1
    assert unkept.panel.on.text() == "Next field  [L]"
    unkept.hide()
    on()
    assert unkept.sweep.current == 1
    unkept.show()
    on()
    assert unkept.sweep.current == 2
    assert unkept.sweep.covered.sum() == 2
    for _ in range(3):
        qtbot.mouseClick(unkept.panel.back, LEFT)
    assert unkept.sweep.current == 0


def test_a_field_out_of_sight_is_returned_to_before_it_counts(
    unkept: SweepPage, viewer: ViewerModel, image: Image, qtbot: QtBot
) -> None:
    click_on(unkept, qtbot)
    viewer.scene.camera.center = (0.0, 9000.0, 9000.0)
    assert unkept.panel.on.text() == "Return to the field  [L]"
    click_on(unkept, qtbot)
    assert not unkept.sweep.covered.any()
    assert sees(viewer, image, unkept.sweep.fields[0])
    click_on(unkept, qtbot)
    assert unkept.sweep.covered.tolist() == [True] + [False] * 5


def test_a_click_on_the_map_goes_to_that_field(unkept: SweepPage, qtbot: QtBot) -> None:
    place = unkept.panel.map.place_of(unkept.sweep.fields[4])
    qtbot.mouseClick(unkept.panel.map, LEFT, pos=place.center().toPoint())
    assert unkept.sweep.current == 4
    click_on(unkept, qtbot)
    assert unkept.sweep.covered.tolist() == [False] * 4 + [True, False]
    unkept.panel.map.resize(600, 200)
    qtbot.mouseClick(unkept.panel.map, LEFT, pos=QPoint(5, 5))
    assert unkept.sweep.current == 5, "beside the picture is no field"


def test_the_map_tints_what_was_looked_at(unkept: SweepPage, qtbot: QtBot) -> None:
    before = unkept.panel.map.grab().toImage()
    click_on(unkept, qtbot, 2)
    after = unkept.panel.map.grab().toImage()
    spots = [unkept.panel.map.place_of(unkept.sweep.fields[i]).center().toPoint() for i in (0, 5)]
    assert before.pixelColor(spots[0]) != after.pixelColor(spots[0])
    assert before.pixelColor(spots[1]) == after.pixelColor(spots[1])


def test_the_outline_follows_the_camera_and_is_no_layer(
    unkept: SweepPage, viewer: ViewerModel, image: Image, qtbot: QtBot
) -> None:
    layers, active = list(viewer.layers), viewer.layers.selection.active
    click_on(unkept, qtbot)
    outline = viewer.canvas.overlays[NAME]
    viewer.scene.camera.zoom *= 1.5
    assert outline.visible
    np.testing.assert_allclose(outline.position, corners(unkept, viewer, image))
    assert (list(viewer.layers), viewer.layers.selection.active) == (layers, active)
    unkept.hide()
    assert not outline.visible


def test_what_is_in_no_study_is_remembered_with_the_slide(
    unkept: SweepPage, image: Image, qtbot: QtBot
) -> None:
    assert unkept.panel.notice.text() == NOT_KEPT
    click_on(unkept, qtbot, 3)
    unkept.follow(None)
    assert unkept.sweep is None
    unkept.follow(image.metadata["review"])
    qtbot.waitUntil(lambda: unkept.sweep is not None)
    assert unkept.sweep.covered.sum() == 2


def test_glass_says_that_there_is_no_tissue(
    viewer: ViewerModel, unknown: Image, page: SweepPage, qtbot: QtBot
) -> None:
    page.follow(SlideReview(viewer, unknown, Session(GGS)))
    qtbot.waitUntil(lambda: page.sweep is not None)
    assert page.panel.notice.text() == NO_TISSUE
    assert not page.panel.on.isEnabled()


def test_a_slide_that_cannot_be_read_says_why(
    viewer: ViewerModel, image: Image, page: SweepPage, qtbot: QtBot
) -> None:
    image.metadata["slide"].close()
    page.follow(SlideReview(viewer, image, Session(GGS)))
    qtbot.waitUntil(lambda: "cannot be found" in page.panel.notice.text())
