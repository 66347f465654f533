"""From stain maps to a picture: thickness, blur and defocus, colour, dust on the glass."""

import numpy as np
from numpy.typing import NDArray

from napari_ggs.phantom.atlas import textures
from napari_ggs.phantom.fields import Field, Noise, enlarge, hashed
from napari_ggs.phantom.grid import BLOCK, PAD, SIDE, STRIP, Grid
from napari_ggs.phantom.style import Style

_INNER = slice(PAD, PAD + BLOCK)

_SPECKS_UM = 420.0
"""Step of the lattice whose cells may hold a speck of dust."""


class Optics:
    """The microscope and the laboratory of one slide."""

    def __init__(self, style: Style, seed: int) -> None:
        self.style, self.seed = style, seed
        self._thickness = Noise(seed, 101, 900.0), Noise(seed, 102, 130.0)
        self._focus = Noise(seed, 103, 1500.0)

    def picture(
        self, grid: Grid, haematoxylin: Field, pas: Field, cover: Field
    ) -> NDArray[np.uint8]:
        """RGB of a block, padding cut away; changes the stain maps."""
        xs, ys = grid.axes()
        slow, quick = (noise.grid(xs, ys) for noise in self._thickness)
        thickness = grid.enlarged(np.exp(self.style.thickness * (slow + 0.4 * quick)))
        thickness *= cover
        worst = self.style.defocus * (0.5 + 0.5 * np.tanh(self._focus.grid(xs, ys)))
        focus = grid.enlarged(worst.astype(np.float32))[_INNER, _INNER]
        steps = _steps(self.style.blur_um / grid.mpp)
        for stain in (haematoxylin, pas):
            stain *= thickness
        stains = [_through_lens(stain, focus, steps) for stain in (haematoxylin, pas)]
        grain = textures(grid.mpp).grain.window(grid.x + PAD, grid.y + PAD, BLOCK, BLOCK)
        shade = np.float32(self.style.grain) * grain * cover[_INNER, _INNER]
        return self.style.rgb(stains[0], stains[1], self._with_dust(shade, grid))

    def glass(self, grid: Grid) -> NDArray[np.uint8]:
        """RGB of a block without tissue; costs nothing where there is no dust."""
        white = np.asarray(np.floor(np.array(self.style.white) + 0.5), np.uint8)
        if not len(self._specks(grid)):
            return np.broadcast_to(white, (BLOCK, BLOCK, 3))
        nothing = np.zeros((BLOCK, BLOCK), np.float32)
        return self.style.rgb(nothing, nothing, self._with_dust(nothing.copy(), grid))

    def _specks(self, grid: Grid) -> Field:
        """Specks of dust near a block: x, y, radius in um, strength; shape (n, 4)."""
        box = [(v + offset) * grid.mpp for v in (grid.x, grid.y) for offset in (0, SIDE)]
        i = np.arange(np.floor(box[0] / _SPECKS_UM) - 1, np.floor(box[1] / _SPECKS_UM) + 2)
        j = np.arange(np.floor(box[2] / _SPECKS_UM) - 1, np.floor(box[3] / _SPECKS_UM) + 2)
        ii, jj = (a.ravel().astype(np.int64) for a in np.meshgrid(i, j))
        u, v, chance, size, dark = (hashed(self.seed, 110 + k, ii, jj) for k in range(5))
        specks = np.stack(
            [(ii + u) * _SPECKS_UM, (jj + v) * _SPECKS_UM, 1 + 4 * size**3, 0.03 + 0.5 * dark**2],
            axis=1,
        )
        x, y, reach = specks[:, 0], specks[:, 1], 3 * specks[:, 2]
        near = (x + reach > box[0]) & (x - reach < box[1])
        near &= (y + reach > box[2]) & (y - reach < box[3])
        return np.asarray(specks[near & (chance < self.style.dust)], np.float32)

    def _with_dust(self, shade: Field, grid: Grid) -> Field:
        """Add specks to a shade, in place."""
        for x, y, radius, strength in self._specks(grid).tolist():
            column, row = x / grid.mpp - grid.x - PAD, y / grid.mpp - grid.y - PAD
            reach = 3 * radius / grid.mpp
            rows = np.arange(max(0, int(row - reach)), min(BLOCK, int(row + reach) + 1))
            columns = np.arange(max(0, int(column - reach)), min(BLOCK, int(column + reach) + 1))
            if not (len(rows) and len(columns)):
                continue
            square = (rows[:, None] + 0.5 - row) ** 2 + (columns + 0.5 - column) ** 2
            blob = strength * np.exp(-0.5 * square * (grid.mpp / radius) ** 2 * 2.5)
            shade[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += blob.astype(np.float32)
        return shade


def _steps(sigma: float) -> tuple[int, ...]:
    """Distances of the binomial filters whose product is about `sigma` px wide."""
    known = {0.0: (), 0.71: (1,), 1.0: (1, 1), 1.58: (1, 2), 1.87: (1, 1, 2)}
    return known[min(known, key=lambda width: abs(width - sigma))]


def _through_lens(stain: Field, focus: Field, steps: tuple[int, ...]) -> Field:
    """Blur a stain map and cut its padding away.

    Where focus is bad, an image is mixed in that is blurred at half the resolution.
    """
    for step in steps:
        stain = _binomial(stain, step)
    rows = stain[::2] + stain[1::2]
    half: Field = np.float32(0.25) * (rows[:, ::2] + rows[:, 1::2])
    half = _binomial(_binomial(half, 1), 2)
    edge = PAD // 2 - 1
    out = enlarge(half[edge:-edge, edge:-edge], 2)
    sharp = stain[_INNER, _INNER]
    out -= sharp
    out *= focus
    out += sharp
    return out


def _binomial(image: Field, step: int) -> Field:
    """Filter with (1, 2, 1) / 4 at a distance of `step` in both directions; the rim stays."""
    wide = image.copy()
    _add_neighbours(wide[:, step:-step], image[:, : -2 * step], image[:, 2 * step :])
    out = wide.copy()
    _add_neighbours(out[step:-step], wide[: -2 * step], wide[2 * step :])
    return out


def _add_neighbours(centre: Field, before: Field, after: Field) -> None:
    """Turn `centre` into (before + 2 centre + after) / 4, some rows at a time."""
    for top in range(0, len(centre), STRIP):
        rows = slice(top, top + STRIP)
        both = before[rows] + after[rows]
        both *= 0.25
        centre[rows] *= 0.5
        centre[rows] += both
