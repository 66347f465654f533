"""Noise, cells and level sets that keep their place in micrometres at any resolution.

Every field is drawn on one canonical grid (`FIELD_UM`) and only then resampled, so the random
numbers that are spent, and hence the structure, do not depend on the um/px asked for. Pixel i
of a grid covers [i, i + 1) x um/px, so its centre lies at (i + .5) x um/px.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

FIELD_UM = 0.5
"""um/px of the canonical grid."""

Field = NDArray[np.float32]
"""A map of real numbers over a grid, (h, w)."""

Column = NDArray[np.float64]


def smoothstep(values: Field, low: float, high: float) -> Field:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def rise(value: float, low: float, high: float) -> float:
    """Rise smoothly from 0 at `low` to 1 at `high`: `smoothstep` of one number."""
    return float(smoothstep(np.asarray(value, np.float32), low, high))


def line(level: Field, width: float | Field) -> Field:
    """Return a soft line, about `width` wide and 1 at its middle, along the zeros of `level`."""
    return np.exp(-np.square(level * (1.67 / width)))


def _interpolating(t: Column) -> tuple[Column, ...]:
    """Catmull-Rom: goes through the samples."""
    return (
        ((2 - t) * t - 1) * t / 2,
        (t * t * (3 * t - 5) + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )


def _smoothing(t: Column) -> tuple[Column, ...]:
    """Cubic B-spline: smoother, and nearly the same in all directions."""
    return (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )


@lru_cache(maxsize=512)
def _weights(n_in: int, n_out: int, ratio: float, smooth: bool) -> sparse.csr_array:
    """Return the matrix that resamples one axis; sample i lies at (i + .5), steps of `ratio`."""
    if ratio > 1:
        return _area_weights(n_in, n_out, ratio)
    centre = (np.arange(n_out) + 0.5) * ratio - 0.5
    first = np.floor(centre).astype(int)
    taps = (_smoothing if smooth else _interpolating)(centre - first)
    rows = np.tile(np.arange(n_out), 4)
    columns = np.concatenate([np.clip(first + k, 0, n_in - 1) for k in (-1, 0, 1, 2)])
    values = np.concatenate(taps).astype(np.float32)
    return sparse.csr_array((values, (rows, columns)), shape=(n_out, n_in))


def _area_weights(n_in: int, n_out: int, ratio: float) -> sparse.csr_array:
    edges = np.arange(n_out + 1) * ratio
    reach = int(np.ceil(ratio)) + 1
    columns = np.floor(edges[:-1]).astype(int)[:, None] + np.arange(reach)
    overlap = np.minimum(columns + 1, edges[1:, None]) - np.maximum(columns, edges[:-1, None])
    rows = np.repeat(np.arange(n_out), reach)
    values = (np.maximum(overlap, 0) / ratio).astype(np.float32).ravel()
    columns = np.clip(columns, 0, n_in - 1).ravel()
    return sparse.csr_array((values, (rows, columns)), shape=(n_out, n_in))


def _apply(field: Field, ratio: float, shape: tuple[int, int], smooth: bool) -> Field:
    rows = _weights(field.shape[0], shape[0], ratio, smooth)
    columns = _weights(field.shape[1], shape[1], ratio, smooth)
    return np.ascontiguousarray((columns @ np.ascontiguousarray((rows @ field).T)).T)


def resample(field: Field, um_in: float, um_out: float, shape: tuple[int, int]) -> Field:
    """Resample a field from `um_in` to `um_out` um/px; top-left corners coincide.

    Parameters
    ----------
    field : (h, w) float32
    um_in, um_out : float
        um/px before and after. Finer is interpolated (cubic), coarser is area-averaged.
    shape : (int, int)
        Height and width of the result; beyond the field its edge is repeated.
    """
    ratio = um_out / um_in
    if ratio == 1 and field.shape == shape:
        return field
    return _apply(field, ratio, shape, smooth=False)


_SPLINE_DEVIATION = np.float32(0.48)
"""Standard deviation of a cubic B-spline surface over unit noise (151 / 315, both axes)."""


def noise(
    rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int = 1
) -> Field:
    """Return smooth Gaussian noise of mean 0 and standard deviation about 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : (int, int)
    scale : float
        Size of a blob in px (half a wavelength).
    octaves : int
        Each further octave has half the scale and .6 of the amplitude.
    """
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        amplitude, step = 0.6**octave, max(scale / 2**octave, 1.0)
        lattice = rng.standard_normal(
            (int(shape[0] / step) + 4, int(shape[1] / step) + 4), dtype=np.float32
        )
        total += amplitude * _apply(lattice, 1 / step, shape, smooth=True)
        power += amplitude**2
    return total / (_SPLINE_DEVIATION * np.float32(np.sqrt(power)))


def noise_at(
    rng: np.random.Generator,
    rows: NDArray[np.floating],
    columns: NDArray[np.floating],
    period: int | None = None,
) -> Field:
    """Return unit Gaussian noise sampled at real lattice coordinates (blobs of size 1).

    Stretching the coordinates stretches the noise: fibres, folds, polar patterns.

    Parameters
    ----------
    rng : numpy.random.Generator
    rows, columns : (h, w) float
        Lattice coordinates; the pattern repeats every 256 rows and `period` columns.
    period : int, optional
        Columns after which the pattern closes (angles); 256 if not given.
    """
    lattice = rng.standard_normal((256, period or 256), dtype=np.float32)
    sampled = ndimage.map_coordinates(
        lattice, [rows, columns], np.float32, order=1, mode="grid-wrap", prefilter=False
    )
    return sampled / np.float32(0.67)


class Cells(NamedTuple):
    """The nearest seeds of each place and how far the borders between them are.

    Attributes
    ----------
    nearest : (..., k) int
        The nearest seed, whose cell this is, and the next k - 1.
    border : (..., k - 1) float32
        Distance to the border between the cell and each of the next.
    """

    nearest: NDArray[np.intp]
    border: Field

    @property
    def own(self) -> NDArray[np.intp]:
        """The cell of each place."""
        return np.asarray(self.nearest[..., 0])

    @property
    def edge(self) -> Field:
        """Distance to the nearest border."""
        return np.asarray(self.border.min(axis=-1))

    def edge_where(self, counts: NDArray[np.bool_], far: float) -> Field:
        """Distance to the nearest border that counts, (..., k - 1) bool; `far` if there is none."""
        return np.asarray(np.where(counts, self.border, np.float32(far)).min(axis=-1))


def cells(seeds: NDArray[np.float64], x: Field, y: Field, k: int = 3) -> Cells:
    """Return the Voronoi (Worley) cells of `seeds` at the places x, y.

    Parameters
    ----------
    seeds : (n, 2) float
        Columns x and y in the unit of x and y; at least two.
    x, y : arrays of one shape
    k : int
        How many seeds of each place are looked at.

    Notes
    -----
    The distance to a bisector is exact: (d2^2 - d1^2) / (2 |p2 - p1|).
    """
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    distance, index = cKDTree(seeds).query(places, k=min(k, len(seeds)))
    square = np.square(distance, dtype=np.float32)
    points = seeds.astype(np.float32)[index]
    apart = np.hypot(*np.moveaxis(points[:, 1:] - points[:, :1], -1, 0)) + np.float32(1e-6)
    border = (square[:, 1:] - square[:, :1]) / (2 * apart)
    return Cells(index.reshape(*x.shape, -1), border.reshape(*x.shape, -1))


def jittered_seeds(
    rng: np.random.Generator, half_width: float, spacing: float, jitter: float = 0.35
) -> NDArray[np.float64]:
    """Return seeds (n, 2) on a disturbed hexagonal lattice over [-half_width, half_width]^2."""
    rows = np.arange(-half_width, half_width + spacing, spacing * 0.866)
    columns = np.arange(-half_width, half_width + spacing, spacing)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    grid[1::2, :, 0] += spacing / 2
    seeds = grid.reshape(-1, 2)
    return np.asarray(seeds + rng.normal(0, jitter * spacing, seeds.shape))


def scatter(
    rng: np.random.Generator, weight: Field, count: int, apart: float
) -> NDArray[np.float64]:
    """Draw up to `count` places with probability `weight`, none nearer than `apart`.

    Returns
    -------
    (n, 2) float
        Columns x and y in px (corner-based), in random order.
    """
    total = np.cumsum(weight.ravel(), dtype=np.float64)
    if count <= 0 or total[-1] <= 0:
        return np.empty((0, 2))
    flat = np.searchsorted(total, rng.random(3 * count) * total[-1])
    rows, columns = np.unravel_index(np.minimum(flat, weight.size - 1), weight.shape)
    places = np.stack([columns, rows], axis=1) + rng.random((3 * count, 2))
    return places[_spread(places, apart)][:count]


def _spread(places: ArrayLike, apart: float) -> NDArray[np.intp]:
    """Indices of places to keep, first come first served, so that none is within `apart`."""
    points = np.asarray(places)
    kept = np.ones(len(points), bool)
    for first, second in sorted(cKDTree(points).query_pairs(apart)):
        if kept[first]:
            kept[second] = False
    return np.flatnonzero(kept)
