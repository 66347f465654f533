"""Tubular profiles: what kinds there are, and which of them reach a block."""

from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field, Noise, hashed
from napari_ggs.phantom.grid import Box
from napari_ggs.phantom.kept import Kept
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.packing import LABYRINTH, PERIOD, RAY, packing

_VARIANTS = 2
"""Different packings; a slide uses one of them."""

_DRIFT_UM = 45.0
"""How far a slow warp moves profiles (standard deviation)."""

_REACH_UM = 800.0
"""More than the longest profile, and how far any drifts."""

_COPY_BYTES = 4_000_000
"""What is kept of the copies of packings used last."""

MARGIN_UM = 60.0
"""How far around a profile it can matter."""


class Kind(NamedTuple):
    """What one kind of profile looks like. Lengths in um, stains as concentrations.

    `brush` is the share of the slide's brush border, `nuclei` that of the row along the wall,
    `content` the PAS of what fills the lumen.
    """

    epithelium: float
    haematoxylin: float
    pas: float
    brush: float
    membrane: float
    membrane_pas: float
    nuclei: float
    content: float


KINDS = (
    Kind(17.0, 0.11, 0.15, 1.0, 1.9, 0.60, 0.75, 0.0),  # proximal
    Kind(10.0, 0.10, 0.08, 0.0, 1.7, 0.52, 1.0, 0.0),  # distal
    Kind(8.0, 0.10, 0.09, 0.0, 1.7, 0.52, 0.85, 0.0),  # collecting duct or thin limb
    Kind(7.0, 0.16, 0.14, 0.0, 3.4, 0.65, 0.9, 0.0),  # atrophic
    Kind(1.2, 0.06, 0.16, 0.0, 1.0, 0.36, 0.35, 0.0),  # peritubular capillary
    Kind(7.5, 0.09, 0.30, 0.0, 1.3, 0.42, 0.7, 0.0),  # arteriole
    Kind(5.0, 0.12, 0.14, 0.0, 2.4, 0.62, 0.8, 0.72),  # with a cast
    Kind(1.5, 0.06, 0.20, 0.0, 1.5, 0.30, 0.35, 0.02),  # vein
)
PROXIMAL, DISTAL, COLLECTING, ATROPHIC, CAPILLARY, ARTERIOLE, CAST, VEIN = range(len(KINDS))


class Profiles(NamedTuple):
    """The profiles that can reach a block.

    Attributes
    ----------
    nodes : array (n, k, 2)
        x, y of each skeleton's nodes, um.
    radius : array (n,)
        Half-thickness before it swells, um.
    kind : array (n,) of int
        Index into `KINDS`.
    key : array (n,) of int
        Identity on the slide; everything random about a profile is hashed from it.
    """

    nodes: Field
    radius: Field
    kind: NDArray[np.intp]
    key: NDArray[np.int64]

    @property
    def middle(self) -> Field:
        """Middle node of each skeleton, (n, 2)."""
        return np.asarray(self.nodes[:, self.nodes.shape[1] // 2])

    def take(self, index: NDArray[np.bool_]) -> "Profiles":
        """Return some of them."""
        nodes, radius, kind, key = self
        return Profiles(nodes[index], radius[index], kind[index], key[index])


class Bed:
    """All profiles of one slide: packings laid over it again and again, drifting slowly."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self._layout, self._seed = layout, seed
        self._drift = Noise(seed, 11, 620.0), Noise(seed, 12, 620.0)
        self._packings = tuple(packing(p, seed % _VARIANTS) for p in (LABYRINTH, RAY))
        self._copies = Kept[Profiles](_COPY_BYTES, _bytes)

    def near(self, box: Box) -> Profiles:
        """Return the profiles that can reach a box and leave the glomeruli their room."""
        groups = []
        for which in product(range(len(self._packings)), _tiles(box)):
            copy = self._copies.get(which, partial(self._copy, *which))
            groups.append(copy.take(_reaching(copy, box)))
        nodes, radius, kind, key = (np.concatenate(c) for c in zip(*groups, strict=True))
        return Profiles(nodes, radius, kind, key)

    def _copy(self, index: int, tile: tuple[int, int]) -> Profiles:
        """Return one copy of a packing, laid over one tile of the slide."""
        pack = self._packings[index]
        base = pack.nodes[..., ::-1] if index and self._layout.rays_along_x else pack.nodes
        nodes = base + (np.array(tile) * PERIOD).astype(np.float32)
        x, y = nodes[:, nodes.shape[1] // 2].T
        nodes += _DRIFT_UM * np.stack([noise.at(x, y) for noise in self._drift], -1)[:, None]
        number = np.arange(len(base)) + 100_000 * index
        key = number + 1_000_003 * (tile[0] + 4001 * tile[1])
        profiles = Profiles(nodes, pack.radius, np.zeros_like(number), key)
        in_ray = self._layout.in_ray(*profiles.middle.T)
        profiles = profiles.take((in_ray == bool(index)) & self._clear(profiles))
        kind = self._kinds(profiles)
        radius = np.where(kind == CAPILLARY, 0.6 * profiles.radius, profiles.radius)
        return profiles._replace(kind=kind, radius=radius.astype(np.float32))

    def _clear(self, profiles: Profiles) -> NDArray[np.bool_]:
        """Whether profiles stay out of the room of glomeruli and mimics."""
        clear = np.ones(len(profiles.key), bool)
        if not len(clear):
            return clear
        low, high = profiles.nodes.min((0, 1)), profiles.nodes.max((0, 1))
        for place in self._layout.displacing((*low.tolist(), *high.tolist())):
            away = np.hypot(profiles.nodes[..., 0] - place.x, profiles.nodes[..., 1] - place.y)
            clear &= away.min(1) - place.room > -0.1 * profiles.radius
        return clear

    def _kinds(self, profiles: Profiles) -> NDArray[np.intp]:
        x, y = profiles.middle.T
        fibrosis, in_ray = self._layout.fibrosis_at(x, y), self._layout.in_ray(x, y)
        first, second, third = (hashed(self._seed, 21 + k, profiles.key) for k in range(3))
        radius = profiles.radius
        kind = np.where(first < np.where(in_ray, 0.35, 0.72), PROXIMAL, DISTAL)
        kind = np.where((kind == DISTAL) & (first > 0.9), COLLECTING, kind)
        kind = np.where(
            radius < np.where(in_ray, 7.5, 12.5),
            np.where(second < 0.6, CAPILLARY, COLLECTING),
            kind,
        )
        kind = np.where((radius < 18) & (radius >= 8) & (second > 0.93), ARTERIOLE, kind)
        wasted = (third < 1.1 * fibrosis) & (kind != CAPILLARY) & (kind != ARTERIOLE)
        kind = np.where(wasted, np.where(first < 0.8, ATROPHIC, CAST), kind)
        return np.where((third > 0.985) & (radius > 15), VEIN, kind).astype(np.intp)


def _bytes(profiles: Profiles) -> int:
    return profiles.nodes.nbytes


def _tiles(box: Box) -> list[tuple[int, int]]:
    """Return the copies (column, row) of the torus that can reach a box."""
    x0, y0 = (int((v - _REACH_UM) // PERIOD) for v in box[:2])
    x1, y1 = (int((v + _REACH_UM) // PERIOD) for v in box[2:])
    return [(i, j) for j in range(y0, y1 + 1) for i in range(x0, x1 + 1)]


def _reaching(profiles: Profiles, box: Box) -> NDArray[np.bool_]:
    margin = (profiles.radius + MARGIN_UM)[:, None]
    low, high = profiles.nodes.min(1) - margin, profiles.nodes.max(1) + margin
    return np.asarray((high >= box[:2]).all(1) & (low <= box[2:]).all(1))
