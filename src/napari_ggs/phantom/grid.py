"""The fixed grid of blocks in which a slide is drawn, and the coarse cells of each block."""

from typing import NamedTuple

import numpy as np

from napari_ggs.phantom.fields import Field, enlarge, heighten, widen

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in um."""

BLOCK = 1024
"""Side of a block in pixels: the unit of drawing and of caching."""

PAD = 16
"""Pixels drawn around a block, so that blur does not end at its border."""

SIDE = BLOCK + 2 * PAD

STRIP = 48
"""Rows composed at a time: what fits into a processor's cache."""

HALO = 6
"""Coarse cells around what is drawn."""

_COARSE_UM = 2.0


class Grid(NamedTuple):
    """What is drawn of a block: top-left pixel, um/px, and pixels per coarse cell."""

    x: int
    y: int
    mpp: float
    factor: int

    @property
    def box(self) -> Box:
        """What is drawn, um: x0, y0, x1, y1."""
        x, y, side = self.x * self.mpp, self.y * self.mpp, SIDE * self.mpp
        return x, y, x + side, y + side

    def axes(self) -> tuple[Field, Field]:
        """Positions of the coarse cells' centres with the halo, um."""
        cells = np.arange(-HALO, SIDE // self.factor + HALO)
        step = self.factor * self.mpp
        return tuple(  # type: ignore[return-value]
            (start * self.mpp + (cells + 0.5) * step).astype(np.float32)
            for start in (self.x, self.y)
        )

    def enlarged(self, field: Field) -> Field:
        """Bring a coarse field to pixels."""
        cut = slice(HALO - 1, 1 - HALO)
        return enlarge(field[cut, cut], self.factor)

    def widened(self, fields: Field) -> Field:
        """Bring coarse fields (k, n, n) to pixels along x only: (k, n', SIDE)."""
        cut = slice(HALO - 1, 1 - HALO)
        return widen(fields[:, cut, cut], self.factor)

    def strip(self, wide: Field, top: int) -> Field:
        """Bring `STRIP` rows of widened fields to pixels along y, too: (k, STRIP, SIDE)."""
        first, cells = top // self.factor, STRIP // self.factor
        return heighten(wide[:, first : first + cells + 2], self.factor)


def grid_of(column: int, row: int, mpp: float) -> Grid:
    """Return the grid of a block of the slide."""
    factor = 2 ** int(np.clip(np.round(np.log2(_COARSE_UM / mpp)), 0, 4))
    return Grid(column * BLOCK - PAD, row * BLOCK - PAD, mpp, factor)
