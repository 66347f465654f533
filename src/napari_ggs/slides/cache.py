"""Decoded tiles, kept while there is room."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from napari_ggs.slides.backend import Pixels


class TileCache:
    """Keeps the tiles used last, up to a number of bytes. Thread-safe.

    Two threads that miss the same tile at the same time both make it: rare, and cheaper than
    making everyone wait in line.

    Parameters
    ----------
    capacity : int
        Bytes of pixels.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.nbytes = 0
        self._tiles: OrderedDict[Hashable, Pixels] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Pixels]) -> Pixels:
        """Return the tile of `key` (read-only), made by `make` if it is not there."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
                return tile
        tile = make()
        tile.flags.writeable = False
        with self._lock:
            self._keep(key, tile)
        return tile

    def clear(self) -> None:
        """Forget every tile."""
        with self._lock:
            self._tiles.clear()
            self.nbytes = 0

    def _keep(self, key: Hashable, tile: Pixels) -> None:
        replaced = self._tiles.pop(key, None)
        self._tiles[key] = tile
        self.nbytes += tile.nbytes - (0 if replaced is None else replaced.nbytes)
        while self.nbytes > self.capacity:
            self.nbytes -= self._tiles.popitem(last=False)[1].nbytes
