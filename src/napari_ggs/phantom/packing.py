"""Toroidal packings of tubule profiles: round, oblong and long ones that do not overlap.

A packing is drawn once and laid over the slide again and again; what a tubule looks like is
hashed from its place on the slide, so the repetition does not show.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field

PERIOD = 1440.0
"""Side of the torus, micrometres."""

_STEP = 4.0
"""Raster on which free room is looked up, micrometres."""

_CELLS = int(PERIOD / _STEP)


class Phase(NamedTuple):
    """One round of dart throwing: how long and how thick the profiles are, and how many darts."""

    length: tuple[float, float]
    radius: tuple[float, float]
    darts: int


class Pattern(NamedTuple):
    """How tubules lie: in which rounds they are thrown, and whether they run straight along y."""

    phases: tuple[Phase, ...]
    straight: bool


LABYRINTH = Pattern(
    (
        Phase((90, 220), (17, 24), 120),
        Phase((35, 90), (17, 26), 700),
        Phase((0, 30), (19, 29), 4000),
        Phase((0, 40), (13, 19), 5000),
        Phase((0, 30), (7, 12), 4000),
    ),
    straight=False,
)
"""The convoluted tubules between the rays (half-thickness before they swell to fill gaps)."""

RAY = Pattern(
    (
        Phase((350, 700), (10, 15), 2000),
        Phase((150, 350), (8, 14), 3000),
        Phase((60, 150), (7, 11), 4000),
        Phase((10, 60), (5, 9), 4000),
    ),
    straight=True,
)
"""Straight tubules side by side: medullary rays and medulla."""


@dataclass(frozen=True)
class Packing:
    """Skeletons of tubules on the torus.

    Attributes
    ----------
    nodes : array (n, k, 2)
        x, y of the skeleton's nodes, micrometres; may leave [0, PERIOD).
    radius : array (n,)
        Half-thickness.
    """

    nodes: Field
    radius: Field


_NODES = 5


def _along(points: int) -> Field:
    """Matrix that interpolates `points` evenly spaced points of a polyline of `_NODES` nodes."""
    t = np.linspace(0, _NODES - 1, points)
    return np.maximum(1 - np.abs(t[:, None] - np.arange(_NODES)), 0)


_ALONG = _along(4 * _NODES)


@lru_cache(maxsize=8)
def packing(pattern: Pattern, variant: int) -> Packing:
    """Throw darts until the torus is full."""
    rng = np.random.default_rng([variant, int(pattern.straight)])
    room = np.full((_CELLS, _CELLS), 1e3, np.float32)
    kept: list[tuple[Field, float]] = []
    for phase in pattern.phases:
        skeletons, radii = _darts(phase, pattern.straight, rng)
        for skeleton, radius in zip(skeletons, radii.tolist(), strict=True):
            if _free(room, skeleton) >= 0.97 * radius + 1.0:
                _occupy(room, skeleton, radius)
                kept.append((skeleton, radius))
    return Packing(
        np.stack([skeleton for skeleton, _ in kept]).astype(np.float32),
        np.array([radius for _, radius in kept], np.float32),
    )


def _darts(phase: Phase, straight: bool, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return skeletons (n, _NODES, 2) and half-thicknesses (n,) of one round."""
    n = phase.darts
    length = rng.uniform(*phase.length, n)
    heading = rng.normal(np.pi / 2, 0.04, n) if straight else rng.uniform(0, 2 * np.pi, n)
    bend = rng.normal(0, 0.05 if straight else 0.55, n)
    wiggle = rng.normal(0, 0.02 if straight else 0.3, (n, _NODES - 1))
    turn = heading[:, None] + bend[:, None] * np.arange(_NODES - 1) + wiggle
    step = (length / (_NODES - 1))[:, None, None]
    path = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1) * step, axis=1)
    start = rng.uniform(0, PERIOD, (n, 1, 2))
    skeletons = np.concatenate([start, start + path], axis=1).astype(np.float32)
    return skeletons, rng.uniform(*phase.radius, n)


def _free(room: Field, skeleton: Field) -> float:
    """Return the least room along a skeleton."""
    points = (_ALONG @ skeleton / _STEP).astype(int) % _CELLS
    return float(room[points[:, 1], points[:, 0]].min())


def _occupy(room: Field, skeleton: Field, radius: float) -> None:
    reach = radius + 35.0
    low = np.floor((skeleton.min(0) - reach) / _STEP).astype(int)
    high = np.ceil((skeleton.max(0) + reach) / _STEP).astype(int)
    columns, rows = np.arange(low[0], high[0]), np.arange(low[1], high[1])
    distance = chain_distance(
        skeleton,
        ((columns + 0.5) * _STEP).astype(np.float32)[None, :],
        ((rows + 0.5) * _STEP).astype(np.float32)[:, None],
    )
    where = np.ix_(rows % _CELLS, columns % _CELLS)
    room[where] = np.minimum(room[where], distance - np.float32(radius))


def chain_distance(nodes: Field, x: Field, y: Field) -> NDArray[np.float32]:
    """Distance to a polyline of `nodes` (k, 2) for the broadcast positions x, y."""
    best: NDArray[np.float32] | None = None
    for a, b in pairwise(nodes):
        d = b - a
        square = max(float(d @ d), 1e-6)
        px, py = x - a[0], y - a[1]
        t = np.clip((px * d[0] + py * d[1]) * np.float32(1 / square), 0, 1)
        found = (px - t * d[0]) ** 2 + (py - t * d[1]) ** 2
        best = found if best is None else np.minimum(best, found, out=best)
    assert best is not None
    return np.sqrt(best, out=best)
