"""Reading a slide at any resolution: area average downwards, bilinear upwards."""

from math import isclose
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.grid import Grid, Scale

Array = NDArray[np.float64]
T = TypeVar("T", np.uint8, np.float32)
WHITE = 255
STRIP_PIXELS = 1_000_000
"""Source pixels that are held at once: bounds the memory of large areas."""

SAME = 1e-3
"""Steps that differ by less than this share are the same: 0.25 and 0.2502 um/px, say."""


class Source(Protocol):
    """Levels of pixels that can be read by window."""

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The levels."""

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of level 0."""

    def region(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Return a window of a level."""


class Axis(NamedTuple):
    """How output pixels along one axis draw on the pixels of a level.

    Attributes
    ----------
    first : int
        The first source pixel that is needed.
    weights : csr_matrix, shape (n_out, n_source)
        Share of each source pixel in each output pixel. A row sums to the share of the output
        pixel that lies on the canvas.
    """

    first: int
    weights: csr_matrix

    @property
    def sources(self) -> int:
        """Number of source pixels."""
        return int(self.weights.shape[1])


def best_level(grids: tuple[Grid, ...], step: float) -> int:
    """Index of the coarsest level that is not coarser than `step` level-0 px per output px."""
    finer = [i for i, grid in enumerate(grids) if grid.scale.mean <= step * (1 + SAME)]
    return finer[-1] if finer else 0


def resample(
    source: Source, level: int, corner: tuple[float, float], step: Scale, size: tuple[int, int]
) -> Pixels:
    """Read `size` (width, height) output pixels of `step` level-0 px each, from one level.

    Parameters
    ----------
    source : Source
    level : int
        The level to read from.
    corner : tuple of float
        x, y of the top-left corner of the first output pixel, in level-0 px.
    step : Scale
        Side of an output pixel in level-0 px. Finer than the level: bilinear between pixel
        centres, else the average over the area of the output pixel.
    size : tuple of int
        Width and height of the output.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        White outside the canvas.
    """
    grid = source.grids[level]
    aligned = _aligned(grid, corner, step)
    if aligned is not None:
        return source.region(level, *aligned, *size)
    x_axis = _axis(corner[0], step.x, size[0], grid.scale.x, grid.width, source.canvas[0])
    output = np.empty((size[1], size[0], 3), dtype=np.uint8)
    rows = max(1, int(STRIP_PIXELS / max(1, x_axis.sources) / max(1.0, step.y / grid.scale.y)))
    for top in range(0, size[1], rows):
        count = min(rows, size[1] - top)
        start = corner[1] + top * step.y
        y_axis = _axis(start, step.y, count, grid.scale.y, grid.height, source.canvas[1])
        output[top : top + count] = _strip(source, level, x_axis, y_axis)
    return output


def _strip(source: Source, level: int, x_axis: Axis, y_axis: Axis) -> Pixels:
    if not (x_axis.sources and y_axis.sources):
        shape = y_axis.weights.shape[0], x_axis.weights.shape[0], 3
        return np.full(shape, WHITE, dtype=np.uint8)
    pixels = source.region(level, x_axis.first, y_axis.first, x_axis.sources, y_axis.sources)
    return weighted(pixels, y_axis.weights, x_axis.weights)


def weighted(pixels: Pixels, rows: csr_matrix, columns: csr_matrix) -> Pixels:
    """Weigh pixels along both axes and round: shape (n_rows, n_columns, 3).

    Averaging darkness (255 - value) instead of light makes what no source pixel covers white by
    itself.
    """
    height, width, channels = pixels.shape
    dark = np.subtract(WHITE, pixels, dtype=np.float32).reshape(height, width * channels)
    down = swapped((rows @ dark).reshape(-1, width, channels))
    across = columns @ down.reshape(width, -1)
    light = np.float32(WHITE + 0.5) - np.clip(across, 0, WHITE)
    return swapped(light.astype(np.uint8).reshape(columns.shape[0], -1, channels))


def swapped(pixels: NDArray[T]) -> NDArray[T]:
    """Swap rows and columns, shape (h, w, 3) to (w, h, 3).

    Moves whole pixels, which takes a third of the time that numpy needs value by value.
    """
    height, width, channels = pixels.shape
    whole = np.dtype((np.void, channels * pixels.itemsize))
    turned = np.ascontiguousarray(pixels.reshape(height, -1).view(whole).T)
    result: NDArray[T] = turned.view(pixels.dtype).reshape(width, height, channels)
    return result


def _aligned(grid: Grid, corner: tuple[float, float], step: Scale) -> tuple[int, int] | None:
    """Column and row of the level where the output begins, if its pixels are the level's own."""
    if not all(isclose(a, b, rel_tol=1e-9) for a, b in zip(step, grid.scale, strict=True)):
        return None
    place = corner[0] / grid.scale.x, corner[1] / grid.scale.y
    if max(abs(at - round(at)) for at in place) > 1e-6:
        return None
    return round(place[0]), round(place[1])


def _axis(start: float, step: float, count: int, scale: float, length: int, extent: int) -> Axis:
    if step < scale * (1 - SAME):
        return linear_axis(start, step, count, scale, length, extent)
    return area_axis(start, step, count, scale, length, extent)


def area_axis(
    start: float, step: float, count: int, scale: float, length: int, extent: int
) -> Axis:
    """Weights of the area average: the share of each source pixel in each output pixel.

    Parameters
    ----------
    start, step, count
        Output pixel j covers [start + j step, start + (j + 1) step), in level-0 px.
    scale, length : float, int
        Source pixel k covers [k scale, (k + 1) scale), the last one up to `extent`.
    extent : int
        Length of the canvas in level-0 px.
    """
    outputs: Array = start + step * np.arange(count + 1.0)
    first, last = _needed(outputs[0], outputs[-1], scale, length)
    sources: Array = scale * np.arange(first, last + 1.0)
    if last == length:
        sources[-1:] = extent
    if first >= last:
        return Axis(0, csr_matrix(np.empty((count, 0), dtype=np.float32)))
    return Axis(first, _overlaps(outputs, sources, step))


def _needed(low: float, high: float, scale: float, length: int) -> tuple[int, int]:
    """Source pixels [first, last) that a stretch of the canvas touches."""
    first, last = int(np.floor(low / scale)), int(np.ceil(high / scale))
    return min(max(first, 0), length - 1), min(max(last, 0), length)


def _overlaps(outputs: Array, sources: Array, step: float) -> csr_matrix:
    """Share of each source interval in each output interval; both are given by sorted edges."""
    low, high = max(outputs[0], sources[0]), min(outputs[-1], sources[-1])
    shape = len(outputs) - 1, len(sources) - 1
    cuts = np.unique(np.clip(np.concatenate([outputs, sources]), low, max(low, high)))
    middle = (cuts[1:] + cuts[:-1]) / 2
    rows = np.searchsorted(outputs, middle) - 1
    columns = np.searchsorted(sources, middle) - 1
    weights = (np.diff(cuts) / step).astype(np.float32)
    ends = np.searchsorted(rows, np.arange(shape[0] + 1))  # rows rise: no need to sort
    return csr_matrix((weights, columns, ends), shape=shape)


def linear_axis(
    start: float, step: float, count: int, scale: float, length: int, extent: int
) -> Axis:
    """Weights of linear interpolation between pixel centres; parameters as in `area_axis`.

    Within half a pixel of the edge the edge pixel goes on; an output pixel whose centre is
    outside the canvas has no weights.
    """
    centres = start + step * (np.arange(count) + 0.5)
    inside = np.flatnonzero((centres >= 0) & (centres < extent))
    if not len(inside):
        return Axis(0, csr_matrix(np.empty((count, 0), dtype=np.float32)))
    at = np.clip(centres[inside] / scale - 0.5, 0, length - 1)
    left = np.floor(at).astype(int)
    right = np.minimum(left + 1, length - 1)
    first = int(left[0])
    share = (at - left).astype(np.float32)
    weights = np.concatenate([1 - share, share])
    places = np.concatenate([inside, inside]), np.concatenate([left, right]) - first
    shape = count, int(right[-1]) - first + 1
    return Axis(first, csr_matrix((weights, places), shape=shape))
