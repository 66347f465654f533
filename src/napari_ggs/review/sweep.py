"""A sweep: going through the tissue of a slide, field by field, to find what was missed."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_ggs.review.sweep_fields import lay_fields, window_of
from napari_ggs.slides.tissue import Box, Tissue, paint

NEARLY = 0.98
"""Share of a field's tissue that must have been looked at: the rest is seams."""


class Sweep:
    """The fields that cover a slide's tissue, which of them were looked at, and where one is.

    It knows nothing of how that is kept: whoever does tells it with `take`.

    Parameters
    ----------
    tissue : Tissue
    seen : iterable of (x, y, width, height)
        What was looked at before, in level-0 px: fields of any size.

    Attributes
    ----------
    fields : tuple of Field
        In the order of going; none where there is no tissue.
    covered : ndarray of bool, shape (len(fields),)
        Whether nearly all tissue of a field was looked at, in whatever fields.
    share : float
        Of the tissue's area, 0 to 1, that was looked at; 0 where there is no tissue.
    current : int or None
        Place in `fields` of the one at hand; None before the sweep has begun.
    """

    def __init__(self, tissue: Tissue, seen: Iterable[Box] = ()) -> None:
        self.tissue, self.fields = tissue, lay_fields(tissue)
        self._windows = [window_of(field, tissue) for field in self.fields]
        self._amounts = np.array([tissue.mask[window].sum() for window in self._windows])
        self._area = int(tissue.mask.sum())
        self.current: int | None = None
        self.take(seen)

    def take(self, seen: Iterable[Box]) -> None:
        """Know from now on that this was looked at, and nothing else: (x, y, width, height)."""
        mask = self.tissue.mask
        looked_at = paint(seen, self.tissue.downsample, mask.shape) & mask
        found = np.array([looked_at[window].sum() for window in self._windows])
        self.covered: NDArray[np.bool_] = found >= NEARLY * self._amounts
        self.share = int(looked_at.sum()) / self._area if self._area else 0.0

    @property
    def done(self) -> bool:
        """Whether every field was looked at; so it is where there is no tissue."""
        return bool(self.covered.all())

    def next_left(self) -> int | None:
        """The field to look at next: after the one at hand, else from the start; None if done."""
        left = np.flatnonzero(~self.covered)
        after = left[left > (-1 if self.current is None else self.current)]
        return int([*after, *left][0]) if len(left) else None

    def before(self) -> int | None:
        """The field before the one at hand, looked at or not; None at the first one."""
        return self.current - 1 if self.current else None

    def at(self, x: float, y: float) -> int | None:
        """The field around a place (level-0 px) whose centre is nearest; None outside all."""
        fields = np.array(self.fields).reshape(-1, 4)
        away = np.abs(fields[:, :2] + fields[:, 2:] / 2 - (x, y))
        inside = np.flatnonzero((away <= fields[:, 2:] / 2).all(axis=1))
        return int(inside[away[inside].max(axis=1).argmin()]) if len(inside) else None
