"""What is laid into the cortex and where: glomeruli and what resembles them."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.fields import Field
from napari_ggs.phantom.latents import DIAMETERS_UM, Latents, draw_latents
from napari_ggs.phantom.mimics import MIMICS, mimic_diameter

COHORT: Mapping[str, float] = {
    "normal": 0.31,
    "periglomerular fibrosis": 0.07,
    "obsolescent": 0.50,
    "solidified": 0.07,
    "disappearing": 0.05,
}
"""Shares in the GGS paper's cohort; periglomerular fibrosis is part of its "normal"."""

_CLUSTERING = (1 - 0.34) / 0.34
"""Dirichlet concentration that gives an intraclass correlation of .34 between slides."""

_DENSITY = (2.2, 4.8)
"""Glomeruli per mm2 of cortex."""

_MIMICS = (0.7, 1.2)
"""Hard negatives per glomerulus."""

_CUT = 1 / 12
"""Share of glomeruli that the edge of the tissue cuts, where there is an edge."""

_APART_UM = 18.0
"""Least distance between two things laid into the cortex."""

_DARTS = 500
"""Points tried to find a spot."""


class Place(NamedTuple):
    """Where something is laid into the cortex.

    Attributes
    ----------
    x, y : float
        Centre, um.
    room : float
        Radius of the circle that tubules leave to it, um.
    kind : str
        The class of glomerulus, or the kind of hard negative.
    latents : Latents or None
        Of a glomerulus.
    seed : int
        Of its drawing.
    """

    x: float
    y: float
    room: float
    kind: str
    latents: Latents | None
    seed: int

    @property
    def displaces(self) -> bool:
        """Whether tubules give way to it; a fold of the section lies on top of them."""
        return self.kind != "fold"


Hosts = Callable[[Field, Field, tuple[float, float]], NDArray[np.bool_]]
"""Whether points (um) lie in cortex, between these distances (um) inside the tissue's edge."""


class Planner:
    """Finds places for glomeruli and hard negatives; nothing overlaps.

    Parameters
    ----------
    size : (float, float)
        Width and height of the canvas, um.
    hosts : callable
    edged : bool
        Whether the tissue has an edge that can cut glomeruli.
    rng : numpy.random.Generator
    """

    def __init__(
        self, size: tuple[float, float], hosts: Hosts, edged: bool, rng: np.random.Generator
    ) -> None:
        self._size, self._hosts, self._edged, self._rng = size, hosts, edged, rng
        self._taken: list[tuple[float, float, float]] = []

    def plan(self, mix: Mapping[str, float]) -> tuple[list[Place], list[Place]]:
        """Return glomeruli of the kinds in `mix`, and hard negatives."""
        rng = self._rng
        count = int(self._cortex_mm2() * rng.uniform(*_DENSITY) + rng.random())
        others = int(count * rng.uniform(*_MIMICS) + rng.random())
        glomeruli = [self._glomerulus(kind) for kind in _dealt(mix, count, rng)]
        mimics = [self._mimic(kind) for kind in rng.choice(MIMICS, others).tolist()]
        return [p for p in glomeruli if p is not None], [p for p in mimics if p is not None]

    def _glomerulus(self, kind: str) -> Place | None:
        latents = draw_latents(kind, self._rng)
        room = latents.diameter_um / 2 * 1.04 + 3
        return self._place(room, kind, latents, int(self._rng.integers(2**32)))

    def _mimic(self, kind: str) -> Place | None:
        seed = int(self._rng.integers(2**32))
        room = mimic_diameter(kind, np.random.default_rng(seed)) / 2
        return self._place(room, kind, None, seed)

    def _place(self, room: float, kind: str, latents: Latents | None, seed: int) -> Place | None:
        spot = self._spot(room)
        if spot is None:
            return None
        self._taken.append((*spot, room))
        return Place(*spot, room, kind, latents, seed)

    def _cortex_mm2(self) -> float:
        """Area of the cortex, by points on a lattice."""
        u = (np.arange(96, dtype=np.float32) + 0.5) / 96
        x, y = np.meshgrid(u * self._size[0], u * self._size[1])
        share = self._hosts(x.ravel(), y.ravel(), (0.0, np.inf)).mean()
        return float(share) * self._size[0] * self._size[1] * 1e-6

    def _spot(self, room: float) -> tuple[float, float] | None:
        """Find a free spot, some of them at the edge."""
        whole = (room + 14, np.inf)
        cut = self._edged and self._rng.random() < _CUT
        for clearance in ((0.1 * room, 0.75 * room), whole) if cut else (whole,):
            x, y = self._rng.random((2, _DARTS), np.float32) * np.array(self._size)[:, None]
            good = np.flatnonzero(self._hosts(x, y, clearance))
            good = good[self._free(x[good], y[good], room)]
            if len(good):
                return float(x[good[0]]), float(y[good[0]])
        return None

    def _free(self, x: Field, y: Field, room: float) -> NDArray[np.bool_]:
        """Whether a circle of radius `room` at these points stays clear of what is there."""
        centres = np.array(self._taken).reshape(-1, 3)
        away = np.hypot(x[:, None] - centres[:, 0], y[:, None] - centres[:, 1])
        return np.asarray((away > centres[:, 2] + room + _APART_UM).all(1))


def drawn_mix(rng: np.random.Generator) -> dict[str, float]:
    """Draw a slide's shares of each kind around the cohort's: sclerosis clusters by patient."""
    shares = rng.dirichlet([_CLUSTERING * share for share in COHORT.values()])
    return dict(zip(COHORT, shares.tolist(), strict=True))


def _dealt(mix: Mapping[str, float], count: int, rng: np.random.Generator) -> list[str]:
    """Deal `count` kinds in the proportions of `mix` (largest remainders), shuffled."""
    if not set(mix) <= set(DIAMETERS_UM) or sum(mix.values()) <= 0 or min(mix.values()) < 0:
        known = ", ".join(DIAMETERS_UM)
        raise ValueError(f"A mix gives shares to some of {known}; found {dict(mix)}.")
    quota = count * np.array(list(mix.values())) / sum(mix.values())
    numbers = np.floor(quota).astype(int)
    order = np.argsort(-(quota - numbers + 1e-6 * rng.random(len(quota))))
    numbers[order[: count - numbers.sum()]] += 1
    kinds = [kind for kind, n in zip(mix, numbers, strict=True) for _ in range(n)]
    rng.shuffle(kinds)
    return kinds
