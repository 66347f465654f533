"""The levels as zarr arrays."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer.core import default_buffer_prototype

from napari_ggs.slides import Slide, open_slide
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.zarr_store import SlideStore, chunk_side

from .conftest import picture, write_tiff

WIDTH, HEIGHT = 1700, 900
PIXELS = picture(WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    """One level in the file and one made from it."""
    path = tmp_path_factory.mktemp("zarr") / "slide.tif"
    return open_slide(write_tiff(path, [PIXELS], tile=(240, 240)))


@pytest.fixture
def store(slide: Slide) -> SlideStore:
    return SlideStore(slide)


async def collect(keys: AsyncIterator[str]) -> list[str]:
    return [key async for key in keys]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_slice_is_the_slice_of_the_level(slide: Slide, data: st.DataObject) -> None:
    level = slide.levels[0]
    rows, columns = (data.draw(st.slices(side)) for side in (HEIGHT, WIDTH))
    step = abs(rows.step or 1), abs(columns.step or 1)
    window = (
        slice(*sorted(rows.indices(HEIGHT)[:2]), step[0]),
        slice(*sorted(columns.indices(WIDTH)[:2]), step[1]),
    )
    window = tuple(slice(max(0, s.start), max(0, s.stop), s.step) for s in window)
    np.testing.assert_array_equal(level[window], PIXELS[window])


def test_levels_are_what_napari_wants(slide: Slide) -> None:
    assert [level.shape for level in slide.levels] == [(900, 1700, 3), (450, 850, 3)]
    for level in slide.levels:
        height, width, channels = level.chunks
        assert level.dtype == np.uint8
        assert channels == 3
        assert height == width
        assert 256 <= width <= 1024


@pytest.mark.parametrize(
    ("tile", "expected"),
    [((240, 240), 480), ((256, 256), 512), ((64, 64), 512), ((1024, 1024), 1024),
     ((2048, 2048), 512), ((300, 7), 512), ((400, 400), 400), ((16, 16), 512)],
)  # fmt: skip
def test_chunks_are_square_and_of_whole_tiles_where_possible(
    tile: tuple[int, int], expected: int
) -> None:
    assert chunk_side(Grid(9000, 9000, *tile)) == expected


@given(st.integers(1, 5000))
def test_every_chunk_has_256_to_1024_pixels_a_side(tile: int) -> None:
    assert 256 <= chunk_side(Grid(9000, 9000, tile, tile)) <= 1024


def test_listing_names_exactly_what_exists(store: SlideStore) -> None:
    keys = asyncio.run(collect(store.list()))
    assert len(keys) == len(set(keys)) == 3 + 4 * 2 + 2 * 1
    assert all(asyncio.run(store.exists(key)) for key in keys)
    for key in ["0/c/2/0/0", "0/c/0/4/0", "2/zarr.json", "9/c/0/0/0", "0/c/0/0", "0/c/a/0/0", ""]:
        assert not asyncio.run(store.exists(key))
        assert asyncio.run(store.get(key)) is None
    assert asyncio.run(collect(store.list_dir(""))) == ["zarr.json", "0", "1"]
    assert set(asyncio.run(collect(store.list_dir("1")))) == {"zarr.json", "c"}
    assert asyncio.run(collect(store.list_dir("1/c/0"))) == ["0", "1"]


def test_sizes_are_those_of_the_values(store: SlideStore) -> None:
    for key in asyncio.run(collect(store.list())):
        assert asyncio.run(store.getsize(key)) == len(asyncio.run(store.get(key)))
    with pytest.raises(FileNotFoundError):
        asyncio.run(store.getsize("0/c/99/0/0"))


def test_byte_ranges_are_parts_of_the_value(store: SlideStore) -> None:
    ranges = [RangeByteRequest(5, 25), OffsetByteRequest(600), SuffixByteRequest(7), None]
    for key in ["zarr.json", "0/c/1/1/0"]:
        whole = asyncio.run(store.get(key)).to_bytes()
        expected = [whole[5:25], whole[600:], whole[-7:], whole]
        prototype = default_buffer_prototype()
        wanted = [(key, byte_range) for byte_range in ranges]
        found = asyncio.run(store.get_partial_values(prototype, wanted))
        assert [part.to_bytes() for part in found] == expected


def test_the_group_opens_and_cannot_be_written(slide: Slide, store: SlideStore) -> None:
    group = zarr.open_group(store, mode="r")
    assert sorted(group.array_keys()) == ["0", "1"]
    with pytest.raises(ValueError, match="read-only"):
        slide.levels[0][0, 0] = 7
    with pytest.raises(ValueError, match="cannot be written"):
        store.with_read_only(False)


def test_arrays_and_dask_survive_pickling(slide: Slide) -> None:
    window = np.s_[300:700, 100:900]
    for lazy in (slide.levels[1], slide.as_dask(1)):
        copy = pickle.loads(pickle.dumps(lazy))  # noqa: S301
        np.testing.assert_array_equal(np.asarray(copy[window]), slide.levels[1][window])


def test_threads_read_arrays_at_once(slide: Slide) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda y: slide.levels[0][y : y + 90], range(0, 810, 45)))
    for y, strip in zip(range(0, 810, 45), found, strict=True):
        np.testing.assert_array_equal(strip, PIXELS[y : y + 90])


def test_dask_computes_the_level(slide: Slide) -> None:
    lazy = slide.as_dask()
    assert lazy.chunksize == (480, 480, 3)
    np.testing.assert_array_equal(lazy.compute(), PIXELS)


def test_opening_levels_decodes_nothing(
    make_tiff: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_slide(make_tiff([picture(300, 200)])) as slide:
        monkeypatch.setattr(slide.pyramid, "region", None)
        assert slide.levels[0].shape == (200, 300, 3)
        assert slide.as_dask().shape == (200, 300, 3)
