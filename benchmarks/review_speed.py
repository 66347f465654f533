"""Milliseconds of an edit and of an undo, kept in a study and shown, by number of circles.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/review_speed.py

One circle at random gets another class: committed to the study and in the session (layers out),
then with the five class layers of a real window updated. Beside it napari's own floor: one point
moved from one of five Points layers to another by its own calls. Drawing is not in any of them:
without a graphics card it says nothing of a user's machine.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
import pandas as pd
from qtpy.QtWidgets import QApplication

from napari_ggs import glomeruli
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import GGS
from napari_ggs.review import Labelled, Session
from napari_ggs.store import CaseStore, SlideInfo
from napari_ggs.viewer.layers import ClassLayers

SIDE = 20_000.0


def rows_of(n: int) -> pd.DataFrame:
    """Circles at random, a fifth in each class."""
    rng = np.random.default_rng(0)
    circles = np.column_stack([rng.uniform(0, SIDE, (n, 2)), rng.uniform(60, 200, n)])
    probabilities = np.eye(len(GGS.classes))[np.arange(n) % len(GGS.classes)]
    return glomeruli.build(circles, np.ones(n), probabilities, GGS).set_axis(range(n))


def session_of(n: int, folder: Path) -> Session:
    """A review of so many circles, kept in a study."""
    store = CaseStore.open(folder / f"{n}.ggs")
    slide = store.add_slide(SlideInfo(f"{n:032d}", "a", Path("a.svs"), int(SIDE), int(SIDE), 0.25))
    run = store.begin_run(slide, GGS, {}, Thresholds(), None)
    store.add_circles(run, rows_of(n))
    store.finish_run(run, rows_of(n), {})
    session = Session(GGS, Thresholds(), store.journal(run, store.begin_session("benchmark")))
    session.extend(rows_of(n))
    return session


def milliseconds(act: Callable[[int], None], times: int) -> np.ndarray:
    """Of each call, the first two left out; the window draws in between, untimed."""
    spent = []
    for number in range(times + 2):
        started = time.perf_counter()
        act(number)
        spent.append(1000 * (time.perf_counter() - started))
        if app := QApplication.instance():
            app.processEvents()
    return np.array(spent[2:])


def edits(session: Session, n: int, times: int) -> dict[str, np.ndarray]:
    """Label circles at random, then undo it all."""
    rng = np.random.default_rng(1)

    def label(_: int) -> None:
        handle = int(rng.integers(n))
        others = [name for name in GGS.classes if name != session.class_of(handle)]
        session.apply(Labelled((handle,), others[rng.integers(len(others))]))

    return {
        "edit": milliseconds(label, times),
        "undo": milliseconds(lambda _: session.undo(), times),
    }


def floor(viewer: napari.Viewer, n: int, times: int) -> np.ndarray:
    """Move one point between napari's own layers."""
    rng, rows = np.random.default_rng(2), rows_of(n)
    parts = [rows[rows["predicted"] == name] for name in GGS.classes]
    layers = [
        viewer.add_points(part[["y", "x"]], size=2 * part["radius"], face_color="transparent")
        for part in parts
    ]

    def move(_: int) -> None:
        source, target = (layers[i] for i in rng.choice(len(layers), 2, replace=False))
        point = source.data[0].copy()
        source.selected_data = {0}
        source.remove_selected()
        target.add(point)

    spent = milliseconds(move, times)
    for layer in layers:
        viewer.layers.remove(layer)
    return spent


def show(n: int, what: str, spent: np.ndarray) -> None:
    p50, p95 = np.percentile(spent, [50, 95])
    print(f"{n:>6}  {what:<28} median {p50:6.1f} ms  p95 {p95:6.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=60)
    times = parser.parse_args().times
    viewer = napari.Viewer()
    viewer.window.resize(1200, 800)
    with tempfile.TemporaryDirectory() as folder:
        for n in (100, 1000, 10_000):
            session = session_of(n, Path(folder))
            for what, spent in edits(session, n, times).items():
                show(n, f"{what}, committed", spent)
            image = viewer.add_image(np.zeros((2500, 2500, 3), np.uint8), rgb=True, scale=(2, 2))
            layers = ClassLayers(viewer, session, image)
            for what, spent in edits(session, n, times).items():
                show(n, f"{what}, with the layers", spent)
            layers.remove()
            show(n, "napari's own layers", floor(viewer, n, times))
            viewer.layers.clear()
    viewer.close()


if __name__ == "__main__":
    main()
