"""Stain maps of the cortex: tubules, vessels, interstitium and their nuclei."""

from typing import NamedTuple

import numpy as np

from napari_ggs.phantom.atlas import textures
from napari_ggs.phantom.fields import Field, Noise, hashed
from napari_ggs.phantom.grid import SIDE, STRIP, Grid
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.nuclear_layer import Ground, lay_nuclei
from napari_ggs.phantom.profiles import KINDS, Profiles
from napari_ggs.phantom.tubules import RESERVED, Geometry, Tubules


class Look(NamedTuple):
    """What the pixels of a block are made from, on its coarse grid; (n, n) each.

    Attributes
    ----------
    depth : array
        um into the tubule from its wall; negative in the interstitium.
    lumen : array
        um into the lumen from the epithelium's surface; negative outside.
    wisps : array
        How much debris floats in lumina.
    haematoxylin, pas : array
        Stain of the cytoplasm.
    brush : array
        PAS of the brush border.
    membrane, membrane_pas : array
        Thickness (um) and stain of the basement membrane.
    content : array
        PAS of what fills the lumen.
    strands : array
        Phase of the interstitium's fibres.
    matrix : array
        PAS of the interstitium.
    """

    depth: Field
    lumen: Field
    wisps: Field
    haematoxylin: Field
    pas: Field
    brush: Field
    membrane: Field
    membrane_pas: Field
    content: Field
    strands: Field
    matrix: Field


class Cortex:
    """Draws blocks of tissue without glomeruli."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout, self.seed = layout, seed
        self._tubules = Tubules(layout, seed)
        self._scallops, self._blebs = Noise(seed, 71, 8.5), Noise(seed, 72, 3.6)
        self._streaks, self._slits = Noise(seed, 73, 24.0), Noise(seed, 74, 14.0)
        self._strands, self._wisps = Noise(seed, 75, 42.0), Noise(seed, 76, 19.0)
        self._tears = Noise(seed, 79, 520.0), Noise(seed, 68, 230.0)
        self._regions = Noise(seed, 77, 300.0), Noise(seed, 78, 260.0)

    def paint(self, grid: Grid) -> tuple[Field, Field, Field]:
        """Return haematoxylin, PAS and cover (0 = glass) of a block, (SIDE, SIDE) each."""
        xs, ys = grid.axes()
        geometry = self._tubules.geometry(xs, ys)
        haematoxylin, pas = _composed(grid, self._look(geometry, xs, ys))
        edge = self._edge(geometry, xs, ys)
        where = Ground(geometry, self.layout.inflammation(xs, ys), edge)
        lay_nuclei(haematoxylin, pas, grid, where, self.seed)
        return haematoxylin, pas, self._cover(grid, edge)

    def _edge(self, geometry: Geometry, xs: Field, ys: Field) -> Field:
        """Distance from the tissue's edge; tubules are torn out or stick out whole."""
        edge = self._torn(self.layout.tissue(xs, ys), geometry, xs, ys)
        if edge.min() > 60:
            return edge
        torn = 34 * (hashed(self.seed, 88, geometry.profiles.key) - 0.45)
        calm = np.clip(self.layout.depth(xs, ys) / 60, 0, 1)
        return edge + calm * np.append(torn, 0)[np.maximum(geometry.owner, -1)]

    def _torn(self, edge: Field, geometry: Geometry, xs: Field, ys: Field) -> Field:
        """Add tears: gaps between tubules here and there, never through a glomerulus."""
        wide = 18 * (self._tears[0].grid(xs, ys) - 1.2)
        if wide.max() < 0:
            return edge
        off = 110 * np.abs(self._tears[1].grid(xs, ys)) + 1.5 * np.clip(geometry.depth, 0, 20)
        spared = (geometry.owner == RESERVED) | (wide < 0)
        return np.minimum(edge, np.where(spared, 100.0, off - wide))

    def _cover(self, grid: Grid, edge: Field) -> Field:
        """Where there is tissue, with a frayed edge."""
        if edge.min() > 60:
            return np.ones((SIDE, SIDE), np.float32)
        cover = grid.enlarged(edge.astype(np.float32))
        texture = textures(grid.mpp)
        cover += 1.2 * texture.fibres.window(grid.x, grid.y, SIDE, SIDE)
        cover += 0.9 * texture.vacuoles.window(grid.x, grid.y, SIDE, SIDE)
        cover *= 0.4
        return np.clip(cover, 0, 1, out=cover)

    def _look(self, geometry: Geometry, xs: Field, ys: Field) -> Look:
        table = self._table(geometry.profiles)[:, np.maximum(geometry.owner, -1)]
        epithelium, haematoxylin, pas, brush, membrane, membrane_pas, content = table
        uneven = 1 + 0.2 * self._scallops.grid(xs, ys) + 0.1 * self._blebs.grid(xs, ys)
        streaks = self._streaks.grid(xs, ys)
        strands = 7.0 * self._strands.grid(xs, ys)
        capsule = np.clip(1.3 - geometry.under_capsule / 25, 0, 1)
        return Look(
            geometry.depth,
            geometry.depth - epithelium * uneven,
            np.clip(self._wisps.grid(xs, ys) - 0.3, 0, 1.5),
            haematoxylin,
            pas,
            brush,
            membrane,
            membrane_pas * (1 + 0.25 * streaks),
            content,
            strands * (1 - 0.8 * capsule) + 0.9 * capsule * geometry.under_capsule,
            self._matrix(streaks, xs, ys) * (1 + 0.5 * capsule),
        )

    def _matrix(self, streaks: Field, xs: Field, ys: Field) -> Field:
        """PAS of the interstitium, with slits and capillaries that are empty."""
        fibrosis = self.layout.fibrosis(xs, ys)
        slits = 1 - 0.9 * np.clip(self._slits.grid(xs, ys) - 0.5, 0, 1)
        return (0.26 + 0.1 * fibrosis) * (1 + 0.16 * streaks) * np.maximum(slits, 0.8 * fibrosis)

    def _table(self, profiles: Profiles) -> Field:
        """Look of each profile, (7, profiles + 1); the last column is for what is no tubule."""
        kinds = np.array(KINDS, np.float32)[profiles.kind].T
        jitter = [np.exp(0.3 * (2 * hashed(self.seed, 80 + k, profiles.key) - 1)) for k in range(4)]
        x, y = profiles.middle.T
        tall, dense = (np.exp(0.25 * noise.at(x, y)) for noise in self._regions)
        room = 0.92 * (profiles.radius + 0.4 * self.layout.swelling)
        haze = np.where(kinds[0] > 2, 0.06 * (jitter[3] - 0.74), 0)
        height = np.where(kinds[0] < 2, kinds[0], kinds[0] * jitter[0] * tall)
        rows = (
            np.minimum(height * self.layout.epithelium, room),
            kinds[1] * jitter[1] * dense,
            kinds[2] * jitter[2] * dense,
            kinds[3] * jitter[3] * self.layout.brush,
            kinds[4] * jitter[1],
            kinds[5] * np.sqrt(jitter[2]),
            kinds[7] + haze,
        )
        return np.pad(np.stack(rows), ((0, 0), (0, 1))).astype(np.float32)


def _composed(grid: Grid, look: Look) -> tuple[Field, Field]:
    """Return haematoxylin and PAS without nuclei."""
    haematoxylin, pas = np.empty((2, SIDE, SIDE), np.float32)
    wide = grid.widened(np.stack(look).astype(np.float32))
    for top in range(0, SIDE, STRIP):
        rows = slice(top, top + STRIP)
        _compose(Look(*grid.strip(wide, top)), grid, top, haematoxylin[rows], pas[rows])
    return haematoxylin, pas


def _compose(at: Look, grid: Grid, top: int, haematoxylin: Field, pas: Field) -> None:
    """Fill some rows of a block."""
    granules, vacuoles, fibres, _ = (
        atlas.window(grid.x, grid.y + top, SIDE, STRIP) for atlas in textures(grid.mpp)
    )
    soft = np.float32(max(0.5, grid.mpp))
    depth, lumen = at.depth + 0.25 * fibres, at.lumen + 0.5 * vacuoles
    inside = np.clip(depth / soft + 0.5, 0, 1)
    hollow = np.clip(lumen / 1.1 + 0.5, 0, 1)
    body = np.maximum(1 + 0.24 * granules + 0.5 * vacuoles + 0.3 * fibres, 0.1)
    body *= np.clip(0.62 - lumen / 18, 0.62, 1.15)
    cell = at.pas * body
    cell += at.brush * np.clip(1 - np.abs(lumen + 1.2) / 1.8, 0, 1)
    held = at.content * (1 + 0.15 * fibres)
    held += 0.09 * at.wisps * np.maximum(vacuoles + 0.4 * fibres, 0)
    cell += hollow * (held - cell)
    waves = np.sin(at.strands + 1.2 * depth + 1.2 * fibres)
    matrix = at.matrix * (1 + 0.3 * waves + 0.25 * fibres)
    np.add(matrix, inside * (cell - matrix), out=pas)
    np.multiply(at.haematoxylin * body, 1 - hollow, out=haematoxylin)
    haematoxylin += (1 - inside) * (0.3 * matrix - haematoxylin)
    half = 0.5 * at.membrane
    ridge = np.clip((half + 0.5 * soft - np.abs(depth - half)) / soft, 0, 1)
    pas += ridge * np.maximum(at.membrane_pas * (1 + 0.1 * fibres) - pas, 0)
