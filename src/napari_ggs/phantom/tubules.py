"""Where tubules end: distances to their walls, block by block.

The wall between two neighbouring profiles is where their distances are equal (an additively
weighted Voronoi diagram of their skeletons, after Apollonius), pulled back from it by the
interstitium. Lengths are micrometres.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field, Noise
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.packing import chain_distance
from napari_ggs.phantom.profiles import CAPILLARY, MARGIN_UM, Bed, Profiles

NOBODY, RESERVED = -1, -2
"""Owners of places in no tubule, and in the room kept for a glomerulus or a mimic."""

_CORNER_UM = 14.0
"""Where three profiles meet, corners are rounded over about this length."""

_CAPSULE_UM = 38.0
"""Thickness of the renal capsule."""


class Geometry(NamedTuple):
    """Fields on a block's coarse grid.

    Attributes
    ----------
    depth : array (n, n)
        Distance into the tubule from its wall; negative in the interstitium.
    under_capsule : array (n, n)
        Distance from the inner side of the renal capsule; negative within it.
    owner : array (n, n) of int
        Index into `profiles`, or `NOBODY`, or `RESERVED`.
    profiles : Profiles
    """

    depth: Field
    under_capsule: Field
    owner: NDArray[np.intp]
    profiles: Profiles


class Tubules:
    """The tubules of one slide."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout, self._bed = layout, Bed(layout, seed)
        self._wobble = Noise(seed, 13, 15.0), Noise(seed, 14, 15.0)

    def geometry(self, xs: Field, ys: Field) -> Geometry:
        """Fields at the grid of the ascending positions xs, ys."""
        race = _Race.start((len(ys), len(xs)))
        profiles = self._run(race, xs, ys)
        grow, gap = self._swelling(race.owner, profiles, xs, ys)
        to_second, to_third = (race.second - race.first) / 2, (race.third - race.first) / 2
        rim = _smooth_minimum(to_second, to_third, _CORNER_UM) - gap / 2
        depth = _smooth_minimum(grow - race.first, rim, 4.0)
        depth = np.where(race.owner == RESERVED, -np.clip(rim + gap, 1.0, 40.0), depth)
        under_capsule = self._layout.depth(xs, ys) - _CAPSULE_UM
        if under_capsule.min() < 60:
            depth = _smooth_minimum(depth, under_capsule, 8.0)
        return Geometry(depth, under_capsule, race.owner, profiles)

    def _run(self, race: "_Race", xs: Field, ys: Field) -> Profiles:
        box = (float(xs[0]), float(ys[0]), float(xs[-1]), float(ys[-1]))
        profiles = self._bed.near(box)
        x = xs[None, :] + 3.0 * self._wobble[0].grid(xs, ys)
        y = ys[:, None] + 3.0 * self._wobble[1].grid(xs, ys)
        for k, (nodes, radius) in enumerate(zip(profiles.nodes, profiles.radius, strict=True)):
            window = _window(nodes, float(radius) + 0.6 * MARGIN_UM, xs, ys)
            if window is not None:
                distance = chain_distance(nodes, x[window], y[window])
                race.enter(window, distance - radius, k)
        for place in self._layout.displacing(box):
            distance = np.hypot(x - place.x, y - place.y)
            race.enter((slice(None), slice(None)), distance - np.float32(place.room), RESERVED)
        return profiles

    def _swelling(
        self, owner: NDArray[np.intp], profiles: Profiles, xs: Field, ys: Field
    ) -> tuple[Field, Field]:
        """How far profiles grow beyond their skeleton, and the least room between them."""
        fibrosis = self._layout.fibrosis(xs, ys)
        grow = self._layout.swelling * (1 - fibrosis) - 6.0 * fibrosis
        small = np.append(profiles.kind == CAPILLARY, False)[np.maximum(owner, -1)]
        return np.where(small, 0.0, grow), self._layout.gap + 6.0 * fibrosis


class _Race(NamedTuple):
    """The three least distances to any profile at each place, and whose the least is."""

    first: Field
    second: Field
    third: Field
    owner: NDArray[np.intp]

    @classmethod
    def start(cls, shape: tuple[int, int]) -> "_Race":
        first, second, third = np.full((3, *shape), MARGIN_UM, np.float32)
        return cls(first, second, third, np.full(shape, NOBODY, np.intp))

    def enter(self, window: tuple[slice, slice], distance: Field, k: int) -> None:
        """Let profile `k` compete within a window."""
        first, second, third, owner = (field[window] for field in self)
        owner[distance < first] = k
        np.minimum(third, np.maximum(second, distance), out=third)
        np.minimum(second, np.maximum(first, distance), out=second)
        np.minimum(first, distance, out=first)


def _window(nodes: Field, reach: float, xs: Field, ys: Field) -> tuple[slice, slice] | None:
    low, high = nodes.min(0) - reach, nodes.max(0) + reach
    j0, j1 = np.searchsorted(xs, [low[0], high[0]])
    i0, i1 = np.searchsorted(ys, [low[1], high[1]])
    return (slice(int(i0), int(i1)), slice(int(j0), int(j1))) if i1 > i0 and j1 > j0 else None


def _smooth_minimum(a: Field, b: Field, width: float) -> Field:
    blend = np.maximum(width - np.abs(a - b), 0) / width
    return np.minimum(a, b) - blend * blend * (width / 4)
