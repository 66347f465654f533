"""Fields of tissue with the circles of their glomeruli: what a detector learns from."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array, as_circles
from napari_ggs.slides import Slide

Images = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

FINE = 2
"""Pixels of a field per pixel of what a network sees, each way: windows are averaged down from
them, as slides are, so that turning and scaling does not blur."""

WHITE = 255
TISSUE_BLOCK = 16
"""Pixels of a field per pixel of its map of tissue."""


class Pixels(Protocol):
    """Where a field's pixels come from."""

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""


@dataclass(frozen=True)
class InMemory:
    """Pixels of a small field, (h, w, 3)."""

    image: Images

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""
        return self.image.shape[1], self.image.shape[0]

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""
        window = np.full((side, side, 3), WHITE, dtype=np.uint8)
        width, height = self.size
        left, right = np.clip([x, x + side], 0, width)
        top, bottom = np.clip([y, y + side], 0, height)
        window[top - y : bottom - y, left - x : right - x] = self.image[top:bottom, left:right]
        return window


@dataclass(frozen=True)
class OnSlide:
    """Pixels of a slide at `mpp`, read when they are asked for."""

    slide: Slide
    mpp: float

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px at `mpp`."""
        scale = self.mpp / self.slide.require_mpp()
        return int(self.slide.width / scale), int(self.slide.height / scale)

    def read(self, x: int, y: int, side: int) -> Images:
        """A square window (side, side, 3); white beyond the edge."""
        scale = self.mpp / self.slide.require_mpp()
        return self.slide.read(x * scale, y * scale, side, side, mpp=self.mpp)


@dataclass(frozen=True)
class Field:
    """A piece of tissue whose glomeruli are known, in px of one resolution.

    Attributes
    ----------
    name : str
        Of the field and, where no other is known, of the patient.
    pixels : Pixels
    circles : ndarray, shape (n, 3)
        x, y, radius of whole glomeruli.
    ignored : ndarray, shape (m, 3)
        Circles that teach nothing: cut by the edge of the image, or unsure.
    """

    name: str
    pixels: Pixels
    circles: Array
    ignored: Array = field(default_factory=lambda: np.empty((0, 3)))

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""
        return self.pixels.size

    def place(self, rng: Generator, on_glomerulus: float, reach: float) -> tuple[float, float]:
        """Draw a place: within `reach` of a glomerulus, or at the odds left over any tissue."""
        if len(self.circles) and rng.random() < on_glomerulus:
            x, y, _ = self.circles[rng.integers(len(self.circles))]
            shift = rng.uniform(-reach, reach, 2)
            return float(x + shift[0]), float(y + shift[1])
        rows, columns = self._tissue
        i = rng.integers(len(rows))
        x, y = (np.array([columns[i], rows[i]]) + rng.random(2)) * TISSUE_BLOCK
        return float(x), float(y)

    @cached_property
    def _tissue(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the blocks that hold tissue; of all where none does."""
        found = self._tissue_map()
        rows, columns = np.nonzero(found if found.any() else np.ones_like(found))
        return rows, columns

    def _tissue_map(self) -> NDArray[np.bool_]:
        width, height = (max(1, side // TISSUE_BLOCK) for side in self.size)
        if isinstance(self.pixels, OnSlide):
            mask = self.pixels.slide.tissue().mask
            rows = np.arange(height) * mask.shape[0] // height
            columns = np.arange(width) * mask.shape[1] // width
            return np.asarray(mask[np.ix_(rows, columns)])
        side = max(self.size)
        image = self.pixels.read(0, 0, side)[::TISSUE_BLOCK, ::TISSUE_BLOCK].astype(int)
        coloured = image.max(axis=2) - image.min(axis=2) > 12
        return np.asarray(coloured[:height, :width])


def field_of(
    name: str, image: Images, mpp: float, circles: ArrayLike, unsure: ArrayLike, to_mpp: float
) -> Field:
    """Bring an image and its circles (px of `mpp`) to another resolution.

    Glomeruli that reach beyond the image are cut by its edge: ignored.
    """
    scale = to_mpp / mpp
    small = shrink(image, scale)
    found = as_circles(circles) / scale
    whole = inside(found, (0, 0, small.shape[1], small.shape[0]))
    ignored = np.concatenate([found[~whole], as_circles(unsure) / scale])
    return Field(name, InMemory(small), found[whole], ignored)


def inside(circles: Array, box: Box, margin: float = 0.0) -> NDArray[np.bool_]:
    """Circles that reach no more than `margin` of their radius out of a box."""
    left, top, right, bottom = box
    x, y, reach = circles[:, 0], circles[:, 1], circles[:, 2] * (1 - margin)
    kept = (x - reach >= left) & (y - reach >= top) & (x + reach <= right) & (y + reach <= bottom)
    return np.asarray(kept)


def outside(circles: Array, box: Box) -> NDArray[np.bool_]:
    """Circles that do not reach into a box."""
    left, top, right, bottom = box
    x, y, radius = circles.T
    across = np.maximum(np.maximum(left - x, x - right), 0)
    down = np.maximum(np.maximum(top - y, y - bottom), 0)
    return np.asarray(np.hypot(across, down) >= radius)


def shrink(image: Images, factor: float) -> Images:
    """Average an image (h, w, 3) over blocks of a whole number of pixels.

    Raises
    ------
    ValueError
        If the factor is no whole number.
    """
    block = round(factor)
    if abs(block - factor) > 1e-6 or block < 1:
        raise ValueError(f"An image is averaged over whole pixels. Found a factor of {factor}.")
    height, width = image.shape[0] // block, image.shape[1] // block
    cut = image[: height * block, : width * block].astype(np.float32)
    blocks = cut.reshape(height, block, width, block, 3)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
