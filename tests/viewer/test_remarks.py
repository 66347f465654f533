"""After a run the dock says what one must know to read its result, without computing anything."""

import threading
from dataclasses import replace

import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_ggs import glomeruli
from napari_ggs.lesions import BINARY, GGS, Scheme
from napari_ggs.viewer import remarks as words
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.messages import Step
from napari_ggs.viewer.remarks import remarks
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of
from tests.viewer.conftest import a_run


def over(run: SlideRun, table: pd.DataFrame, **of_step: object) -> SlideRun:
    """A run that has ended with a table."""
    run.running = True
    step = Step(4, 4, table.iloc[:0], table, {}, [], 0.0)
    run._on_step(replace(step, **of_step))
    run._on_ended()
    return run


def table_of(scheme: Scheme, n: int = 3) -> pd.DataFrame:
    share = [1 / len(scheme.classes)] * len(scheme.classes)
    return glomeruli.build(
        [(100.0 * i, 50.0, 20.0) for i in range(n)], [0.9] * n, [share] * n, scheme
    )


def test_a_complete_run_that_found_something_needs_no_remark(
    viewer: ViewerModel, image: Image
) -> None:
    assert remarks(over(a_run(viewer, image), rows_of(40))) == []


def test_nothing_found_is_told_apart_from_nothing_looked_at(
    viewer: ViewerModel, image: Image
) -> None:
    empty = glomeruli.empty(GGS)
    assert remarks(over(a_run(viewer, image), empty)) == [words.NOTHING]
    run = over(a_run(viewer, image), empty, done=0, total=0, missed=1.0)
    assert remarks(run) == [words.NO_TISSUE]
    run.job = replace(run.job, region=(-900.0, -900.0, 100.0, 100.0))
    assert remarks(run) == [words.NO_TISSUE_THERE]


def test_a_run_that_was_stopped_before_its_first_tile_is_stopped(
    viewer: ViewerModel, image: Image
) -> None:
    run = over(a_run(viewer, image), glomeruli.empty(GGS), done=0, missed=1.0)
    assert "Stopped" in remarks(run)[0]
    assert "100 %" in remarks(run)[1]


def test_a_classifier_that_cannot_filter_is_told(viewer: ViewerModel, image: Image) -> None:
    assert remarks(over(a_run(viewer, image, BINARY), table_of(BINARY))) == [words.NO_FILTER]
    assert remarks(over(a_run(viewer, image), table_of(GGS))) == []


def test_what_the_process_counted_as_unread_is_told_and_not_counted_again(
    dock: DetectDock, viewer: ViewerModel, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[str] = []
    monkeypatch.setattr(
        "napari_ggs.slides.slide.find_tissue",
        lambda _: where.append(threading.current_thread().name),
    )
    run = a_run(viewer, image)
    dock._follow(run)
    over(run, rows_of(40), faults=[(0, 0)], unread=0.25)
    assert "25.0 % of the tissue could not be read" in dock.message.text()
    assert run.slide.unread_tiles == 1
    assert where == []
