"""Seconds to open a slide that the study knows, and how its gallery paints and scrolls.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/open_and_gallery.py

For 100, 1,000 and 10,000 circles on a phantom of 8 x 6 mm at 1 um/px: from ``napari-ggs view``
on the command line until the slide is there with all its circles and the window has painted
("cold"); in a running napari with the Review dock, from opening the file to the same ("warm"), from
its opening until the gallery has painted for the first time, and until every picture in view is
there (at the latest: that is asked only once the slide is open); and
the gaps between its paints while it is scrolled from its beginning to its end in ten seconds, as
fast as a timer of 16 ms allows, and again with all pictures in the cache that fit in it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from napari.layers import Points
from qtpy.QtCore import QEvent, QEventLoop, QObject, QTimer
from qtpy.QtWidgets import QApplication

from known_slide import keep, make_slide
from napari_ggs.viewer import preferences
from napari_ggs.viewer.gallery import Gallery
from napari_ggs.viewer.review_dock import ReviewDock

NUMBERS = (100, 1000, 10_000)
SCROLL_S, FRAME_MS = 10.0, 16
LONGEST_S = 120.0
QUIET_S = 0.5


class Paints(QObject):
    """Notes when a gallery that has circles paints."""

    def __init__(self, gallery: Gallery) -> None:
        super().__init__()
        self.times: list[float] = []
        self._gallery = gallery
        gallery.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        painted = event is not None and event.type() == QEvent.Type.Paint
        if painted and self._gallery.circles.rowCount():
            self.times.append(time.perf_counter())
        return super().eventFilter(watched, event)


def wait_for(done: Callable[[], bool]) -> float:
    """Let the window work until something is so; when it was."""
    end = time.perf_counter() + LONGEST_S
    while not done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
        if time.perf_counter() > end:
            raise TimeoutError
    return time.perf_counter()


def circles_shown(viewer: napari.Viewer) -> int:
    """Points in the class layers."""
    return sum(len(layer.data) for layer in viewer.layers if isinstance(layer, Points))


def until_open(viewer: napari.Viewer, n: int) -> float:
    """Wait until all circles are in layers and the canvas has been drawn with them."""
    wait_for(lambda: circles_shown(viewer) >= n)
    viewer.window._qt_viewer.canvas.native.repaint()
    QApplication.processEvents()
    return time.perf_counter()


def until_quiet(number: Callable[[], int]) -> float:
    """Wait until a number above 0 has not grown for a while; when it last did."""
    last, since = 0, time.perf_counter()

    def quiet() -> bool:
        nonlocal last, since
        if number() != last:
            last, since = number(), time.perf_counter()
        return last > 0 and time.perf_counter() - since > QUIET_S

    wait_for(quiet)
    return since


def scroll(gallery: Gallery) -> np.ndarray:
    """Scroll from the beginning to the end; milliseconds between paints."""
    bar, paints = gallery.verticalScrollBar(), Paints(gallery)
    loop, timer = QEventLoop(), QTimer()
    started = time.perf_counter()

    def step() -> None:
        share = (time.perf_counter() - started) / SCROLL_S
        bar.setValue(round(min(1.0, share) * bar.maximum()))
        if share >= 1:
            loop.quit()

    bar.setValue(0)
    timer.timeout.connect(step)
    timer.start(FRAME_MS)
    loop.exec()
    return 1e3 * np.diff(paints.times)


def warm(slide: Path, n: int) -> None:
    """Open a slide in a napari that runs, with the Review dock; then scroll its gallery."""
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Review")
    assert isinstance(dock, ReviewDock)
    wait_for(lambda: True)
    gallery = dock.circles.gallery
    paints = Paints(gallery)
    started = time.perf_counter()
    viewer.open(slide, plugin="napari-ggs")
    opened = until_open(viewer, n)
    wait_for(lambda: bool(paints.times))
    first = paints.times[0]
    pictures = until_quiet(lambda: len(gallery.thumbnails or ()))
    print(
        f"{n:>6}  warm: open {opened - started:5.2f} s, gallery painted {first - started:5.2f} s, "
        f"its pictures {pictures - started:5.2f} s",
        flush=True,
    )
    for what in ("scrolled", "again"):
        gaps = scroll(gallery)
        p50, p95, p99 = np.percentile(gaps, [50, 95, 99])
        print(
            f"{n:>6}  gallery {what:<9} {len(gaps):4d} frames, gaps p50 {p50:5.1f}  p95 {p95:5.1f} "
            f" p99 {p99:5.1f}  max {gaps.max():6.1f} ms",
            flush=True,
        )
    viewer.close()


def cold(slide: Path, n: int) -> None:
    """Open a slide by the command line."""
    started = time.perf_counter()
    command = [sys.executable, __file__, "--view", str(slide), "--circles", str(n)]
    subprocess.run(command, check=True)
    print(f"{n:>6}  cold: open {time.perf_counter() - started:5.2f} s (until the process ended)")


def view(slide: Path, n: int) -> None:
    """What ``napari-ggs view`` does, until the circles are on the screen instead of for ever."""
    from napari_ggs.cli import main as command_line

    napari.run = lambda: until_open(napari.current_viewer(), n)
    sys.argv = ["napari-ggs", "view", str(slide)]
    command_line()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--circles", type=int, nargs="*", default=NUMBERS)
    parser.add_argument("--view", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.view:
        view(args.view, args.circles[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        slide = make_slide(Path(folder))
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
        for n in args.circles:
            os.environ["XDG_DATA_HOME"] = f"{folder}/{n}"  # a study of its own
            keep(slide, preferences.study_file(), n)
            cold(slide, n)
            warm(slide, n)


if __name__ == "__main__":
    main()
