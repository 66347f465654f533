"""A small store of what was drawn last, shared by threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Keeps the results used last, up to `budget` bytes.

    Two threads that ask for the same thing at once make it once. Not copied by pickling: a copy
    starts empty.
    """

    def __init__(self, budget: int, weigh: Callable[[T], int]) -> None:
        self._budget, self._weigh = budget, weigh
        self._clear()

    def _clear(self) -> None:
        self._lock = threading.Lock()
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._weight = 0

    def __getstate__(self) -> tuple[int, Callable[[T], int]]:
        return self._budget, self._weigh

    def __setstate__(self, state: tuple[int, Callable[[T], int]]) -> None:
        self._budget, self._weigh = state
        self._clear()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under `key`, made now if need be."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._items:
                    return self._items[key]
            made = make()
            self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: T) -> None:
        with self._lock:
            self._items[key] = made
            self._making.pop(key, None)
            self._weight += self._weigh(made)
            while self._weight > self._budget and len(self._items) > 1:
                _, old = self._items.popitem(last=False)
                self._weight -= self._weigh(old)
