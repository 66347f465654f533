"""Tiles of levels that a file lacks are kept on disk, within bounds, and never believed blindly."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_ggs.slides import open_slide
from napari_ggs.slides.kept_tiles import KeptTiles, cache_folder, trim
from napari_ggs.slides.pyramid import halve
from napari_ggs.slides.tiff import TiffBackend

from .conftest import overwrite, picture

MakeTiff = Callable[..., Path]
HIGH = picture(143, 3001)


@pytest.fixture
def one_level(make_tiff: MakeTiff) -> Path:
    """A slide of which levels 1 and 2 are made, and level 2 is kept."""
    return make_tiff([HIGH], compression="deflate")


def kept() -> list[Path]:
    return sorted(path for path in cache_folder().rglob("*") if path.is_file())


def test_the_next_that_opens_a_slide_decodes_nothing_for_its_coarse_levels(
    one_level: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_slide(one_level) as slide:
        first = slide.levels[2][:]
    again = open_slide(one_level.rename(one_level.with_name("renamed.tif")))
    monkeypatch.setattr(TiffBackend, "decode", None)
    np.testing.assert_array_equal(again.levels[2][:], first)
    np.testing.assert_array_equal(first, halve(halve(HIGH)))


def test_neither_names_nor_levels_that_are_quick_to_make_are_kept(one_level: Path) -> None:
    with open_slide(one_level) as slide:
        slide.levels[1][:]
        assert kept() == []
        slide.levels[2][:]
    assert [path.name for path in kept()] == ["2-0-0", "2-1-0"]
    assert not any("slide" in str(path.relative_to(cache_folder())) for path in kept())


@pytest.mark.parametrize("damage", ["delete", "empty", "cut", "flip", "bomb"])
def test_what_is_lost_or_damaged_is_made_again(one_level: Path, damage: str) -> None:
    with open_slide(one_level) as slide:
        expected = slide.levels[2][:]
    for path in kept():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x55
        bomb = content[:4] + imagecodecs.zstd_encode(bytes(2**26))
        changed = {"empty": b"", "cut": content[:99], "flip": content, "bomb": bomb}
        path.unlink() if damage == "delete" else path.write_bytes(changed[damage])
    with open_slide(one_level) as slide:
        np.testing.assert_array_equal(slide.levels[2][:], expected)


def test_tiles_made_of_unreadable_pixels_are_not_kept(make_tiff: MakeTiff) -> None:
    path = make_tiff([HIGH], compression="deflate")
    overwrite(path, 0, [100])  # row 33 of 47: in the second tile of level 2
    with open_slide(path) as slide:
        slide.levels[2][:]
        assert slide.unread_tiles == 1
    assert [path.name for path in kept()] == ["2-0-0"]
    with open_slide(path) as slide:
        slide.levels[2][:]
        assert slide.unread_tiles == 1


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(one_level: Path) -> None:
    cache_folder().parent.mkdir(parents=True, exist_ok=True)
    cache_folder().write_text("a file is in the way")
    with open_slide(one_level) as slide:
        np.testing.assert_array_equal(slide.levels[2][:], halve(halve(HIGH)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 400), max_size=12), capacity=st.integers(0, 2000))
def test_what_was_used_longest_ago_goes_first_until_there_is_room(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], capacity: int
) -> None:
    root = tmp_path_factory.mktemp("levels")
    for age, size in enumerate(sizes):
        path = root / f"slide {age % 3}" / str(age)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(size))
        os.utime(path, (1e9 + age, 1e9 + age))
    trim(root, capacity)
    left = sorted(int(path.name) for path in root.glob("*/*"))
    assert sum(sizes[age] for age in left) <= capacity
    assert left == list(range(len(sizes) - len(left), len(sizes)))
    assert len(left) == len(sizes) or sum(sizes) > capacity


def test_writing_keeps_within_the_capacity() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    tiles = KeptTiles("one", capacity=100_000)
    for column in range(129):  # the first, the 65th and the last look at the size
        tiles.put((2, 0, column), noise)
    assert sum(path.stat().st_size for path in kept()) <= 100_000
    np.testing.assert_array_equal(tiles.get((2, 0, 128), 64, 64), noise)
    assert tiles.get((2, 0, 0), 64, 64) is None


def hammer(seed: int) -> bool:
    """Write, read, trim and delete the same few tiles; whether what was read was ever wrong."""
    tiles, rng = KeptTiles("shared", capacity=30_000), np.random.default_rng(seed)
    for _ in range(150):
        column = int(rng.integers(8))
        expected = np.full((32, 40, 3), column, dtype=np.uint8)
        tiles.put((2, 0, column), expected)
        found = tiles.get((2, 0, int(column)), 40, 32)
        if found is not None and not np.array_equal(found, expected):
            return False
        if rng.random() < 0.1:
            trim(cache_folder(), 0)
    return True


def test_two_processes_at_once_never_read_a_part_of_a_tile() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(hammer, [1, 2])) == [True, True]
