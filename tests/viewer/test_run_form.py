"""The form knows what the slide knows, and keeps what was typed with the slide."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot

from napari_ggs.errors import UserError
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.run_form import DRAWN, REGION_LAYER, VIEW


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


def test_the_view_is_a_region(viewer: ViewerModel, dock: DetectDock, image: Image) -> None:
    viewer.canvas.size = (300, 400)
    viewer.scene.camera.zoom = 2.0
    viewer.scene.camera.center = (0, 499.5, 799.5)
    dock.form.region.setCurrentText(VIEW)
    assert tuple(image.scale) == (1, 1)
    assert dock.form.chosen_region() == pytest.approx((700, 425, 200, 150))


def test_the_region_keeps_its_place_when_the_pixel_size_is_corrected(
    viewer: ViewerModel, dock: DetectDock, unknown: Image
) -> None:
    dock.form.region.setCurrentText(DRAWN)
    layer = viewer.layers[REGION_LAYER]
    layer.add_rectangles([[99.5, 199.5], [299.5, 599.5]])
    for mpp in (0.25, 0.5):
        dock.form.mpp.setValue(mpp)
        assert dock.form.chosen_region() == pytest.approx((200, 100, 400, 200))
        assert tuple(layer.scale) == tuple(unknown.scale) == (mpp, mpp)
        assert layer.units == unknown.units


def test_a_region_drawn_over_another_slide_keeps_its_place_too(
    viewer: ViewerModel, dock: DetectDock, image: Image, unknown: Image
) -> None:
    dock.form.slide.setCurrentIndex(dock.form.slide.findText(image.name))
    dock.form.mpp.setValue(0.5)
    dock.form.region.setCurrentText(DRAWN)
    viewer.layers[REGION_LAYER].add_rectangles([[99.5, 199.5], [299.5, 599.5]])
    dock.form.slide.setCurrentIndex(dock.form.slide.findText(unknown.name))
    there = dock.form.chosen_region()
    dock.form.mpp.setValue(0.25)
    assert dock.form.chosen_region() == pytest.approx(there)


def test_a_typed_pixel_size_is_remembered_with_its_slide(
    dock: DetectDock, image: Image, unknown: Image
) -> None:
    slide = dock.form.slide
    dock.form.mpp.setValue(0.25)
    slide.setCurrentIndex(slide.findText(image.name))
    assert dock.form.mpp.value() == image.metadata["slide"].mpp
    dock.form.mpp.setValue(0.8)
    slide.setCurrentIndex(slide.findText(unknown.name))
    assert dock.form.mpp.value() == 0.25
    slide.setCurrentIndex(slide.findText(image.name))
    assert dock.form.mpp.value() == 0.8 == image.scale[0]
    assert dock.form.chosen_slide().mpp == 0.8


def test_any_slide_that_goes_is_told(
    viewer: ViewerModel, dock: DetectDock, image: Image, unknown: Image, qtbot: QtBot
) -> None:
    assert dock.form.image is unknown
    with qtbot.waitSignal(dock.form.changed, timeout=100):
        viewer.layers.remove(image)
    assert dock.form.image is unknown
    with qtbot.assertNotEmitted(dock.form.changed):
        viewer.add_points(np.zeros((1, 2))).name = "no slide"
