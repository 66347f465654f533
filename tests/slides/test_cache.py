"""The tile cache stays within its bytes and gives back what was put in."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.cache import TileCache


def tile(key: int) -> Pixels:
    return np.full((key % 5 + 1, 4, 3), key, dtype=np.uint8)


@given(st.lists(st.integers(0, 30)), st.integers(0, 300))
def test_it_never_holds_more_than_its_capacity(keys: list[int], capacity: int) -> None:
    cache = TileCache(capacity)
    for key in keys:
        assert (cache.get(key, lambda key=key: tile(key)) == key).all()
        assert cache.nbytes <= capacity


def test_the_tile_used_longest_ago_goes_first() -> None:
    made: list[int] = []
    cache = TileCache(3 * 12)

    def get(key: int) -> None:
        def make() -> Pixels:
            made.append(key)
            return np.full((1, 4, 3), key, dtype=np.uint8)

        cache.get(key, make)

    for key in [1, 2, 3, 1, 4, 1, 3, 2]:
        get(key)
    assert made == [1, 2, 3, 4, 2]


def test_threads_get_the_tile_that_they_asked_for() -> None:
    cache = TileCache(200)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: cache.get(i % 17, lambda: tile(i % 17)), range(2000)))
    assert all((pixels == i % 17).all() for i, pixels in enumerate(found))
    assert cache.nbytes == sum(pixels.nbytes for pixels in cache._tiles.values())


def test_tiles_cannot_be_written_to() -> None:
    assert not TileCache(100).get(1, lambda: tile(1)).flags.writeable
