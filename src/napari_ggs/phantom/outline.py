"""Outlines of tissue on glass: needle cores, a wedge with its capsule, or tissue everywhere."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from napari_ggs.phantom.fields import Field, Noise

Outline = Literal["wedge", "needle", "field"]
OUTLINES: tuple[Outline, ...] = ("wedge", "needle", "field")

_FAR = 1e4
_MID_CORTEX_UM = 3000.0


@dataclass(frozen=True)
class Raster:
    """A field sampled every `step` um; sample (i, j) lies at ((j + .5) step, (i + .5) step)."""

    values: Field
    step: float

    def grid(self, xs: Field, ys: Field) -> Field:
        """Bilinear values at a regular grid; beyond the raster its edge is repeated."""
        i, u = self._place(ys, 0)
        j, v = self._place(xs, 1)
        rows = self.values[i] * (1 - u)[:, None] + self.values[i + 1] * u[:, None]
        return np.asarray(rows[:, j] * (1 - v) + rows[:, j + 1] * v, np.float32)

    def at(self, x: Field, y: Field) -> Field:
        """Bilinear values at scattered points."""
        i, u = self._place(y, 0)
        j, v = self._place(x, 1)
        a, v = self.values, np.asarray(v)
        top = a[i, j] * (1 - v) + a[i, j + 1] * v
        return np.asarray(top * (1 - u) + (a[i + 1, j] * (1 - v) + a[i + 1, j + 1] * v) * u)

    def _place(self, position: Field, axis: int) -> tuple[NDArray[np.intp], Field]:
        u = np.asarray(position, np.float32) / self.step - 0.5
        u = np.clip(u, 0, self.values.shape[axis] - 1.001)
        index = np.minimum(u.astype(np.intp), self.values.shape[axis] - 2)
        return index, u - index


@dataclass(frozen=True)
class Shape:
    """Tissue on glass.

    Attributes
    ----------
    inside : Raster
        Signed distance to the edge of the tissue, um; positive inside.
    depth : Raster
        Distance from the renal capsule, um; that of the middle of the cortex if there is none.
    along_x : bool
        Whether rays and straight tubules run along x.
    """

    inside: Raster
    depth: Raster
    along_x: bool


def draw_shape(outline: Outline, width: float, height: float, seed: int) -> Shape:
    """Draw the outline of one slide of `width` x `height` um."""
    rng = np.random.default_rng([seed, 1])
    if outline == "field":
        step = max(width, height) / 4
        inside, depth = (np.full((6, 6), v, np.float32) for v in (_FAR, _MID_CORTEX_UM))
        return Shape(Raster(inside, step), Raster(depth, step), bool(rng.random() < 0.5))
    step = float(np.clip(np.sqrt(width * height) / 800, 4.0, 20.0))
    xs = ((np.arange(int(np.ceil(width / step)) + 1) + 0.5) * step).astype(np.float32)
    ys = ((np.arange(int(np.ceil(height / step)) + 1) + 0.5) * step).astype(np.float32)
    draw = _needles if outline == "needle" else _wedge
    tissue, capsule = draw(xs, ys, (width, height), seed, rng)
    inside = _signed(tissue, step)
    depth = np.full(inside.shape, _MID_CORTEX_UM, np.float32)
    if capsule.any():
        depth = np.asarray(distance_transform_edt(~capsule) * step, np.float32)
    return Shape(Raster(inside, step), Raster(depth, step), outline == "needle")


def _signed(tissue: NDArray[np.bool_], step: float) -> Field:
    padded = np.pad(tissue, 1)
    distance = distance_transform_edt(padded) - distance_transform_edt(~padded)
    return np.asarray(gaussian_filter(distance[1:-1, 1:-1] * step, 1.0), np.float32)


def _needles(
    xs: Field, ys: Field, size: tuple[float, float], seed: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw one to three cores, lying side by side, each slightly curved and of uneven width."""
    width, height = size
    count = int(np.clip(rng.integers(1, 4), 1, max(1, height // 1500)))
    lane = height / count
    tissue = np.zeros((len(ys), len(xs)), bool)
    capsule = tissue.copy()
    rough = Noise(seed, 31, 90.0).grid(xs, ys)
    for k in range(count):
        core = min(rng.uniform(800, 1150), 0.62 * lane)
        length = min(rng.uniform(8000, 15000), 0.9 * width)
        start = rng.uniform(0.04 * width, max(0.05 * width, 0.96 * width - length))
        bend = rng.normal(0, 0.12) * (lane - core)
        t = (xs - start) / length
        middle = lane * (k + 0.5) + bend * (4 * t * (1 - t) - 0.7)
        middle = middle + 0.05 * core * Noise(seed, 40 + k, 700.0).at(xs, 0 * xs)
        half = core / 2 * (1 + 0.10 * Noise(seed, 50 + k, 350.0).at(xs, 0 * xs))
        end = np.minimum(xs - start, start + length - xs)
        half = half * np.sqrt(np.clip(end / (0.35 * core), 0, 1))
        inside = half - np.abs(ys[:, None] - middle) + 14 * rough > 0
        tissue |= inside & (end > 0)
        if rng.random() < 0.6:
            capsule[:, xs < start + 4] |= np.abs(ys - lane * (k + 0.5))[:, None] < lane / 2
    return tissue, capsule


def _wedge(
    xs: Field, ys: Field, size: tuple[float, float], seed: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw one large piece: a smooth arched capsule above, cut edges on the other sides."""
    width, height = size
    small = min(width, height)
    margin = rng.uniform(0.05, 0.09, 4) * small
    u = (xs - width / 2) / (width / 2)
    slow = Noise(seed, 32, 0.22 * small)
    arch = margin[0] + rng.uniform(0.05, 0.12) * height * u**2
    arch = arch + 0.012 * small * slow.at(xs, 0 * xs)
    left = (
        margin[1]
        + rng.uniform(0, 0.12) * width * (ys / height)
        + 0.02 * small * slow.at(0 * ys - 900, ys)
    )
    right = width - margin[2] - rng.uniform(0, 0.12) * width * (ys / height)
    right = right + 0.02 * small * slow.at(0 * ys + 90_000, ys)
    bottom = height - margin[3] - 0.08 * height * (1 + rng.uniform(-1, 1) * u)
    bottom = bottom + 0.03 * small * slow.at(xs, 0 * xs + 90_000)
    x, y = xs[None, :], ys[:, None]
    sides = np.stack(
        np.broadcast_arrays(
            y - arch[None, :], x - left[:, None], right[:, None] - x, bottom[None, :] - y
        )
    )
    k = 0.06 * small
    round_ = -k * np.log(np.exp(-np.clip(sides / k, -40, 40)).sum(0))
    rough = 10 * Noise(seed, 31, 90.0).grid(xs, ys) * (sides[0] > 150)
    tissue = round_ + rough + 0.5 * k > 0
    above = (~tissue) & (sides[0] < 0.25 * small) & (sides.argmin(0) == 0)
    return tissue, above
