"""Fine textures that repeat with a period of many blocks: cytoplasm, matrix, sensor grain."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from napari_ggs.phantom.fields import Field
from napari_ggs.phantom.grid import SIDE

PERIOD = 1280
"""Pixels after which textures repeat; no multiple of a block's side, so that neighbouring blocks
differ, and short enough that memory stays small."""

_GRAIN_PERIOD = 1152


class Atlas:
    """A toroidal texture that tiles the slide; any window up to `SIDE` px is a view."""

    def __init__(self, tile: Field) -> None:
        self._period = len(tile)
        self._padded = np.pad(tile, (0, SIDE), mode="wrap")

    def window(self, x: int, y: int, width: int, height: int) -> Field:
        """View of the texture at the absolute pixel x, y."""
        row, column = y % self._period, x % self._period
        return self._padded[row : row + height, column : column + width]


class Textures(NamedTuple):
    """Textures at one um/px, zero mean and about unit deviation.

    Attributes
    ----------
    granules : Atlas
        Grains of less than a micrometre: cytoplasm.
    vacuoles : Atlas
        Lace with holes of two to four micrometres: cytoplasm, frayed edges.
    fibres : Atlas
        Blots of a few micrometres: matrix, walls.
    grain : Atlas
        The sensor's noise; the same at every um/px.
    """

    granules: Atlas
    vacuoles: Atlas
    fibres: Atlas
    grain: Atlas


@lru_cache(maxsize=2)
def textures(mpp: float) -> Textures:
    """Return the textures at `mpp` um/px."""
    lace = 1.15 - np.abs(band_noise(PERIOD, 0.5 / mpp, 1.8 / mpp, 2)) * 1.4
    return Textures(
        Atlas(band_noise(PERIOD, 0.22 / mpp, 1.0 / mpp, 1)),
        Atlas(np.clip(lace, -1.2, 1.2)),
        Atlas(band_noise(PERIOD, 0.5 / mpp, 3.0 / mpp, 3)),
        Atlas(band_noise(_GRAIN_PERIOD, 0.6, 3.0, 4)),
    )


def band_noise(size: int, fine: float, coarse: float, seed: int) -> Field:
    """Toroidal Gaussian noise between two scales (px), zero mean, unit deviation."""
    white = np.random.default_rng(seed).standard_normal((size, size), np.float32)
    fx, fy = np.fft.rfftfreq(size), np.fft.fftfreq(size)
    square = fx[None, :] ** 2 + fy[:, None] ** 2
    band = np.exp(-2 * (np.pi * fine) ** 2 * square) - np.exp(-2 * (np.pi * coarse) ** 2 * square)
    tile = np.fft.irfft2(np.fft.rfft2(white) * band, s=(size, size))
    return np.asarray(tile / tile.std(), np.float32)
