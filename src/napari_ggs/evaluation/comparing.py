"""What a detector found on an image beside the glomeruli that are there."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array, as_circles, iou, score_order
from napari_ggs.evaluation.matching import FALSE, Overlaps, assign

ABSORBED = -2
"""On an ignored circle: neither hit nor miss."""

_ROWS = 500


@dataclass(frozen=True)
class Comparison:
    """What was found on one image beside what is there; circles in px of the image.

    Attributes
    ----------
    truth : ndarray, shape (m, 3)
        The glomeruli that must be found.
    found : ndarray, shape (n, 3)
        By falling score.
    scores : ndarray, shape (n,)
    ignored : ndarray, shape (k, 3)
        Neither hit nor miss: glomeruli cut by the edge of the image (REFERENCE.md section 5).
    mpp : float or None
        um/px; protocols whose sizes are in microns need it.
    group : str
        The patient or slide: what is drawn as one when intervals are computed.
    """

    truth: Array
    found: Array
    scores: Array
    ignored: Array
    mpp: float | None = None
    group: str = ""

    @classmethod
    def of(
        cls,
        truth: ArrayLike,
        found: ArrayLike,
        scores: ArrayLike,
        ignored: ArrayLike = (),
        mpp: float | None = None,
        group: str = "",
    ) -> Self:
        """Make one from circles (x, y, radius) in any order."""
        circles, values = as_circles(found), np.asarray(scores, dtype=float)
        order = score_order(circles, values)
        return cls(
            as_circles(truth), circles[order], values[order], as_circles(ignored), mpp, group
        )

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """The same image with only some of the found circles; `kept` has the shape (n,)."""
        return type(self)(
            self.truth, self.found[kept], self.scores[kept], self.ignored, self.mpp, self.group
        )

    def overlaps(self) -> Overlaps:
        """What the matcher needs."""
        return Overlaps(
            _iou(self.found, self.truth),
            self.scores,
            on_ignored(self.found, self.ignored),
            np.pi * self.found[:, 2] ** 2,
            np.pi * self.truth[:, 2] ** 2,
            self.mpp,
            self.group,
        )

    def matched(self, threshold: float = 0.5) -> NDArray[np.intp]:
        """The true circle (index) of each found one, shape (n,), or `FALSE`, or `ABSORBED`."""
        image = self.overlaps()
        found = assign(image.iou, np.zeros(len(self.truth), dtype=bool), threshold)
        return np.where((found == FALSE) & image.absorbed, ABSORBED, found)


def _iou(found: Array, truth: Array) -> Array:
    """`circles.iou` in pieces, since it holds every pair several times over."""
    pieces = [iou(found[at : at + _ROWS], truth) for at in range(0, len(found), _ROWS)]
    return np.concatenate([np.empty((0, len(truth))), *pieces])


def on_ignored(found: ArrayLike, ignored: ArrayLike) -> NDArray[np.bool_]:
    """Which found circles have their centre in an ignored one, or overlap one by half.

    At every IoU threshold alike: a glomerulus cut by the edge shows less than its circle, which
    says nothing about how well it was placed.
    """
    a, b = as_circles(found), as_circles(ignored)
    apart = np.hypot(a[:, :1] - b[:, 0], a[:, 1:2] - b[:, 1])
    return np.asarray(((apart <= b[:, 2]) | (_iou(a, b) >= 0.5)).any(axis=1))
