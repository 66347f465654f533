"""A run goes with its slide, however the slide goes."""

import numpy as np
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot

from napari_ggs.viewer.slide_run import SlideRun


def test_a_slide_can_be_deleted_together_with_its_circles(
    viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> None:
    mine = viewer.add_points(np.zeros((1, 2)))
    viewer.layers.select_all()
    viewer.layers.selection.remove(mine)
    viewer.layers.selection.remove(run.review.layers["normal"])
    viewer.layers.remove_selected()
    qtbot.waitUntil(lambda: list(viewer.layers) == [mine])
    run.session.undo()


def test_a_run_ends_at_once_when_its_slide_goes(viewer: ViewerModel, run: SlideRun) -> None:
    run.start()
    viewer.layers.remove(run.image)
    assert not run.running
