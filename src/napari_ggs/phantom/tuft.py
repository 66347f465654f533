"""The tuft inside the capsule: lobules, capillary loops, folds and sclerosed parts, as fields."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special
from scipy.spatial import cKDTree

from napari_ggs.phantom.latents import Latents
from napari_ggs.phantom.stamp import Frame
from napari_ggs.phantom.texture import (
    Cells,
    Field,
    cells,
    jittered_seeds,
    line,
    noise_at,
    rise,
    smoothstep,
)

_LOOP_UM, _LOBE_UM = 1.0, 2.0
"""um/px of the grids on which loops and lobules are sought; their borders are smooth anyway."""


class Tuft(NamedTuple):
    """Fields of the tuft on the canonical grid.

    Attributes
    ----------
    level : (n, n) float32
        um inside the surface of the tuft (negative outside); clefts between lobules are outside.
    lumen : (n, n) float32
        um inside a capillary lumen (negative in the walls and stalks between).
    seams : (n, n) float32
        um from where the walls of neighbouring loops touch; in a collapsed tuft only these
        wrinkled membranes are left of the loops.
    folds : (n, n) float32
        Noise whose zeros are lamellae of matrix and collagen.
    sclerosis : (n, n) float32
        How far matrix replaces the tuft at each place, 0 to 1.
    stalk : (n, n) float32
        How mesangial a place is, 0 to 1.
    content : (n, n) float32
        What a lumen holds, one unit-normal number per loop.
    """

    level: Field
    lumen: Field
    seams: Field
    folds: Field
    sclerosis: Field
    stalk: Field
    content: Field


def space_share(latents: Latents) -> float:
    """Return the share of the capsule's inside that the tuft leaves free (open or collagen).

    A collapsed tuft leaves room; matrix without collapse takes what there is; what is not
    filled with collagen shuts as the tuft closes.
    """
    swollen = rise(latents.matrix, 0.2, 0.9) * (1 - latents.collapse)
    room = (0.05 + 0.27 * latents.space) * (1 - 0.85 * swollen)
    room = (room + 0.62 * latents.collapse**1.4) * (1 - 0.9 * latents.tangential)
    shut = 0.9 * rise(latents.closure, 0.4, 0.9)
    return float(np.clip(room * (latents.fill + (1 - latents.fill) * (1 - shut)), 0.02, 0.75))


def draw_tuft(frame: Frame, room: Field, latents: Latents, rng: np.random.Generator) -> Tuft:
    """Draw the tuft into the room (um inside Bowman's capsule) that it has.

    It is drawn on a grid of 1 um and brought to the frame's.
    """
    coarse = frame.at(_LOOP_UM)
    room = coarse.take(room, frame.um)
    body, lobe = _body(coarse, room, latents, rng)
    stalk = _stalk(coarse, latents, rng)
    sclerosis = _sclerosis(coarse, body, stalk, latents, rng)
    level, lumen, seams, content = _capillaries(coarse, body, sclerosis, stalk, latents, rng)
    level = np.minimum(level, room - 0.2)
    lumen = np.minimum(lumen, level - 0.8)
    folds = _folds(coarse, lobe, rng)
    fields = (level, lumen, seams, folds, sclerosis, stalk, content)
    tuft = Tuft(*(frame.take(field, _LOOP_UM) for field in fields))
    return tuft._replace(sclerosis=np.clip(tuft.sclerosis, 0, 1), stalk=np.clip(tuft.stalk, 0, 1))


def _body(
    frame: Frame, room: Field, latents: Latents, rng: np.random.Generator
) -> tuple[Field, NDArray[np.intp]]:
    """Return um inside the envelope of the tuft, clefts taken out, and which lobule it is."""
    inner = float(room.max())
    scale = float(np.sqrt(1 - space_share(latents)))
    pole = np.array([np.cos(latents.pole_angle), np.sin(latents.pole_angle)])
    shift = pole * inner * (1 - scale) * 0.85
    body = _shrunk(room, scale, shift / frame.um) + _bumps(frame, latents, inner * scale, rng)
    spacing = float(np.clip(inner * rng.uniform(0.5, 0.85), 18, 55))
    seeds = jittered_seeds(rng, frame.half_um, spacing, 0.28) + shift
    wide = frame.at(_LOBE_UM)
    lobes = cells(seeds, *wide.warped(rng, 22.0, 5.0))
    edge = frame.take(lobes.edge, wide.um)
    own = np.kron(lobes.own, np.ones((2, 2), np.intp))
    pole_x, pole_y = (float(v) for v in pole * inner)
    to_pole = np.hypot(frame.x - pole_x, frame.y - pole_y)
    depth = smoothstep(to_pole, 0.3 * inner, 1.2 * inner)
    cleft = (
        6.0 * latents.lobulation * depth * (1 - 0.8 * latents.closure) - 2.0 - 3.0 * latents.closure
    )
    cleft = cleft + 1.5 * frame.noise(rng, 18.0) + 0.5 * frame.noise(rng, 5.0)
    return np.minimum(body, edge - cleft), own


def _shrunk(room: Field, scale: float, shift: NDArray[np.float64]) -> Field:
    """Shrink the shape of the room by `scale` and move it by `shift` (px)."""
    centre = (np.array(room.shape) - 1) / 2
    offset = centre - (centre + shift[::-1]) / scale
    shrunk: Field = ndimage.affine_transform(
        room, np.full(2, 1 / scale), offset, order=1, mode="nearest"
    )
    return shrunk * np.float32(scale)


def _bumps(frame: Frame, latents: Latents, inner: float, rng: np.random.Generator) -> Field:
    """Return how the surface of the tuft departs from the shape of the capsule, um."""
    size = (0.06 + 0.05 * latents.ischaemia + 0.03 * latents.collapse) * inner
    size = min(size, 6.0) * (1 - 0.7 * latents.matrix * (1 - latents.collapse))
    wrinkles = 0.7 * latents.collapse * frame.noise(rng, 5.0)
    return size * frame.noise(rng, max(0.3 * inner, 9.0), 2) + wrinkles


def _sclerosis(
    frame: Frame, body: Field, stalk: Field, latents: Latents, rng: np.random.Generator
) -> Field:
    """Return where matrix replaces the tuft: out from the stalks, and in one segment."""
    patches = 0.83 * frame.noise(rng, max(0.2 * latents.diameter_um, 12.0), 2)
    patches = patches - 1.83 * (stalk - 0.35)
    at = float(special.ndtri(np.clip(latents.matrix, 0.002, 0.998)))
    replaced = 1 - smoothstep(patches, at - 0.5, at + 0.5)
    direction = rng.uniform(-np.pi, np.pi)
    along = frame.x * math.cos(direction) + frame.y * math.sin(direction)
    along = along + 0.10 * latents.diameter_um * frame.noise(rng, 0.15 * latents.diameter_um, 2)
    if latents.segmental < 0.02:
        return replaced
    start = float(np.quantile(along[body > 0], 1 - latents.segmental))
    return np.maximum(replaced, smoothstep(along - start, -4.0, 4.0))


def _stalk(frame: Frame, latents: Latents, rng: np.random.Generator) -> Field:
    """Return the mesangial stalks: a branching net, wider the more mesangium there is."""
    x, y = frame.warped(rng, 12.0, 4.0)
    net = noise_at(rng, y / 26.0 + 128, x / 26.0 + 128)
    return np.asarray(line(net, 0.5 + 0.9 * latents.mesangium))


class _Loops(NamedTuple):
    """Cells of capillaries at the places near the tuft, and which of them are one loop."""

    near: NDArray[np.bool_]
    cells: Cells
    seeds: NDArray[np.float64]
    same: NDArray[np.intp]
    spacing: float


def _capillaries(
    frame: Frame,
    body: Field,
    sclerosis: Field,
    stalk: Field,
    latents: Latents,
    rng: np.random.Generator,
) -> tuple[Field, Field, Field, Field]:
    """Return um inside the tuft, um inside a lumen, um off the seams, and each loop's content."""
    loops = _draw_loops(frame, body, latents, rng)
    level = _bulging(frame, body, loops, rng)
    shut = np.maximum(sclerosis, rise(latents.collapse, 0.4, 0.8))
    level = ndimage.gaussian_filter(level * (1 - shut) + body * shut, 0.9 / frame.um)
    seams, wall, content = np.zeros((3, *frame.shape), np.float32)
    own, others = loops.cells.nearest[:, :1], loops.cells.nearest[:, 1:]
    apart = loops.same[own] != loops.same[others]
    seams[loops.near] = loops.cells.edge_where(apart, 0.7 * loops.spacing)
    n = len(loops.seeds)
    solid = rng.random(n) < 0.06 + 0.22 * latents.mesangium
    wall[loops.near] = (rng.uniform(0.3, 1.4, n) + 8.0 * solid)[loops.cells.own]
    wall += (0.8 + 2.2 * latents.mesangium) * stalk + 0.5 * frame.noise(rng, 5.0)
    wall += 6.0 * (1 - (1 - sclerosis) * (1 - rise(latents.collapse, 0.2, 0.8)))
    lumen = ndimage.gaussian_filter(seams - wall, 1.1 / frame.um)
    content[loops.near] = rng.standard_normal(n)[loops.same[loops.cells.own]]
    return level, lumen, seams, content


def _draw_loops(frame: Frame, body: Field, latents: Latents, rng: np.random.Generator) -> _Loops:
    """Draw the cells; wrinkled and collapsed tufts have smaller, more bent ones."""
    wrinkle = max(latents.ischaemia, latents.collapse)
    spacing = rng.uniform(9.0, 12.5) * (1 - 0.25 * max(latents.collapse, 0.6 * latents.ischaemia))
    seeds = jittered_seeds(rng, frame.half_um, spacing, 0.3)
    x, y = frame.warped(rng, 11.0, 2.2 + 2.0 * wrinkle)
    x, y = x + 0.8 * frame.noise(rng, 4.0), y + 0.8 * frame.noise(rng, 4.0)
    near = body > -spacing
    found = cells(seeds, x[near], y[near], k=4)
    return _Loops(near, found, seeds, _loops_of(seeds, rng), spacing)


def _bulging(frame: Frame, body: Field, loops: _Loops, rng: np.random.Generator) -> Field:
    """Return um inside the union of the cells that lie in the body: it bulges with every loop."""
    own, others = loops.cells.nearest[:, :1], loops.cells.nearest[:, 1:]
    ragged = rng.normal(0, 1.2, len(loops.seeds))
    inside = frame.sample(body, loops.seeds) + ragged > 0.1 * loops.spacing
    crossing = loops.cells.edge_where(inside[own] != inside[others], 0.7 * loops.spacing)
    level = body.copy()
    level[loops.near] = np.where(inside[loops.cells.own], crossing, -crossing)
    return level


def _loops_of(seeds: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return which loop each cell belongs to: its own or that of its nearest neighbour."""
    near = np.asarray(cKDTree(seeds).query(seeds, k=2)[1])
    joined = rng.random(len(seeds)) < 0.4
    return np.asarray(np.where(joined, near[:, 1], np.arange(len(seeds))))


def _folds(frame: Frame, lobe: NDArray[np.intp], rng: np.random.Generator) -> Field:
    """Return noise drawn out along a direction of its own in each lobule, and bent."""
    x, y = frame.warped(rng, 14.0, 5.0)
    angle = rng.uniform(0, np.pi, int(lobe.max()) + 1).astype(np.float32)[lobe]
    angle = ndimage.gaussian_filter(angle, 3.0 / frame.um)
    across = x * np.cos(angle) + y * np.sin(angle)
    along = y * np.cos(angle) - x * np.sin(angle)
    return noise_at(rng, across / 3.2 + 128, along / 18.0 + 128)
