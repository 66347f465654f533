"""How fast napari slices a slide when one opens it, pans and zooms: ours against napari-wsi.

    python benchmarks/pan_and_zoom.py [SLIDE] [--steps N] [--out FILE]

The layers are those that the readers give, in napari's own layer model, told what the canvas shows
as its window tells them; drawing is left out, since software OpenGL would be most of it. A canvas
of 1000 x 800 px moves over the tissue by a quarter of its width for each step, at full resolution,
at a sixth and at a third (between two levels, where napari slices most pixels), and zooms in from
the whole slide. Cold: nothing of it has been decoded yet (the
file may be in the system's cache); warm: the same steps again. Steps for which napari needs no new
pixels are not counted. napari-wsi is left out, and said, where it is not installed:

    python -m pip install napari-wsi

Without a slide: a phantom of 5 x 4 mm at 0.25 um/px.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

import figures
from figures import Figure
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.slides import open_slide
from napari_ggs.viewer.reader import read_slide

HEIGHT, WIDTH = 800, 1000
ZOOM_STEP = 1.3
Reader = Callable[[str], list[Any]]
View = tuple[float, float, float]
"""Middle row and column, and a pixel of the canvas: all in pixels of level 0."""


def readers() -> dict[str, Reader]:
    """What turns a path into layer data."""
    found: dict[str, Reader] = {"ours": read_slide}
    if find_spec("napari_wsi"):
        from napari_wsi.reader import wsi_reader_openslide

        found["napari-wsi"] = lambda path: wsi_reader_openslide(path)(path)
    else:
        print("napari-wsi is left out: it is not installed (python -m pip install napari-wsi)")
    return found


def layer_of(reader: Reader, path: Path) -> Image:
    """The layer, new each time."""
    data, options, _ = reader(str(path))[0]
    return Image(data, **options)


def show(layer: Image, view: View) -> bool:
    """Tell a layer what the canvas shows; whether it took new pixels for that."""
    *middle, pixel = view
    reach = np.array([HEIGHT, WIDTH]) * pixel / 2
    corners = np.array([layer.data_to_world(middle + sign * reach) for sign in (-1, 1)])
    before = layer.data_level, layer.corner_pixels.tobytes()
    layer._update_draw((corners[1, 1] - corners[0, 1]) / WIDTH, corners, (HEIGHT, WIDTH))
    return before != (layer.data_level, layer.corner_pixels.tobytes())


def milliseconds(layer: Image, views: list[View]) -> np.ndarray:
    """Of every view for which new pixels were taken."""
    spent = []
    for view in views:
        start = time.perf_counter()
        if show(layer, view):
            spent.append(1e3 * (time.perf_counter() - start))
    return np.array(spent)


class Tour:
    """Where one looks on a slide."""

    def __init__(self, path: Path, steps: int) -> None:
        with open_slide(path) as slide:
            self.height, self.width = slide.height, slide.width
        self.middle = self.height / 2, self.width / 2
        self._steps = steps

    def whole(self) -> View:
        """The whole slide."""
        return (*self.middle, max(self.height / HEIGHT, self.width / WIDTH))

    def pans(self, pixel: float) -> list[View]:
        """Rows of views over the middle half of the slide."""
        row, column = self.height / 4, self.width / 4
        views = []
        for _ in range(self._steps):
            views.append((row, column, pixel))
            column += WIDTH * pixel / 4
            if column > 0.75 * self.width:
                row, column = row + HEIGHT * pixel, self.width / 4
        return views

    def zooms(self) -> list[View]:
        """From the whole slide into its middle, until a pixel of level 0 has two of the canvas."""
        pixel, views = self.whole()[2], []
        while pixel > 0.5:
            views.append((*self.middle, pixel))
            pixel /= ZOOM_STEP
        return views


def first_frame(reader: Reader, path: Path, tour: Tour) -> float:
    """Milliseconds from the call of a reader until the whole slide is sliced."""
    start = time.perf_counter()
    show(layer_of(reader, path), tour.whole())
    return 1e3 * (time.perf_counter() - start)


def measured(reader: Reader, path: Path, tour: Tour) -> Iterator[tuple[str, float]]:
    """Names and medians; a new layer for each kind of steps, so that cold is cold."""
    opening = [first_frame(reader, path, tour) for _ in range(5)]
    yield "first frame", float(np.median(opening))
    walks = {
        "pan at full resolution": tour.pans(1),
        "pan at a third": tour.pans(3),
        "pan at a sixth": tour.pans(6),
        "zoom": tour.zooms(),
    }
    for name, views in walks.items():
        layer = layer_of(reader, path)
        for state in ("cold", "warm"):
            show(layer, tour.whole())
            yield f"{name}, {state}", float(np.median(milliseconds(layer, views)))


def in_figures(times: dict[str, dict[str, float]]) -> Iterator[Figure]:
    """Every time, and how ours compare."""
    for who, each in times.items():
        for what, value in each.items():
            goal = 15 if who == "ours" and what.startswith("pan") and "warm" in what else None
            yield Figure(f"{who}: {what}", value, "ms", None, goal)
    for what, theirs in times.get("napari-wsi", {}).items():
        goal = 0.5 if what.endswith("cold") else None
        yield Figure(f"ours / napari-wsi: {what}", times["ours"][what] / theirs, "", None, goal)


def main() -> None:
    """Measure, print and write."""
    parser = figures.parser(__doc__)
    parser.add_argument("slide", nargs="?", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.slide or Path(folder) / "phantom.svs"
        if not path.exists():
            write_slide(PhantomSlide(5000, 4000, mpp=0.25, seed=7), path)
        tour = Tour(path, given.steps)
        times = {who: dict(measured(reader, path, tour)) for who, reader in readers().items()}
    figures.tell(list(in_figures(times)), given.out)


if __name__ == "__main__":
    main()
