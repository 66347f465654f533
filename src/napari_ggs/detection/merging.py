"""Settle circles across tile borders while tiles are still coming in."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_ggs import circles as geometry
from napari_ggs.detection.tiling import Region

Array = NDArray[np.float64]
NMS_IOU = 0.35


class StreamingNms:
    """Greedy non-maximum suppression over circles that arrive tile by tile.

    The circles that it releases are, all together, exactly those that one greedy suppression
    over everything would keep (`napari_ggs.circles.nms`), whatever the order of the tiles.

    Greedy suppression splits into the groups of circles that rivalry (an IoU above the
    threshold) connects. A group is final as soon as no tile to come can add a rival to it:
    a rival overlaps, so its centre is nearer than the sum of the two radii.

    Parameters
    ----------
    cores : iterable of Region
        The cores of all tiles; a tile emits only centres in its core.
    max_radius : float
        No circle is larger. In the unit of the cores.
    threshold : float
        A circle falls if its IoU with a kept one of a higher score exceeds this.
    """

    def __init__(
        self, cores: Iterable[Region], max_radius: float, threshold: float = NMS_IOU
    ) -> None:
        self.max_radius = max_radius
        self.threshold = threshold
        boxes = np.array([(c.x, c.y, c.x + c.width, c.y + c.height) for c in cores], dtype=float)
        self._cores = boxes.reshape(-1, 4)
        self._pending = np.ones(len(self._cores), dtype=bool)
        self._circles = np.empty((0, 3))
        self._scores = np.empty(0)

    def add(
        self, tiles: Iterable[int], circles: ArrayLike, scores: ArrayLike
    ) -> tuple[Array, Array]:
        """Take what some tiles (their indices) have found; return what is final now.

        Returns
        -------
        circles : ndarray, shape (k, 3)
        scores : ndarray, shape (k,)
            Kept circles that nothing to come can change, by falling score.
        """
        self._pending[list(tiles)] = False
        self._circles = np.concatenate([self._circles, geometry.as_circles(circles)])
        self._scores = np.concatenate([self._scores, np.asarray(scores, dtype=float)])
        return self._release(self._final())

    def close(self) -> tuple[Array, Array]:
        """Release what is still held, since no more tiles will come."""
        return self._release(np.ones(len(self._circles), dtype=bool))

    def _release(self, final: NDArray[np.bool_]) -> tuple[Array, Array]:
        circles, scores = self._circles[final], self._scores[final]
        self._circles, self._scores = self._circles[~final], self._scores[~final]
        kept = geometry.nms(circles, scores, self.threshold)
        return circles[kept], scores[kept]

    def _final(self) -> NDArray[np.bool_]:
        groups = self._groups()
        open_groups = np.unique(groups[self._in_reach()])
        return ~np.isin(groups, open_groups)

    def _groups(self) -> NDArray[np.int32]:
        """The group of every held circle."""
        n = len(self._circles)
        pairs = geometry.touching(self._circles)
        first, second = self._circles[pairs[:, 0]], self._circles[pairs[:, 1]]
        rivals = pairs[geometry.paired_iou(first, second) > self.threshold]
        links = coo_array((np.ones(len(rivals)), (rivals[:, 0], rivals[:, 1])), shape=(n, n))
        labels: NDArray[np.int32] = connected_components(links, directed=False)[1]
        return labels

    def _in_reach(self) -> NDArray[np.bool_]:
        """Held circles that a circle with its centre in a pending core might overlap."""
        x, y, radius = (column[:, None] for column in self._circles.T)
        left, top, right, bottom = self._cores[self._pending].T
        across = np.maximum(np.maximum(left - x, x - right), 0)
        down = np.maximum(np.maximum(top - y, y - bottom), 0)
        near = np.hypot(across, down) < radius + self.max_radius
        return np.asarray(near.any(axis=1))
