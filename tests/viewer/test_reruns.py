"""A run that comes to nothing never takes the place of a review."""

from pathlib import Path

import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore
from napari_ggs.viewer import preferences
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.reopening import reopen
from napari_ggs.viewer.review_footer import FINISH, REOPEN, ReviewFooter
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of
from tests.viewer.conftest import a_card, a_run
from tests.viewer.test_detect_dock import choose

LEFT = Qt.MouseButton.LeftButton
THRESHOLDS = Thresholds(0.3, 0.4)
N = 20


def a_keeping(slide: Slide) -> Keeping:
    return Keeping(slide, preferences.study_file(), preferences.reviewer())


@pytest.fixture
def reviewed(kidney_slide: Slide) -> Slide:
    """A slide of which the study has a finished run and three labels."""
    keeping = a_keeping(kidney_slide)
    keeping.begin(GGS, {}, THRESHOLDS, None)
    keeping.add(rows_of(N))
    keeping.finish(rows_of(N), {})
    keeping.reopen(keeping.store.run(keeping.run)).apply(Labelled((0, 1, 2), "solidified"))
    keeping.close()
    return kidney_slide


def labels(image: Image) -> list[str]:
    table: pd.DataFrame = image.metadata["session"].table
    return [label for label in table["label"] if label]


def test_a_run_that_was_cut_off_does_not_hide_the_review(
    reviewed: Slide, viewer: ViewerModel
) -> None:
    keeping = a_keeping(reviewed)
    keeping.begin(GGS, {}, THRESHOLDS, None)
    keeping.close()
    assert labels(add_slide(viewer, reviewed)) == ["solidified"] * 3


def test_what_was_said_of_a_run_that_was_cut_off_is_carried_over_too(
    reviewed: Slide, viewer: ViewerModel, image: Image
) -> None:
    keeping = a_keeping(reviewed)
    keeping.begin(GGS, {}, THRESHOLDS, None)
    keeping.add(rows_of(N))
    keeping.reopen(keeping.store.run(keeping.run)).apply(Labelled((4,), "obsolescent"))
    run = SlideRun(
        viewer, image, a_run(viewer, image).job, _cards(), a_keeping(image.metadata["slide"])
    )
    run._finish(rows_of(N))
    assert sorted(labels(image)) == ["obsolescent", "solidified", "solidified", "solidified"]
    assert run.carried.kept == 3


def test_a_run_that_breaks_off_gives_the_review_back(
    reviewed: Slide, viewer: ViewerModel, qtbot: QtBot
) -> None:
    image = add_slide(viewer, reviewed)
    dock = DetectDock(viewer)
    qtbot.addWidget(dock)
    choose(dock.form.detector, a_card("detection"))
    qtbot.mouseClick(dock.button, LEFT)
    qtbot.waitUntil(lambda: "shown again" in dock.message.text(), timeout=60_000)
    assert "detection.safetensors" in dock.message.text()
    assert labels(image) == ["solidified"] * 3
    assert dock.button.isEnabled()


def test_a_finished_case_is_not_run_again_and_its_review_stays(
    reviewed: Slide, viewer: ViewerModel, qtbot: QtBot
) -> None:
    image = add_slide(viewer, reviewed)
    image.metadata["review"].keeping.finish_case({})
    dock = DetectDock(viewer)
    qtbot.addWidget(dock)
    qtbot.mouseClick(dock.button, LEFT)
    assert "is finished" in dock.message.text()
    assert labels(image) == ["solidified"] * 3
    assert dock.button.isEnabled()
    assert dock.active is None


def test_finish_and_reopen_do_what_they_offered(
    reviewed: Slide, viewer: ViewerModel, qtbot: QtBot, study: Path
) -> None:
    image = add_slide(viewer, reviewed)
    footer = ReviewFooter()
    qtbot.addWidget(footer)
    footer.follow(image.metadata["review"])
    assert footer.finish.text() == FINISH
    elsewhere = a_keeping(reviewed)
    elsewhere.finish_case({"by": "the other window"})
    qtbot.mouseClick(footer.finish, LEFT)
    with CaseStore.open(study) as store:
        (slide,) = store.slides()
        assert store.is_finished(slide.case), "what said Finish does not reopen"
        assert store.snapshot(slide.case) == {"by": "the other window"}
    assert footer.finish.text() == REOPEN


def test_a_slide_that_is_only_looked_at_is_not_taken_into_the_study(
    reviewed: Slide, viewer: ViewerModel, unknown: Image, study: Path
) -> None:
    assert reopen(viewer, unknown) is None
    with CaseStore.open(study) as store:
        assert [slide.name for slide in store.slides()] == [reviewed.name]


def _cards() -> dict:
    return {"detector": a_card("detection"), "classifier": a_card("classification")}
