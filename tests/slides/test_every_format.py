"""One suite over every format that can be written here: the pixels, the place, the um/px."""

import functools
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ggs.slides import Slide, open_slide

from .conftest import Pixels
from .formats import FORMATS, Made

every_format = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> "functools._lru_cache_wrapper[Made]":
    """Write the slide of a format; once."""

    @functools.lru_cache
    def made(name: str) -> Made:
        return FORMATS[name](tmp_path_factory.mktemp("format"))

    return made


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    """Another process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def close(found: Pixels, expected: Pixels, tolerance: int) -> bool:
    return bool((np.abs(found.astype(int) - expected) <= tolerance).all())


@every_format
def test_every_level_has_its_pixels(make, name: str) -> None:
    made = make(name)
    with open_slide(made.path) as slide:
        assert slide.backend == made.backend
        for level, expected in enumerate(made.levels):
            assert slide.levels[level].shape == expected.shape
            assert close(slide.levels[level][:], expected, made.tolerance)


@every_format
def test_every_level_is_in_its_place_and_the_microns_are_known(make, name: str) -> None:
    made = make(name)
    with open_slide(made.path, mpp=made.mpp or 0.5) as slide:
        assert open_slide(made.path).mpp == (made.mpp and pytest.approx(made.mpp, rel=1e-3))
        assert len(slide.pyramid.backend.grids) == len(made.levels)
        for grid, scale, expected in zip(
            slide.pyramid.grids, made.scales, made.levels, strict=False
        ):
            assert grid.scale == pytest.approx((scale, scale), rel=1e-6)
            part = expected[5:65, 3:93]
            height, width, _ = part.shape
            found = slide.read(3 * scale, 5 * scale, width, height, mpp=slide.mpp * scale)
            assert close(found, part, made.tolerance)


@every_format
@settings(max_examples=15)
@given(st.integers(-40, 1100), st.integers(-40, 800), st.integers(1, 230), st.integers(1, 230))
def test_windows_across_tiles_and_borders_are_cut_from_level_0(
    make, name: str, x: int, y: int, width: int, height: int
) -> None:
    made = make(name)
    high = made.levels[0]
    white = np.full((height, width, 3), 255, np.uint8)
    rows = slice(max(0, -y), max(0, min(height, high.shape[0] - y)))
    columns = slice(max(0, -x), max(0, min(width, high.shape[1] - x)))
    seen = white[rows, columns].shape
    white[rows, columns] = high[max(0, y) :, max(0, x) :][: seen[0], : seen[1]]
    assert close(opened(made.path).read(x, y, width, height), white, made.tolerance)


@functools.lru_cache(maxsize=2)
def opened(path: Path) -> Slide:
    return open_slide(path)


@every_format
def test_threads_read_what_one_thread_reads(make, name: str) -> None:
    made = make(name)
    places = np.random.default_rng(2).integers(0, 340, (24, 2)).tolist()
    with open_slide(made.path) as slide, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda place: slide.read(*place, 99, 99), places))
    for (x, y), tile in zip(places, found, strict=True):
        assert close(tile, made.levels[0][y : y + 99, x : x + 99], made.tolerance)


def corner(slide: Slide) -> Pixels:
    """What another process reads of a slide that was sent to it."""
    return slide.read(300, 310, 40, 30, mpp=1.0)


@every_format
def test_another_process_reads_the_same(make, elsewhere: ProcessPoolExecutor, name: str) -> None:
    with open_slide(make(name).path, mpp=0.25) as slide:
        np.testing.assert_array_equal(elsewhere.submit(corner, slide).result(), corner(slide))
        copy = pickle.loads(pickle.dumps(slide))  # noqa: S301
        assert (copy, copy.mpp, copy.fingerprint) == (slide, 0.25, slide.fingerprint)


@every_format
def test_a_renamed_slide_keeps_its_fingerprint_and_others_have_others(
    make, name: str, tmp_path: Path
) -> None:
    made = make(name)
    other = FORMATS["SVS" if name != "SVS" else "TIFF"](tmp_path)
    link = tmp_path / f"renamed{made.path.suffix}"
    if name not in {"VMS", "MRXS"}:  # whose other files stay where they are
        link.symlink_to(made.path)
        assert open_slide(link).fingerprint == open_slide(made.path).fingerprint
    assert open_slide(other.path).fingerprint != open_slide(made.path).fingerprint
