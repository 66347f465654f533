"""How fluent napari's window stays while a slide is analysed: gaps of the Qt event loop.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/event_loop_gaps.py [SLIDE]
    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/event_loop_gaps.py --training

A timer of 5 ms notes the time between its ticks while (1) nothing happens, (2) the dock's button
was pressed and the run goes on, (3) a person pans and zooms, (4) does so during a run: what
(3) and (4) take is mostly drawing, by the processor where there is no graphics card. Goal:
p99 <= 50 ms in (2). Without a slide it makes a phantom of 8 x 6 mm at 1 um/px.

With ``--training``: while (1) nothing happens, (2) the Retrain dock's button was pressed and the
classifier in use learns from 400 labelled circles of two phantom slides, for a minute. Same goal.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtTest import QTest

from known_slide import keep, make_slide
from napari_ggs.lesions import GGS
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.review import Labelled
from napari_ggs.slides import open_slide
from napari_ggs.viewer import preferences
from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.retrain_dock import RetrainDock

TICK_MS = 5
IDLE_S = 10
TRAINING_S = 60
LABELS = 200
"""Of each of the two slides that a classifier learns from."""


def gaps_while(going_on: Callable[[], bool]) -> np.ndarray:
    """Milliseconds between ticks as long as `going_on` says so."""
    times = [time.perf_counter()]
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(TICK_MS)

    def tick() -> None:
        times.append(time.perf_counter())
        if not going_on():
            loop.quit()

    timer.timeout.connect(tick)
    timer.start()
    loop.exec()
    return 1e3 * np.diff(times)


def report(what: str, gaps: np.ndarray) -> None:
    """Print one line of figures."""
    p50, p99 = np.percentile(gaps, [50, 99])
    long = int((gaps > 50).sum())
    print(
        f"{what:<28} {gaps.sum() / 1e3:6.1f} s  p50 {p50:5.1f}  p99 {p99:5.1f}  "
        f"max {gaps.max():6.1f} ms  {long} of {len(gaps)} gaps over 50 ms"
    )


def press(dock: DetectDock | RetrainDock) -> None:
    """Press the button of the dock."""
    button = dock.footer.button if isinstance(dock, RetrainDock) else dock.button
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["--training"]:
        while_training()
    else:
        while_detecting()


def while_training() -> None:
    """Measure with the Retrain dock; what it learns from and makes is gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        slides = [label_slide(Path(folder) / name) for name in ("first", "second")]
        viewer = napari.Viewer()
        viewer.window.resize(1400, 900)
        _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Retrain")
        viewer.open(slides[0], plugin="napari-ggs")
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
        end = time.monotonic() + IDLE_S
        report("idle", gaps_while(lambda: time.monotonic() < end))
        press(dock)
        gaps = gaps_while(lambda: dock.run.running and not dock.outcome.progress.curves.loss)
        report("training begins", gaps)
        end = time.monotonic() + TRAINING_S
        report("training", gaps_while(lambda: dock.run.running and time.monotonic() < end))
        press(dock)
        report("training stops", gaps_while(lambda: dock.run.running))
        print(dock.footer.message.text())
        viewer.close()


def label_slide(folder: Path) -> Path:
    """A phantom slide in the study of the preferences, all of whose circles have a class."""
    folder.mkdir()
    path = make_slide(folder, seed=len(folder.name)).rename(folder / f"{folder.name}.svs")
    keep(path, preferences.study_file(), LABELS)
    with open_slide(path) as slide:
        keeping = Keeping(slide, preferences.study_file(), "benchmark")
        session = keeping.reopen(keeping.before())
        for name in GGS.classes:
            mine = session.table.index[session.table["predicted"] == name]
            session.apply(Labelled(tuple(mine), name))
        keeping.close()
    return path


def while_detecting() -> None:
    """Measure with the Detect & Classify dock."""
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    _, dock = viewer.window.add_plugin_dock_widget("napari-ggs", "Detect & Classify")
    with tempfile.TemporaryDirectory() as folder:
        slide = Path(sys.argv[1]) if sys.argv[1:] else Path(folder) / "phantom.svs"
        if not slide.exists():
            write_slide(PhantomSlide(8000, 6000, mpp=1.0, seed=3), slide)
        viewer.open(slide, plugin="napari-ggs")
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
        end = time.monotonic() + IDLE_S
        report("idle", gaps_while(lambda: time.monotonic() < end))
        press(dock)
        report("running", gaps_while(lambda: dock.active is not None))
        mover = QTimer()
        mover.setInterval(100)
        mover.timeout.connect(lambda: wander(viewer))
        mover.start()
        end = time.monotonic() + IDLE_S
        report("panning at 10 Hz", gaps_while(lambda: time.monotonic() < end))
        press(dock)
        report("running, panning at 10 Hz", gaps_while(lambda: dock.active is not None))
        mover.stop()
    viewer.close()


def wander(viewer: napari.Viewer) -> None:
    """Move and zoom the camera a little, as a hand would."""
    camera, now = viewer.scene.camera, time.monotonic()
    camera.zoom *= 1.0 + 0.03 * np.sin(now)
    _, y, x = camera.center
    camera.center = (0, y + 20 * np.cos(now), x + 20 * np.sin(now))


if __name__ == "__main__":
    main()
