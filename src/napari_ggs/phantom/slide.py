"""PhantomSlide: a synthetic PAS kidney slide whose every window can be asked for."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_ggs.phantom.cortex import Cortex
from napari_ggs.phantom.fields import Field
from napari_ggs.phantom.glomerulus import render_glomerulus
from napari_ggs.phantom.grid import BLOCK, SIDE, Grid, grid_of
from napari_ggs.phantom.kept import Kept
from napari_ggs.phantom.layout import Layout
from napari_ggs.phantom.mimics import render_mimic
from napari_ggs.phantom.optics import Optics
from napari_ggs.phantom.outline import OUTLINES, Outline
from napari_ggs.phantom.places import Place
from napari_ggs.phantom.style import Style, draw_style
from napari_ggs.phantom.truth import true_circles

_COARSEST_UM = 1.0
"""Coarser slides are drawn at least this finely and averaged."""

_BLOCK_BYTES = 72_000_000
_STAMP_BYTES = 160_000_000

Half = NDArray[np.float16]


class _Stamp(NamedTuple):
    """A stamp as it is kept: half precision, top-left pixel on the finest grid."""

    haematoxylin: Half
    pas: Half
    alpha: Half
    left: int
    top: int


class PhantomSlide:
    """A synthetic PAS kidney slide with known glomeruli.

    Everything follows from the arguments; nothing is drawn before it is asked for. Safe to use
    from several threads, and picklable.

    Parameters
    ----------
    width_um, height_um : float
        Size of the canvas.
    mpp : float
        um per pixel. Coarser than 1 is drawn finer and averaged.
    seed : int
        Seed of everything on the slide.
    outline : {"wedge", "needle", "field"}
        A large piece with its capsule, one to three biopsy cores, or tissue everywhere.
    mix : mapping of str to float, optional
        Shares of the kinds of glomeruli; drawn around the GGS paper's cohort if not given.
    style : Style, optional
        Stain and scanner; drawn if not given.

    Attributes
    ----------
    width, height : int
        Size in pixels.
    mpp : float
    seed : int
    style : Style
    layout : Layout
        Where everything lies, in um.

    Raises
    ------
    ValueError
        If a size is not positive, or the outline or a kind in `mix` is unknown.
    """

    def __init__(
        self,
        width_um: float,
        height_um: float,
        mpp: float = 0.25,
        seed: int = 0,
        outline: Outline = "wedge",
        mix: Mapping[str, float] | None = None,
        style: Style | None = None,
    ) -> None:
        if not (width_um > 0 and height_um > 0 and mpp > 0):
            raise ValueError(f"Sizes are positive; found {width_um} x {height_um} um at {mpp}.")
        if outline not in OUTLINES:
            raise ValueError(f"An outline is one of {', '.join(OUTLINES)}; found {outline!r}.")
        self.mpp, self.seed = float(mpp), int(seed)
        self.width, self.height = max(1, round(width_um / mpp)), max(1, round(height_um / mpp))
        self.style = style if style is not None else draw_style(self.seed)
        self.layout = Layout(width_um, height_um, self.seed, outline, mix)
        self._averaged = 2 ** max(0, int(np.ceil(np.log2(mpp / _COARSEST_UM))))
        self._fine, self._side = self.mpp / self._averaged, BLOCK // self._averaged
        self._cortex = Cortex(self.layout, self.seed)
        self._optics = Optics(self.style, self.seed)
        self._blocks = Kept[NDArray[np.uint8]](_BLOCK_BYTES, _block_bytes)
        self._stamps = Kept[_Stamp](_STAMP_BYTES, _stamp_bytes)

    def render(self, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Draw a window; what lies outside the canvas is drawn as if it went on.

        Parameters
        ----------
        x, y : int
            Top-left pixel.
        width, height : int
            Pixels.

        Returns
        -------
        array (height, width, 3) of uint8
            RGB. A pixel does not depend on the window that it is asked in.
        """
        out = np.empty((height, width, 3), np.uint8)
        for row in range(y // self._side, -(-(y + height) // self._side)):
            for column in range(x // self._side, -(-(x + width) // self._side)):
                above, here_y = _overlap(row * self._side, self._side, y, height)
                beside, here_x = _overlap(column * self._side, self._side, x, width)
                out[here_y, here_x] = self._block(column, row)[above, beside]
        return out

    def _block(self, column: int, row: int) -> NDArray[np.uint8]:
        return self._blocks.get((column, row), lambda: self._drawn(column, row))

    def _drawn(self, column: int, row: int) -> NDArray[np.uint8]:
        grid = grid_of(column, row, self._fine)
        rgb = self._tissue(grid) if self.layout.holds_tissue(grid.box) else self._optics.glass(grid)
        if self._averaged > 1:
            rgb = _averaged(rgb, self._averaged)
        rgb.setflags(write=False)
        return rgb

    def _tissue(self, grid: Grid) -> NDArray[np.uint8]:
        haematoxylin, pas, cover = self._cortex.paint(grid)
        for place in self.layout.near(grid.box):
            _lay(haematoxylin, pas, self._stamp(place), grid)
        return self._optics.picture(grid, haematoxylin, pas, cover)

    def _stamp(self, place: Place) -> _Stamp:
        return self._stamps.get(place.seed, lambda: _stamped(place, self._fine))

    @cached_property
    def truth(self) -> pd.DataFrame:
        """One row per glomerulus (see `true_circles` for the columns)."""
        size = (self.width * self.mpp, self.height * self.mpp)
        return true_circles(self.layout, size, self.mpp)

    @cached_property
    def mimics(self) -> pd.DataFrame:
        """Hard negatives: x, y and radius in level-0 px, and the kind of each."""
        places = self.layout.mimics
        rows = [(p.x / self.mpp, p.y / self.mpp, p.room / self.mpp, p.kind) for p in places]
        return pd.DataFrame(rows, columns=["x", "y", "radius", "kind"])


def _block_bytes(block: NDArray[np.uint8]) -> int:
    return int(np.prod(block.shape)) if block.strides[0] else 3


def _stamp_bytes(stamp: _Stamp) -> int:
    return 3 * stamp.alpha.nbytes


def _overlap(start: int, side: int, wanted: int, size: int) -> tuple[slice, slice]:
    """Return the part of a block that is wanted along one axis: within the block, the window."""
    first, last = max(start, wanted), min(start + side, wanted + size)
    return slice(first - start, last - start), slice(first - wanted, last - wanted)


def _averaged(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    side = len(rgb) // factor
    squares = rgb.reshape(side, factor, side, factor, 3)
    return (squares.mean((1, 3), dtype=np.float32) + np.float32(0.5)).astype(np.uint8)


def _stamped(place: Place, mpp: float) -> _Stamp:
    rng = np.random.default_rng(place.seed)
    if place.latents is None:
        stamp = render_mimic(place.kind, mpp, rng)
    else:
        stamp = render_glomerulus(place.latents, mpp, rng)
    height, width = stamp.alpha.shape
    left, top = round(place.x / mpp - width / 2), round(place.y / mpp - height / 2)
    h, pas, alpha = (field.astype(np.float16) for field in stamp[:3])
    return _Stamp(h, pas, alpha, left, top)


def _lay(haematoxylin: Field, pas: Field, stamp: _Stamp, grid: Grid) -> None:
    height, width = stamp.alpha.shape
    rows, here_y = _overlap(stamp.top, height, grid.y, SIDE)
    columns, here_x = _overlap(stamp.left, width, grid.x, SIDE)
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    alpha = stamp.alpha[rows, columns].astype(np.float32)
    for below, above in ((haematoxylin, stamp.haematoxylin), (pas, stamp.pas)):
        window = below[here_y, here_x]
        window += alpha * (above[rows, columns] - window)
