"""Tiles that could not be read: which, and told once."""

import logging
from threading import Lock

logger = logging.getLogger(__name__)

UNREAD = 243
"""Grey that stands in for pixels that could not be read: neither glass (white) nor tissue."""


class Faults:
    """The level-0 tiles of one slide that failed to decode so far. Thread-safe."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tiles: set[tuple[int, int]] = set()
        self._lock = Lock()

    def add(self, row: int, column: int, reason: object) -> None:
        """Note a tile; the first one of a slide is logged."""
        with self._lock:
            first = not self._tiles
            self._tiles.add((row, column))
        if first:
            logger.warning(
                "%s: a tile cannot be read and is filled with grey (%s). Further ones are counted.",
                self._name,
                reason,
            )

    def __contains__(self, tile: tuple[int, int]) -> bool:
        with self._lock:
            return tile in self._tiles

    def __len__(self) -> int:
        return len(self._tiles)

    def tiles(self) -> list[tuple[int, int]]:
        """Return (row, column) of every failed tile, sorted."""
        with self._lock:
            return sorted(self._tiles)
