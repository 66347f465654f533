"""What the viewer's tests share: a screen of their own, and settings that are not the user's."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_ggs.slides import Slide
from napari_ggs.viewer.reader import add_slide
from tests import xvfb

# napari reads this once, when its settings are first imported
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")


@pytest.fixture(scope="session", autouse=True)
def display() -> None:
    """A screen to draw on."""
    xvfb.start()


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
