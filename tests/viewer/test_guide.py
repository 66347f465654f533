"""The first steps: what to do next, until somebody has had enough of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from napari import Viewer
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs.slides import Slide
from napari_ggs.viewer import preferences, sample
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.review_dock import ReviewDock
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of
from tests.viewer.conftest import a_run

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def shown_again() -> Iterator[None]:
    """The preference is as it was for the tests that follow."""
    yield
    preferences.set_first_steps(True)


def lines(dock: DetectDock) -> list[str]:
    """The steps that are shown, by their first letters."""
    return [line.text()[3] for line in dock.guide._lines if line.isVisible()]


def test_without_a_slide_all_steps_are_shown_and_the_first_has_its_buttons(
    dock: DetectDock,
) -> None:
    assert lines(dock) == ["1", "2", "3"]
    assert dock.guide.open.isVisible()
    assert dock.guide.sample.isVisible()


def test_steps_that_are_taken_go(dock: DetectDock, viewer: ViewerModel, image: Image) -> None:
    assert image in viewer.layers
    assert lines(dock) == ["2", "3"]
    assert not dock.guide.open.isVisible()
    assert not dock.go_through.isEnabled()


def test_with_circles_the_review_is_one_press_away(run: SlideRun, dock: DetectDock) -> None:
    assert run.image is dock.form.image
    assert lines(dock) == ["3"]
    assert dock.go_through.isEnabled()


def test_hidden_steps_stay_hidden_in_every_dock_until_they_are_wanted_again(
    dock: DetectDock, viewer: ViewerModel, qtbot: QtBot
) -> None:
    qtbot.mouseClick(dock.guide.hide_steps, LEFT)
    assert not dock.guide.isVisible()
    later = DetectDock(viewer)
    qtbot.addWidget(later)
    later.show()
    assert not later.guide.isVisible()
    preferences.set_first_steps(True)
    assert dock.guide.isVisible()
    assert later.guide.isVisible()


def test_the_sample_opens_by_its_button(
    dock: DetectDock,
    viewer: ViewerModel,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(sample, "FIELD", replace(sample.FIELD, width=600, height=500))
    qtbot.mouseClick(dock.guide.sample, LEFT)
    assert [layer.name for layer in viewer.layers] == ["PAS kidney phantom, field of cortex"]
    assert lines(dock) == ["2", "3"]


def test_review_brings_its_dock_to_the_front_though_it_was_closed(
    window: Viewer, kidney_slide: Slide, qtbot: QtBot
) -> None:
    a_run(window, add_slide(window, kidney_slide)).session.extend(rows_of(5))
    _, dock = window.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    qtbot.waitUntil(dock.go_through.isEnabled)
    for _ in range(2):
        dock.go_through.click()
        (review,) = window.window._qt_window.findChildren(ReviewDock)
        qtbot.waitUntil(lambda shown=review: bool(shown.visibleRegion()))
        holder, _ = window.window.add_plugin_dock_widget("napari-ggs", "Review")
        holder.close()
        assert not review.isVisible()
    assert review.review is dock.review
