"""Make the pictures of ``docs/images`` with the real viewer: ``python docs/make_screenshots.py``.

It needs a display; without one: ``xvfb-run -s "-screen 0 1600x1000x24" python ...``.
"""

import os
import tempfile
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import napari
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtTest import QTest

from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.review_dock import ReviewDock

MIX = {"normal": 0.5, "obsolescent": 0.25, "solidified": 0.15, "disappearing": 0.1}
IMAGES = Path(__file__).parent / "images"


def wait(milliseconds: int) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def detect_and_classify(viewer: napari.Viewer, slide: Path) -> None:
    """A slide is open, the button was pressed, the circles are there."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    assert isinstance(dock, DetectDock)
    viewer.open(slide, plugin="napari-ggs")
    wait(500)
    QTest.mouseClick(dock.button, Qt.MouseButton.LeftButton)
    while dock.active is not None:
        wait(200)
    viewer.reset_view(margin=0.02)
    wait(1000)
    save(viewer, "detect_and_classify.png")


def review(viewer: napari.Viewer) -> None:
    """The Review dock in front, some circles graded, one at hand."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Review", tabify=True)
    assert isinstance(dock, ReviewDock)
    wait(1500)
    actions, walk = dock.review.actions, dock.review.walk
    walk.next()
    for grade in (actions.confirm, partial(actions.label, "obsolescent"), actions.confirm):
        grade()
    actions.assess("uncertain")
    actions.flag("segmental")
    wait(2500)
    save(viewer, "review.png")
    for number in range(1, dock.pages.count()):
        dock.pages.setCurrentIndex(number)
        wait(2500)
        save(viewer, f"review_{dock.pages.tabText(number).lower()}.png")


def save(viewer: napari.Viewer, name: str) -> None:
    """Write the whole window as a picture."""
    IMAGES.mkdir(exist_ok=True)
    iio.imwrite(IMAGES / name, viewer.screenshot(canvas_only=False, flash=False)[..., :3])


def main() -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # a study of their own
        slide = Path(folder) / "PAS kidney phantom.svs"
        write_slide(PhantomSlide(3000, 3600, mpp=0.5, seed=7, outline="wedge", mix=MIX), slide)
        viewer = napari.Viewer()
        viewer.window.resize(1400, 900)
        detect_and_classify(viewer, slide)
        review(viewer)
        viewer.close()


if __name__ == "__main__":
    main()
