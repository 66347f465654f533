"""The tiles of one level of a pyramid, and how the level lies on the canvas."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WHITE = 255


class Scale(NamedTuple):
    """Level-0 pixels per pixel of a level, along x and along y."""

    x: float
    y: float

    @property
    def mean(self) -> float:
        """One number for both axes, which differ by rounding only."""
        return (self.x + self.y) / 2


FULL = Scale(1.0, 1.0)
"""The scale of level 0."""


class Part(NamedTuple):
    """The part of a window that one tile covers."""

    row: int
    column: int
    in_tile: tuple[slice, slice]
    in_window: tuple[slice, slice]


@dataclass(frozen=True)
class Grid:
    """Size, tiling and scale of one level.

    Attributes
    ----------
    width, height : int
        Pixels of the level.
    tile_width, tile_height : int
        Pixels of a tile. Tiles at the right and lower edge may be cropped.
    scale : Scale
        Level-0 pixels per pixel of this level.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    scale: Scale = FULL

    @property
    def columns(self) -> int:
        """Number of tiles side by side."""
        return -(-self.width // self.tile_width)

    @property
    def rows(self) -> int:
        """Number of tiles above each other."""
        return -(-self.height // self.tile_height)

    def tile_box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Left, top, width and height of a tile in pixels of the level, cropped to the level."""
        x, y = column * self.tile_width, row * self.tile_height
        return x, y, min(self.tile_width, self.width - x), min(self.tile_height, self.height - y)

    def doubled(self, row: int, column: int, finer: "Grid") -> tuple[int, int, int, int]:
        """The box of a tile in pixels of a level of twice the resolution, cropped to that level."""
        x, y, width, height = self.tile_box(row, column)
        across, down = finer.width - 2 * x, finer.height - 2 * y
        return 2 * x, 2 * y, min(2 * width, across), min(2 * height, down)

    def window(
        self, x: int, y: int, width: int, height: int, tile: Callable[[int, int], NDArray[np.uint8]]
    ) -> NDArray[np.uint8]:
        """Put a window (height, width, 3) together from tiles (row, column); white outside."""
        window = np.empty((height, width, 3), dtype=np.uint8)
        if x < 0 or y < 0 or x + width > self.width or y + height > self.height:
            window.fill(WHITE)
        for part in self.parts(x, y, width, height):
            window[part.in_window] = tile(part.row, part.column)[part.in_tile]
        return window

    def parts(self, x: int, y: int, width: int, height: int) -> Iterator[Part]:
        """Cut a window of the level into its tiles; what lies outside the level is left out."""
        left, right = max(x, 0), min(x + width, self.width)
        top, bottom = max(y, 0), min(y + height, self.height)
        if left >= right or top >= bottom:
            return
        for row in range(top // self.tile_height, -(-bottom // self.tile_height)):
            in_tile_y, in_window_y = _overlap(row, self.tile_height, top, bottom, y)
            for column in range(left // self.tile_width, -(-right // self.tile_width)):
                in_tile_x, in_window_x = _overlap(column, self.tile_width, left, right, x)
                yield Part(row, column, (in_tile_y, in_tile_x), (in_window_y, in_window_x))


def _overlap(index: int, size: int, start: int, stop: int, origin: int) -> tuple[slice, slice]:
    """Where tile `index` meets [start, stop), in pixels of the tile and of the window."""
    first, last = max(start, index * size), min(stop, (index + 1) * size)
    shift = index * size
    return slice(first - shift, last - shift), slice(first - origin, last - origin)


def scale_between(base: tuple[int, int], level: tuple[int, int]) -> Scale:
    """Level-0 pixels per pixel of a level, from the two sizes (width, height).

    Writers reduce by a whole factor and drop or pad the last pixel, so 4443 over 2221 is 2 and
    not 2.0005 (on a 4443 px wide Aperio slide registration finds 2 to within .001 px). Where no
    whole factor explains both sizes, the level is taken as stretched over the canvas.
    """
    factor = max(1, round(base[0] / level[0]))
    if all(abs(b / factor - n) < 1 for b, n in zip(base, level, strict=True)):
        return Scale(float(factor), float(factor))
    return Scale(base[0] / level[0], base[1] / level[1])
