"""The dock says what it needs, and never asks for what the slide knows."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Points
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, NON_GLOMERULUS
from napari_ggs.models import Architecture, ModelCard
from napari_ggs.review import Labelled
from napari_ggs.slides import open_slide
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.messages import Job
from napari_ggs.viewer.progress_panel import remaining
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.run_form import DRAWN, REGION_LAYER, VIEW
from napari_ggs.viewer.slide_run import SlideRun
from tests.review.test_session import rows_of


@pytest.fixture
def dock(viewer: ViewerModel, qtbot: QtBot) -> Iterator[DetectDock]:
    widget = DetectDock(viewer)
    qtbot.addWidget(widget)
    widget.resize(320, 830)
    widget.show()
    return widget


@pytest.fixture
def unknown(viewer: ViewerModel, tmp_path: Path) -> Image:
    """A slide that does not know its pixel size."""
    path = tmp_path / "unknown.tif"
    pixels = np.full((600, 700, 3), 220, np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb", resolutionunit="none")
    return add_slide(viewer, open_slide(path))


def test_the_pixel_size_comes_from_the_slide(dock: DetectDock, image: Image) -> None:
    assert dock.form.image is image
    assert dock.form.mpp.value() == image.metadata["slide"].mpp
    assert not dock.form.need_mpp.isVisible()


def test_an_unknown_pixel_size_must_be_given_and_scales_the_layer(
    dock: DetectDock, unknown: Image
) -> None:
    assert dock.form.need_mpp.isVisible()
    assert "pixel size" in dock.form.missing()
    dock.form.mpp.setValue(0.25)
    assert not dock.form.need_mpp.isVisible()
    assert tuple(unknown.scale) == (0.25, 0.25)
    assert [str(unit) for unit in unknown.units] == ["micrometer", "micrometer"]
    assert dock.form.chosen_slide().mpp == 0.25


def test_the_choice_of_slides_follows_the_layer_list(
    viewer: ViewerModel, dock: DetectDock, image: Image
) -> None:
    viewer.add_image(np.zeros((10, 10)))
    viewer.add_points(np.zeros((1, 2)))
    assert [dock.form.slide.itemText(i) for i in range(dock.form.slide.count())] == [image.name]
    image.name = "renamed"
    assert dock.form.slide.currentText() == "renamed"
    viewer.layers.remove(image)
    assert dock.form.image is None
    assert not dock.button.isEnabled()


@pytest.mark.usefixtures("image")
def test_a_drawn_rectangle_is_the_region(viewer: ViewerModel, dock: DetectDock) -> None:
    dock.form.region.setCurrentText(DRAWN)
    layer = viewer.layers[REGION_LAYER]
    assert layer.mode == "add_rectangle"
    layer.add_rectangles([[99.5, 199.5], [299.5, 599.5]])
    assert dock.form.chosen_region() == (200, 100, 400, 200)


@pytest.mark.usefixtures("image")
def test_a_missing_rectangle_is_asked_for_in_plain_words(dock: DetectDock) -> None:
    dock.form.region.setCurrentText(DRAWN)
    with pytest.raises(UserError, match="draw one"):
        dock.form.chosen_region()


@pytest.mark.usefixtures("image")
def test_the_view_is_a_region(dock: DetectDock) -> None:
    dock.form.region.setCurrentText(VIEW)
    region = dock.form.chosen_region()
    assert region is not None
    assert region[2] > 0


@pytest.mark.usefixtures("unknown")
def test_nothing_is_wider_than_the_dock(dock: DetectDock) -> None:
    body = dock.widget()
    assert body.minimumSizeHint().width() <= 320
    assert dock.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (0.2, " · 1 s left"), (89, " · 89 s left"), (600, " · 10 min left")],
)
def test_time_left_in_words(seconds: float, words: str) -> None:
    assert remaining(seconds) == words


def test_a_threshold_is_set_by_its_slider_or_its_number(dock: DetectDock, qtbot: QtBot) -> None:
    detection = dock.sliders.detection
    with qtbot.waitSignal(dock.sliders.changed) as given:
        qtbot.keyClick(detection.slider, Qt.Key.Key_End)
    assert given.args == [Thresholds(1.0, dock.sliders.glomerulus.value())]
    with qtbot.waitSignal(dock.sliders.changed):
        detection.number.setValue(0.25)
    assert detection.slider.value() == 25
    dock.sliders.value = Thresholds(0.4, 0.6)
    assert (detection.slider.value(), detection.value()) == (40, 0.4)


def a_card(task: str) -> ModelCard:
    detects = task == "detection"
    return ModelCard(
        name=task,
        task=task,
        architecture=Architecture(kind="circlenet" if detects else "classifier", backbone="none"),
        classes=("glomerulus",) if detects else GGS.classes,
        mpp=2.0 if detects else None,
        max_radius_um=200 if detects else None,
        margin_um=None if detects else 12.5,
        input_px=256,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )


@pytest.fixture
def run(viewer: ViewerModel, image: Image) -> SlideRun:
    """A run that has found some circles."""
    cards = {"detector": a_card("detection"), "classifier": a_card("classification")}
    slide = image.metadata["slide"]
    job = Job(slide.path, slide.mpp, "detector", "classifier", Thresholds(0.3, 0.4))
    found = SlideRun(viewer, image, job, cards)
    found.session.extend(rows_of(40))
    return found


def test_a_dock_that_opens_later_shows_the_result_that_is_there(
    run: SlideRun, dock: DetectDock
) -> None:
    counts = run.session.counts()
    total = sum(counts[name] for name in GGS.glomerular)
    assert f"{total} glomeruli" in dock.results.text()
    assert dock.sliders.value == Thresholds(0.3, 0.4)
    run.session.apply(Labelled(tuple(run.session.table.index), NON_GLOMERULUS))
    assert "0 glomeruli" in dock.results.text()


def test_results_go_with_the_slide_and_nothing_crashes_without_the_dock(
    viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> None:
    dock = DetectDock(viewer)
    with qtbot.waitSignal(dock.destroyed):
        dock.deleteLater()
    viewer.add_points(np.zeros((1, 2)))
    run.session.thresholds = Thresholds(0.9)
    viewer.layers.remove(run.image)
    assert len(viewer.layers) == 1


def test_a_missing_model_is_told_in_plain_words(
    viewer: ViewerModel, run: SlideRun, dock: DetectDock, qtbot: QtBot
) -> None:
    dock.form.detector.addItem("gone", (a_card("detection"), "gone.safetensors"))
    dock.form.detector.setCurrentText("gone")
    dock.form.classifier.addItem("gone", (a_card("classification"), "gone.safetensors"))
    qtbot.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.active is None, timeout=60_000)
    assert "gone.safetensors" in dock.message.text()
    assert dock.run is not run
    assert sum(isinstance(layer, Points) for layer in viewer.layers) == len(GGS.classes)
