"""What the viewer's tests share: a screen of their own, and settings that are not the user's."""

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari import Viewer
from napari.components import ViewerModel
from napari.layers import Image
from napari.settings import get_plugin_settings, get_settings
from pytestqt.qtbot import QtBot

from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS, Scheme
from napari_ggs.models import Architecture, ModelCard
from napari_ggs.slides import Slide, open_slide
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.messages import Job
from napari_ggs.viewer.preferences import default_study
from napari_ggs.viewer.reader import add_slide
from napari_ggs.viewer.retrain_dock import RetrainDock
from napari_ggs.viewer.retrain_setup import READING
from napari_ggs.viewer.slide_run import SlideRun
from tests import xvfb
from tests.review.test_session import rows_of
from tests.viewer.beginner import use_a_beginner


@functools.cache
def use_other_settings() -> None:
    """Let napari keep its settings in a new folder; it can be told only once."""
    folder = Path(tempfile.mkdtemp())
    get_settings(folder / "settings.yaml")
    get_plugin_settings(path_dir=folder)


def a_card(task: str, scheme: Scheme = GGS) -> ModelCard:
    """A card without a model."""
    detects = task == "detection"
    return ModelCard(
        name=task,
        task=task,
        architecture=Architecture(kind="circlenet" if detects else "classifier", backbone="none"),
        classes=("glomerulus",) if detects else scheme.classes,
        mpp=2.0 if detects else None,
        max_radius_um=200 if detects else None,
        margin_um=None if detects else 12.5,
        input_px=256,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )


def a_run(viewer: ViewerModel, image: Image, scheme: Scheme = GGS) -> SlideRun:
    """A run that has not begun."""
    cards = {"detector": a_card("detection"), "classifier": a_card("classification", scheme)}
    slide = image.metadata["slide"]
    job = Job(slide.path, slide.mpp, "detector", "classifier", Thresholds(0.3, 0.4))
    return SlideRun(viewer, image, job, cards)


@pytest.fixture(scope="session", autouse=True)
def display() -> None:
    """A screen to draw on."""
    xvfb.start()
    use_other_settings()


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of the test's own, not the user's."""
    for name in ("XDG_DATA_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "data"))
    return default_study()


@pytest.fixture
def viewer() -> Iterator[ViewerModel]:
    """A viewer without a window."""
    model = ViewerModel()
    yield model
    model.layers.clear()


@pytest.fixture
def image(viewer: ViewerModel, kidney_slide: Slide) -> Image:
    """The small phantom slide, as the reader puts it into the viewer."""
    return add_slide(viewer, kidney_slide)


@pytest.fixture
def unknown(viewer: ViewerModel, tmp_path: Path) -> Image:
    """A slide that does not know its pixel size."""
    path = tmp_path / "unknown.tif"
    pixels = np.full((600, 700, 3), 220, np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb", resolutionunit="none")
    return add_slide(viewer, open_slide(path))


@pytest.fixture
def dock(viewer: ViewerModel, qtbot: QtBot) -> DetectDock:
    """The dock, without a window around it."""
    widget = DetectDock(viewer)
    qtbot.addWidget(widget)
    widget.resize(320, 830)
    widget.show()
    return widget


@pytest.fixture
def run(viewer: ViewerModel, image: Image) -> SlideRun:
    """A run that has found some circles."""
    found = a_run(viewer, image)
    found.session.extend(rows_of(40))
    return found


@pytest.fixture
def window(make_napari_viewer: Callable[..., Viewer]) -> Viewer:
    """A real, visible napari window."""
    window = make_napari_viewer(show=True)
    window.window.resize(1400, 900)
    return window


@pytest.fixture
def beginner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny classifier that has learnt nothing is in use, and a recipe that fits it."""
    use_a_beginner(tmp_path, monkeypatch)


@pytest.fixture
def opened(window: Viewer, qtbot: QtBot) -> Iterator[Callable[[], RetrainDock]]:
    """Open the Retrain dock as the Plugins menu does; nothing trains on when the test is over."""
    docks = []

    def open_dock() -> RetrainDock:
        _, dock = window.window.add_plugin_dock_widget("napari-ggs", "Retrain")
        docks.append(dock)
        qtbot.waitUntil(dock.isVisible)
        qtbot.waitUntil(lambda: dock.footer.hint.text() != READING)
        return dock

    yield open_dock
    if docks and docks[-1].run.running:
        docks[-1].run.stop()
