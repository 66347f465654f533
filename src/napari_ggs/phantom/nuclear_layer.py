"""Nuclei of the cortex: sprites put where the geometry of the tubules wants them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from napari_ggs.phantom.fields import Field, hashed
from napari_ggs.phantom.grid import SIDE, Grid
from napari_ggs.phantom.nuclei import draw_nuclei, make_nuclei
from napari_ggs.phantom.profiles import ARTERIOLE, CAPILLARY, KINDS, VEIN
from napari_ggs.phantom.tubules import RESERVED, Geometry

_SPACING = 5.6
"""Step of the jittered lattice of possible nuclei, um."""

_HEADINGS, _VARIANTS, _SHADES = 24, 3, 4
"""Directions, nuclei per direction, and densities of each, in the library of each cell type."""

_REACH_UM = 5.0
"""How far outside of a block a nucleus may lie and still show in it."""

_UNDER_UM = -20.0
"""Deeper in the room of a glomerulus nothing of the interstitium shows."""

Sprite = tuple[Field, Field]
"""Chromatin, and by what the PAS of the cytoplasm is multiplied."""


class Ground(NamedTuple):
    """What nuclei are laid into.

    Attributes
    ----------
    geometry : Geometry
    inflamed : array (n, n)
        Share of the interstitium's places that hold a lymphocyte.
    edge : array (n, n)
        Distance from the tissue's edge, um; negative on glass.
    """

    geometry: Geometry
    inflamed: Field
    edge: Field


class _Candidates(NamedTuple):
    """Places where a nucleus may be: position (um), three random numbers, what is there."""

    x: Field
    y: Field
    chance: Field
    turn: Field
    pick: Field
    depth: Field
    slope_x: Field
    slope_y: Field
    kind: NDArray[np.intp]
    inflamed: Field


class _Role(NamedTuple):
    """Candidates that become nuclei of one cell type, and how deep in the tubule they go."""

    cell: str
    chosen: NDArray[np.bool_]
    target: Field


def lay_nuclei(haematoxylin: Field, pas: Field, grid: Grid, ground: Ground, seed: int) -> None:
    """Lay nuclei into a block, in place.

    Epithelial nuclei form a row at the base of the epithelium, those of capillaries and muscle
    follow the wall, lymphocytes crowd where the interstitium is inflamed.
    """
    candidates = _candidates(grid, ground, seed)
    shade = hashed(seed, 97, (candidates.pick * 2**20).astype(np.int64)) * _SHADES
    for role in _roles(candidates):
        x, y, sprite = _settled(candidates, role)
        library = sprites(role.cell, grid.mpp)
        chosen = role.chosen
        columns = (x[chosen] / grid.mpp - grid.x).tolist()
        rows = (y[chosen] / grid.mpp - grid.y).tolist()
        numbers = (sprite[chosen] * _SHADES + shade[chosen].astype(np.intp)).tolist()
        for column, row, number in zip(columns, rows, numbers, strict=True):
            _lay(haematoxylin, pas, library[number], column, row)


def _candidates(grid: Grid, ground: Ground, seed: int) -> _Candidates:
    x0, y0, x1, y1 = grid.box
    i = np.arange(np.floor((x0 - _REACH_UM) / _SPACING), np.ceil((x1 + _REACH_UM) / _SPACING))
    j = np.arange(np.floor((y0 - _REACH_UM) / _SPACING), np.ceil((y1 + _REACH_UM) / _SPACING))
    ii, jj = (a.ravel().astype(np.int64) for a in np.meshgrid(i, j))
    u, v, chance, turn, pick = (hashed(seed, 90 + k, ii, jj) for k in range(5))
    x = (ii + 0.5 * (jj % 2) + 0.15 + 0.7 * u) * _SPACING
    y = (jj + 0.15 + 0.7 * v) * _SPACING
    geometry, (xs, ys) = ground.geometry, grid.axes()
    step = float(xs[1] - xs[0])
    at = np.stack([(y - ys[0]) / step, (x - xs[0]) / step])
    nearest = tuple(np.clip(np.round(at).astype(int), 0, len(xs) - 1))
    hidden = (geometry.owner[nearest] == RESERVED) & (geometry.depth[nearest] < _UNDER_UM)
    kept = ~hidden & (ground.edge[nearest] > -_REACH_UM)
    x, y, chance, turn, pick, *at_kept = (v[kept] for v in (x, y, chance, turn, pick, *at))
    at = np.stack(at_kept)
    slope_y, slope_x = np.gradient(geometry.depth, step)
    depth, dx, dy = (_sampled(np.asarray(f), at) for f in (geometry.depth, slope_x, slope_y))
    owner = geometry.owner[nearest][kept]
    kind = np.append(geometry.profiles.kind, -1)[np.maximum(owner, -1)]
    return _Candidates(x, y, chance, turn, pick, depth, dx, dy, kind, _sampled(ground.inflamed, at))


def _sampled(field: Field, at: Field) -> Field:
    return np.asarray(map_coordinates(field, at, order=1, mode="nearest"))


def _roles(c: _Candidates) -> list[_Role]:
    table = np.array(KINDS, np.float32)[c.kind]
    tubule = (c.kind >= 0) & ~np.isin(c.kind, (CAPILLARY, ARTERIOLE, VEIN))
    lined = np.isin(c.kind, (CAPILLARY, VEIN)) & (np.abs(c.depth - 1.0) < 3)
    basal = np.clip(table[:, 0] * 0.38, 3.6, 5.8) + 4.0 * (c.pick - 0.4)
    row = tubule & (np.abs(c.depth - basal) < 2.8) & (c.chance < 0.85 * table[:, 6])
    muscle = (c.kind == ARTERIOLE) & (c.depth > 0.5) & (c.depth < 7.5)
    outside = c.depth < -0.4
    crowd = outside & (c.chance < 0.9 * c.inflamed)
    return [
        _Role("tubular", row, basal),
        _Role("endothelial", lined & (c.chance < 0.3), np.full_like(c.depth, 0.6)),
        _Role("muscle", muscle & (c.chance < 0.45), c.depth),
        _Role("lymphocyte", crowd, c.depth),
        _Role("fibroblast", outside & ~crowd & (c.chance > 0.76), np.minimum(c.depth, -0.6)),
    ]


def _settled(c: _Candidates, role: _Role) -> tuple[Field, Field, NDArray[np.intp]]:
    """Push candidates to their depth; return positions (um) and indices of sprites."""
    slope = np.maximum(np.hypot(c.slope_x, c.slope_y), 0.3)
    push = np.clip((role.target - c.depth) / slope**2, -6, 6)
    along = np.arctan2(c.slope_y, c.slope_x) + np.pi / 2
    angle = c.turn * np.pi if role.cell in ("tubular", "lymphocyte") else along
    heading = np.round(angle / np.pi * _HEADINGS + 0.6 * (c.turn - 0.5)).astype(np.intp)
    sprite = heading % _HEADINGS * _VARIANTS + (c.pick * _VARIANTS).astype(np.intp)
    return c.x + push * c.slope_x, c.y + push * c.slope_y, sprite


@lru_cache(maxsize=16)
def sprites(cell: str, mpp: float) -> list[Sprite]:
    """Nuclei of one cell type: by heading, `_VARIANTS` of each, `_SHADES` of each of these."""
    rng = np.random.default_rng([len(cell), 5])
    side = int(np.ceil(17 / mpp)) | 1
    library = []
    for heading in np.repeat(np.arange(_HEADINGS), _VARIANTS):
        centre = np.full((1, 2), side * mpp / 2) + rng.uniform(-0.5, 0.5, 2) * mpp
        angle = np.array([heading * np.pi / _HEADINGS])
        one = make_nuclei(rng, cell, centre, angle, spread=0.05)
        chromatin, dimming = _trimmed(*draw_nuclei(one, (side, side), mpp, rng))
        library += [((0.9 + 0.15 * k) * chromatin, dimming) for k in range(_SHADES)]
    return library


def _trimmed(chromatin: Field, cover: Field) -> Sprite:
    """Cut the empty margin away, evenly on opposite sides, and even the chromatin out a little."""
    filled = (cover > 0) | (cover > 0)[::-1, ::-1]
    rows, columns = np.flatnonzero(filled.any(1)), np.flatnonzero(filled.any(0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    even = cover[window] * float(chromatin.sum() / cover.sum())
    return 0.55 * chromatin[window] + 0.5 * even, 1 - 0.45 * cover[window]


def _lay(haematoxylin: Field, pas: Field, sprite: Sprite, x: float, y: float) -> None:
    """Lay one nucleus centred at the pixel position x, y; what lies outside is cut."""
    chromatin, dimming = sprite
    height, width = dimming.shape
    column, row = round(x - width / 2), round(y - height / 2)
    if row < 0 or column < 0 or row + height > SIDE or column + width > SIDE:
        top, left, bottom, right = max(-row, 0), max(-column, 0), SIDE - row, SIDE - column
        if top >= height or left >= width or bottom <= 0 or right <= 0:
            return
        chromatin, dimming = chromatin[top:bottom, left:right], dimming[top:bottom, left:right]
        row, column = row + top, column + left
        height, width = dimming.shape
    window = slice(row, row + height), slice(column, column + width)
    below = haematoxylin[window]
    np.maximum(below, chromatin, out=below)
    below = pas[window]
    np.multiply(below, dimming, out=below)
