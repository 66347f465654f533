"""Where training windows are laid, and what of a field they show there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.training.augment import Images
from napari_ggs.training.circles_data import Field, outside


class Shares(NamedTuple):
    """What windows are laid around; what is left over shows any tissue.

    Attributes
    ----------
    glomerulus, hard_negative : float
        Where a source has none, its share shows any tissue too.
    """

    glomerulus: float
    hard_negative: float = 0.0


class Patch(NamedTuple):
    """A square of a field; `shown` is the rectangle of it that the field covers."""

    image: Images
    circles: Array
    ignored: Array
    shown: tuple[int, int, int, int]


class Square(NamedTuple):
    """A place to look at; its pixels are not read yet."""

    field: Field
    x: int
    y: int
    side: int

    @property
    def shown(self) -> tuple[int, int, int, int]:
        """The rectangle of it that the field covers."""
        width, height = self.field.size
        return -self.x, -self.y, width - self.x, height - self.y

    @property
    def fills(self) -> bool:
        """Whether the field covers all of it, so that nothing behind is seen."""
        left, top, right, bottom = self.shown
        return left <= 0 and top <= 0 and right >= self.side and bottom >= self.side

    def patch(self) -> Patch:
        """Read it. Glomeruli of which something could not be read teach nothing."""
        shift = np.array([self.x, self.y, 0.0])
        image = self.field.pixels.read(self.x, self.y, self.side)
        here = ~outside(self.field.circles - shift, (0, 0, self.side, self.side))
        circles = self.field.circles[here]
        unread = self.field.pixels.unread(circles, self.x, self.y, self.side)
        ignored = np.concatenate([self.field.ignored, circles[unread]])
        return Patch(image, circles[~unread] - shift, ignored - shift, self.shown)


class Places:
    """Where the windows of one source are laid: first what around, then in which field.

    Windows of any tissue show all fields alike, so that a slide without glomeruli is seen.
    """

    def __init__(self, fields: Sequence[Field], shares: Shares) -> None:
        self.fields, self.shares = fields, shares
        self.glomeruli = np.array([len(field.circles) for field in fields], dtype=float)
        self.negatives = np.array([len(field.negatives) for field in fields], dtype=float)

    def draw(self, rng: Generator, reach: float, side: int) -> Square:
        """Draw a square; `reach` is how far from its middle what it is laid around may be."""
        field, circles = self._around(rng)
        x, y = field.on_tissue(rng) if circles is None else field.near(circles, rng, reach)
        return Square(field, round(x - side / 2), round(y - side / 2), side)

    def _around(self, rng: Generator) -> tuple[Field, Array | None]:
        chance, (glomerulus, hard_negative) = rng.random(), self.shares
        if chance < glomerulus and self.glomeruli.any():
            field = self._field(rng, self.glomeruli)
            return field, field.circles
        if 0 <= chance - glomerulus < hard_negative and self.negatives.any():
            field = self._field(rng, self.negatives)
            return field, field.negatives
        return self._field(rng, np.ones(len(self.fields))), None

    def _field(self, rng: Generator, odds: NDArray[np.float64]) -> Field:
        return self.fields[rng.choice(len(self.fields), p=odds / odds.sum())]
