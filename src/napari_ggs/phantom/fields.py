"""Smooth random fields that are functions of absolute position, and their enlargement.

Every value follows from (seed, channel, lattice position), so that a window shows the same
field whatever was asked for before it. Lengths are micrometres.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
"""A map of real numbers; single precision wherever there are many."""

_SPREAD = 0.479 * 0.577
"""Standard deviation of a cubic B-spline sum of uniform values in [-1, 1], averaged over phase."""


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit integers (finaliser of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))


def hashed(seed: int, channel: int, *keys: NDArray[np.integer]) -> Field:
    """Return a uniform number in [0, 1) for each tuple of integer keys (broadcast together)."""
    state = np.asarray((seed * 0x9E3779B1 + channel * 0x85EBCA77) & 0xFFFFFFFFFFFFFFFF, np.uint64)
    for key in keys:
        with np.errstate(over="ignore"):
            step = np.asarray(key).astype(np.int64).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = _mixed(state ^ (step + np.uint64(0x632BE59BD9B4E019)))
    return (state >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


_CELLS = 6
"""Cells enlarged at a time; a matrix for all of them would be nearly all zeros."""

_SERIAL = 250_000
"""Multiplications beyond which OpenBLAS starts threads, which only stand in our workers' way."""


class Noise:
    """Stationary smooth noise of zero mean and unit standard deviation.

    Cubic B-spline interpolation of hashed lattice values; `scale` is the lattice step.
    """

    def __init__(self, seed: int, channel: int, scale: float) -> None:
        self.seed, self.channel, self.scale = seed, channel, scale

    def grid(self, xs: Field, ys: Field) -> Field:
        """Values on a regular grid, shape (len(ys), len(xs)); both ascending."""
        across, i = _spline_rows(np.asarray(xs, np.float64) / self.scale)
        down, j = _spline_rows(np.asarray(ys, np.float64) / self.scale)
        lattice = 2 * hashed(self.seed, self.channel, j[:, None], i[None, :]) - 1
        return _product(down, _product(lattice, across.T)) / np.float32(_SPREAD)

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> Field:
        """Values at scattered points, the same field as `grid`."""
        u, v = np.asarray(x, np.float64) / self.scale, np.asarray(y, np.float64) / self.scale
        i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
        wx, wy = _spline_weights(u - i), _spline_weights(v - j)
        steps = np.arange(-1, 3)
        lattice = (
            2
            * hashed(
                self.seed,
                self.channel,
                (j[..., None] + steps)[..., :, None],
                (i[..., None] + steps)[..., None, :],
            )
            - 1
        )
        total = np.einsum("...j,...ji,...i->...", wy, lattice, wx)
        return np.asarray(total / _SPREAD, np.float32)


def _spline_weights(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubic B-spline weights of the nodes -1, 0, 1, 2 at the fraction `t`."""
    s = 1 - t
    return np.stack([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3], axis=-1) / 6.0


def _spline_rows(u: NDArray[np.float64]) -> tuple[Field, NDArray[np.int64]]:
    """Dense interpolation matrix (n, nodes) for sorted positions, and the nodes' indices."""
    first = np.floor(u).astype(np.int64)
    nodes = np.arange(first[0] - 1, first[-1] + 3)
    rows = np.zeros((len(u), len(nodes)), np.float32)
    columns = (first - first[0])[:, None] + np.arange(4)
    np.put_along_axis(rows, columns, _spline_weights(u - first).astype(np.float32), axis=1)
    return rows, nodes


@lru_cache(maxsize=32)
def linear_rows(cells: int, factor: int) -> Field:
    """Matrix (factor cells, cells + 2) that enlarges samples at the centres of cells linearly.

    One cell more on each side is used than is enlarged.
    """
    position = (np.arange(cells * factor) + 0.5) / factor + 0.5
    first = np.minimum(np.floor(position).astype(int), cells)
    rows = np.zeros((len(position), cells + 2), np.float32)
    index = np.arange(len(position))
    rows[index, first] = 1 - (position - first)
    rows[index, first + 1] = position - first
    return rows


def widen(small: Field, factor: int) -> Field:
    """Enlarge the last axis linearly: (..., n + 2) becomes (..., factor n); see `linear_rows`."""
    cells = small.shape[-1] - 2
    out = np.empty((*small.shape[:-1], cells * factor), np.float32)
    for first in range(0, cells, _CELLS):
        last = min(first + _CELLS, cells)
        part = out[..., first * factor : last * factor]
        np.matmul(small[..., first : last + 2], linear_rows(last - first, factor).T, out=part)
    return out


def heighten(wide: Field, factor: int) -> Field:
    """Enlarge the last axis but one linearly, as `widen` does the last one."""
    cells, width = wide.shape[-2] - 2, wide.shape[-1]
    out = np.empty((*wide.shape[:-2], cells * factor, width), np.float32)
    for first in range(0, cells, _CELLS):
        last = min(first + _CELLS, cells)
        rows = linear_rows(last - first, factor)
        piece = max(16, _SERIAL // rows.size)
        for left in range(0, width, piece):
            part = out[..., first * factor : last * factor, left : left + piece]
            np.matmul(rows, wide[..., first : last + 2, left : left + piece], out=part)
    return out


def enlarge(small: Field, factor: int) -> Field:
    """Enlarge (..., m + 2, n + 2) samples bilinearly to (..., factor m, factor n)."""
    return heighten(widen(small, factor), factor)


def _product(left: Field, right: Field) -> Field:
    """Matrix product in serial pieces."""
    out = np.empty((len(left), right.shape[1]), np.float32)
    piece = max(4, _SERIAL // right.size)
    for top in range(0, len(left), piece):
        np.matmul(left[top : top + piece], right, out=out[top : top + piece])
    return out
