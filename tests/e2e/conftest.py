"""The real viewer on a screen of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napari import Viewer

from napari_ggs.slides import open_slide
from napari_ggs.viewer.detect_dock import DetectDock
from tests.viewer.conftest import display, study  # noqa: F401
from tests.viewer.networks import save_detector


@pytest.fixture
def slow_detector(kidney: Path, tmp_path: Path) -> Path:
    """A detector that needs some hundred tiles for the small phantom slide."""
    with open_slide(kidney) as slide:
        return save_detector(tmp_path, slide, mpp=1.0)


@pytest.fixture
def window(make_napari_viewer: Callable[..., Viewer]) -> Viewer:
    """A real, visible napari window."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)
    return viewer


@pytest.fixture
def dock(window: Viewer) -> Iterator[DetectDock]:
    """The dock, opened as the Plugins menu does it."""
    _, widget = window.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    yield widget
    if widget.active is not None:
        widget.active.discard()
