"""Key presses, clicks and drags to give 100 circles their classes: our dock, and napari alone.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/label_100_circles.py [--wrong 0.2]

The task: 100 circles with a predicted class each, a share of which is wrong; every circle is looked
at in a field of 400 um and has its true class at the end. Real events of keyboard and mouse on a
real window, each counted; who does it is never unsure and never slips.

Ours: the Review dock. N goes to the first circle; then Space where the prediction is right, else
the key of the true class. Both go on to the next circle, which comes to the middle of the view.

napari alone: the shortest way that we found with its own tools, without a script. One Points layer
whose feature "class" holds the letter of the predicted class; beside it its "Features table
widget", made editable with one click. The circles stand in the table as on a walk to the nearest
next one. For each circle the view is dragged until the whole circle is in it; where the prediction
is wrong, the cell of its row is clicked, the letter typed, and Enter pressed. Kind to napari, it
costs nothing to know which row a circle is and to scroll the table there. That a person has
confirmed a class is kept nowhere, and nothing can be undone. Other ways cost more: a Points layer
per class takes a click on the layer, one on the circle, Ctrl+C, Delete, a click on the other layer
and Ctrl+V.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import napari
import numpy as np
from napari.layers import Image, Points
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QTableView, QWidget

from known_slide import MPP, keep, make_slide, rows_of
from napari_ggs.lesions import GGS
from napari_ggs.viewer import preferences
from napari_ggs.viewer.review_dock import ReviewDock

N = 100
FIELD_UM = 400.0
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton
LETTERS = dict(zip(GGS.classes, "nosdx", strict=True))
KEYS = {str(n): getattr(Qt.Key, f"Key_{n}") for n in range(1, len(GGS.classes) + 1)}


class Hand:
    """Keyboard and mouse; counts what it does, and the seconds until the window has followed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0

    def press(self, widget: QWidget, key: Qt.Key) -> None:
        self._do("keys", lambda: QTest.keyClick(widget, key))

    def click(self, widget: QWidget, place: QPoint) -> None:
        self._do("clicks", lambda: QTest.mouseClick(widget, LEFT, NONE, place))

    def drag(self, widget: QWidget, start: QPoint, end: QPoint) -> None:
        def drag() -> None:
            QTest.mousePress(widget, LEFT, NONE, start)
            for share in (0.5, 1.0):
                QTest.mouseMove(widget, start + (end - start) * share)
                QApplication.processEvents()
            QTest.mouseRelease(widget, LEFT, NONE, end)

        self._do("drags", drag)

    def _do(self, what: str, act: object) -> None:
        started = time.perf_counter()
        act()
        QApplication.processEvents()
        self.seconds += time.perf_counter() - started
        self.counts[what] += 1


def truth(wrong: float) -> np.ndarray:
    """The true class of each circle: that which is predicted, but for a share of them."""
    rng, predicted = np.random.default_rng(1), rows_of(N)["predicted"].to_numpy(dtype=object)
    changed = rng.choice(N, round(wrong * N), replace=False)
    for circle in changed:
        predicted[circle] = rng.choice([c for c in GGS.classes if c != predicted[circle]])
    return predicted


def ours(slide: Path, true: np.ndarray) -> Hand:
    """Go through the circles with the dock."""
    viewer, hand = window(), Hand()
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Review")
    assert isinstance(dock, ReviewDock)
    viewer.open(slide, plugin="napari-ggs")
    QTest.qWait(1000)
    session, walk = dock.review.session, dock.review.walk
    canvas = viewer.window._qt_viewer.canvas.native
    hand.press(canvas, Qt.Key.Key_N)
    for _ in range(N):
        at = walk.current
        right = session.table.loc[at, "predicted"] == true[at]
        number = str(GGS.classes.index(true[at]) + 1)
        hand.press(canvas, Qt.Key.Key_Space if right else KEYS[number])
    assert (session.table["label"].loc[range(N)].to_numpy() == true).all()
    viewer.close()
    return hand


def alone(slide: Path, true: np.ndarray) -> Hand:
    """Go through the circles with napari's own tools."""
    viewer, hand, rows = window(), Hand(), rows_of(N)
    order = nearest_next(rows[["x", "y"]].to_numpy())
    rows, true = rows.iloc[order], true[order]
    letters = [LETTERS[name] for name in rows["predicted"]]
    viewer.open(slide, plugin="napari-ggs")
    (image,) = viewer.layers
    points = Points(
        rows[["y", "x"]] - 0.5,
        size=2 * rows["radius"],
        features={"class": letters},
        face_color="transparent",
        border_color="yellow",
        scale=image.scale,
        units=image.units,
    )
    viewer.add_layer(points)
    _, table = viewer.window.add_plugin_dock_widget("napari", "Features table widget")
    QTest.qWait(1000)
    viewer.scene.camera.zoom = min(viewer.canvas.size) / FIELD_UM
    hand.click(table.toggle, table.toggle.rect().center())
    viewer.window._qt_window.activateWindow()  # there is no window manager on this screen
    QTest.qWait(500)
    for row, name in enumerate(true):
        bring_into_view(viewer, image, rows.iloc[row], hand)
        if LETTERS[name] != letters[row]:
            write_into(table.table, row, LETTERS[name], hand)
    assert list(points.features["class"]) == [LETTERS[name] for name in true]
    viewer.close()
    return hand


def write_into(view: QTableView, row: int, letter: str, hand: Hand) -> None:
    """Click the cell of a row in the table, type a letter and press Enter."""
    cell = view.model().index(row, 1)
    view.scrollTo(cell)
    hand.click(view.viewport(), view.visualRect(cell).center())
    hand.press(QApplication.focusWidget(), getattr(Qt.Key, f"Key_{letter.upper()}"))
    hand.press(QApplication.focusWidget(), Qt.Key.Key_Return)


def window() -> napari.Viewer:
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    return viewer


def nearest_next(places: np.ndarray) -> list[int]:
    """A walk through all places, each time to the nearest that is left."""
    order, left = [0], set(range(1, len(places)))
    while left:
        away = {i: float(np.hypot(*(places[i] - places[order[-1]]))) for i in left}
        order.append(min(away, key=away.get))
        left.remove(order[-1])
    return order


def bring_into_view(viewer: napari.Viewer, image: Image, row: object, hand: Hand) -> None:
    """Drag the view, most of its width at a time, until the whole circle is in it."""
    canvas = viewer.window._qt_viewer.canvas.native
    size = np.array([canvas.height(), canvas.width()])
    while True:
        place = np.array(image.data_to_world((row.y - 0.5, row.x - 0.5)))
        away = (place - np.array(viewer.scene.camera.center[-2:])) * viewer.scene.camera.zoom
        room = size / 2 - row.radius * MPP * viewer.scene.camera.zoom
        if (np.abs(away) <= room).all():
            return
        move = np.clip(away, -0.9 * size, 0.9 * size)
        start = size / 2 + move / 2
        ends = [QPoint(round(c), round(r)) for r, c in (start, start - move)]
        hand.drag(canvas, *ends)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wrong", type=float, nargs="*", default=[0.2, 1.0])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        slide = make_slide(Path(folder))
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
        for wrong in args.wrong:
            for what, act in (("our dock", ours), ("napari alone", alone)):
                os.environ["XDG_DATA_HOME"] = f"{folder}/{what}-{wrong}"  # a study of its own
                if act is ours:
                    keep(slide, preferences.study_file(), N)
                hand = act(slide, truth(wrong))
                does = ", ".join(f"{hand.counts[k]} {k}" for k in ("keys", "clicks", "drags"))
                print(
                    f"{100 * wrong:3.0f} % wrong, {what:<12} {does:<34} "
                    f"{1e3 * hand.seconds / N:6.0f} ms per circle",
                    flush=True,
                )


if __name__ == "__main__":
    main()
