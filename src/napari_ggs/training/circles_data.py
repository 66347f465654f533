"""Fields of tissue with the circles of their glomeruli: what a detector learns from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array, Box, as_circles, inside
from napari_ggs.training.detection_pixels import TISSUE_BLOCK, Pixels


def no_circles() -> Array:
    """No circles, shape (0, 3)."""
    return np.empty((0, 3))


@dataclass(frozen=True)
class Field:
    """A piece of tissue whose glomeruli are known, in px of one resolution.

    Attributes
    ----------
    name : str
    pixels : Pixels
    circles : ndarray, shape (n, 3)
        x, y, radius of whole glomeruli.
    ignored : ndarray, shape (m, 3)
        Circles that teach nothing: cut by an edge, or unsure.
    negatives : ndarray, shape (k, 3)
        Hard negatives: places that a detector took, or could take, for a glomerulus.
    of : str
        The patient; the field's own name where none is known.
    slide : str
        The key of the slide, where a study knows it.
    """

    name: str
    pixels: Pixels
    circles: Array
    ignored: Array = field(default_factory=no_circles)
    negatives: Array = field(default_factory=no_circles)
    of: str = ""
    slide: str = ""

    @property
    def patient(self) -> str:
        """Who must not be on two sides of a split."""
        return self.of or self.name

    @property
    def seen(self) -> tuple[str, ...]:
        """Whom a model that learns from it has seen: the patient, and the slide of a study."""
        return tuple(filter(None, (self.patient, self.slide)))

    @property
    def size(self) -> tuple[int, int]:
        """Width, height in px."""
        return self.pixels.size

    def near(self, circles: Array, rng: Generator, reach: float) -> tuple[float, float]:
        """Draw a place within `reach` of one of some circles."""
        x, y, _ = circles[rng.integers(len(circles))]
        shift = rng.uniform(-reach, reach, 2)
        return float(x + shift[0]), float(y + shift[1])

    def on_tissue(self, rng: Generator) -> tuple[float, float]:
        """Draw a place on any tissue."""
        rows, columns = self._tissue
        i = rng.integers(len(rows))
        x, y = (np.array([columns[i], rows[i]]) + rng.random(2)) * TISSUE_BLOCK
        return float(x), float(y)

    @cached_property
    def _tissue(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the blocks that hold tissue; of all where none does."""
        found = self.pixels.tissue()
        rows, columns = np.nonzero(found if found.any() else np.ones_like(found))
        return rows, columns


def field_of(
    name: str,
    pixels: Pixels,
    circles: ArrayLike,
    unsure: ArrayLike = (),
    negatives: ArrayLike = (),
    patient: str = "",
) -> Field:
    """Lay circles (px of `pixels`) on pixels; those that reach beyond are cut: ignored."""
    found = as_circles(circles)
    whole = inside(found, (0, 0, *pixels.size))
    ignored = np.concatenate([found[~whole], as_circles(unsure)])
    return Field(name, pixels, found[whole], ignored, as_circles(negatives), patient)


def outside(circles: Array, box: Box) -> NDArray[np.bool_]:
    """Circles that do not reach into a box."""
    left, top, right, bottom = box
    x, y, radius = circles.T
    across = np.maximum(np.maximum(left - x, x - right), 0)
    down = np.maximum(np.maximum(top - y, y - bottom), 0)
    return np.asarray(np.hypot(across, down) >= radius)
