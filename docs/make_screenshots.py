"""Make the pictures of ``docs/images`` with the real viewer: ``python docs/make_screenshots.py``.

It needs a display; without one: ``xvfb-run -s "-screen 0 1600x1000x24" python ...``.
"""

import os
import tempfile
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import napari
import numpy as np
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtTest import QTest

from napari_ggs.batch import Settings
from napari_ggs.circles import iou
from napari_ggs.glomeruli import circles_of
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.mining import mine_slide
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.review import Labelled
from napari_ggs.slides import Slide, open_slide
from napari_ggs.store import CaseStore, SlideInfo
from napari_ggs.viewer import preferences
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.retrain_dock import RetrainDock
from napari_ggs.viewer.review_dock import ReviewDock

MIX = {"normal": 0.5, "obsolescent": 0.25, "solidified": 0.15, "disappearing": 0.1}
PATIENTS = 9
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


def label_patient(number: int, folder: Path) -> None:
    """A phantom slide of a patient, each of whose circles has its true class in the study."""
    path = folder / f"biopsy-{number}.svs"
    phantom = PhantomSlide(1800, 1400, mpp=1.0, seed=100 + number, outline="field", mix=MIX)
    write_slide(phantom, path)
    with open_slide(path) as slide, CaseStore.open(preferences.study_file()) as store:
        info = SlideInfo(slide.fingerprint, slide.name, path, slide.width, slide.height, slide.mpp)
        store.add_slide(info, f"P{number}")
        for _ in mine_slide(slide, Settings.load(t_det=0.2), store):
            pass
        label_truly(slide, phantom)


def label_truly(slide: Slide, phantom: PhantomSlide) -> None:
    """Name all circles of a slide's run by what they are."""
    keeping = Keeping(slide, preferences.study_file(), "Ann Reader")
    session = keeping.reopen(keeping.before())
    overlap = iou(circles_of(session.table), circles_of(phantom.truth))
    nearest = phantom.truth["label"].to_numpy()[overlap.argmax(axis=1)]
    names = np.where(overlap.max(axis=1) > 0.3, nearest, NON_GLOMERULUS)
    for name in set(names.tolist()):
        session.apply(Labelled(tuple(session.table.index[names == name]), name))
    keeping.close()


def retrain(viewer: napari.Viewer) -> None:
    """The Retrain dock: what is at hand; then two epochs, compared with the model in use."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Retrain", tabify=True)
    assert isinstance(dock, RetrainDock)
    while len(dock.setup.data.table["patient"].unique()) < PATIENTS:
        wait(200)
    dock.setup.data.keep(tuple(f"P{number}" for number in range(4, PATIENTS + 1)))
    while "about" not in dock.footer.estimate.words.text():
        wait(200)
    save(viewer, "retrain.png")
    dock.setup.form.length.setValue(2)
    QTest.mouseClick(dock.footer.button, Qt.MouseButton.LeftButton)
    while dock.run.running:
        wait(200)
    QTest.mouseClick(dock.outcome.verdict.compare, Qt.MouseButton.LeftButton)
    while not dock.outcome.verdict.card.text():
        wait(200)
    wait(1000)
    save(viewer, "retrain_verdict.png")


def save(viewer: napari.Viewer, name: str) -> None:
    """Write the whole window as a picture."""
    IMAGES.mkdir(exist_ok=True)
    iio.imwrite(IMAGES / name, viewer.screenshot(canvas_only=False, flash=False)[..., :3])


def main() -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # a study of their own, and models in use
        slide = Path(folder) / "PAS kidney phantom.svs"
        write_slide(PhantomSlide(3000, 3600, mpp=0.5, seed=7, outline="wedge", mix=MIX), slide)
        viewer = napari.Viewer()
        viewer.window.resize(1400, 900)
        detect_and_classify(viewer, slide)
        review(viewer)
        for number in range(1, PATIENTS + 1):
            label_patient(number, Path(folder))
        retrain(viewer)
        viewer.close()


if __name__ == "__main__":
    main()
