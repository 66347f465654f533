"""The Slide itself: names, identity, thumbnails."""

import gc
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.slides import open_slide

from .conftest import HALF_MICRON, overwrite, picture

MakeTiff = Callable[..., Path]


def test_a_slide_tells_its_name_size_and_scale(make_tiff: MakeTiff) -> None:
    with open_slide(make_tiff([picture(300, 200)], name="Case 7.tif", **HALF_MICRON)) as slide:
        assert (slide.name, slide.width, slide.height) == ("Case 7", 300, 200)
        assert repr(slide) == "<Slide Case 7: 300 x 200 px, 0.5 um/px, tiff>"


def test_slides_of_one_path_and_scale_are_equal(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(64, 64)])
    assert open_slide(path) == open_slide(str(path))
    assert open_slide(path) != open_slide(path, mpp=0.5)
    assert len({open_slide(path), open_slide(path)}) == 1


def test_properties_cannot_be_changed(make_tiff: MakeTiff) -> None:
    slide = open_slide(make_tiff([picture(64, 64)]))
    with pytest.raises(TypeError):
        slide.properties["format"] = "other"  # type: ignore[index]


@pytest.mark.parametrize(("side", "shape"), [(1500, (200, 300, 3)), (100, (67, 100, 3))])
def test_a_thumbnail_is_the_whole_slide_and_never_enlarged(
    make_tiff: MakeTiff, side: int, shape: tuple[int, int, int]
) -> None:
    pixels = picture(300, 200)
    with open_slide(make_tiff([pixels])) as slide:
        thumbnail, downsample = slide.thumbnail(side)
        assert thumbnail.shape == shape
        assert downsample == max(1, 300 / side)
        top = thumbnail[:66].mean(axis=(0, 1))
        np.testing.assert_allclose(top, pixels[: int(66 * downsample)].mean(axis=(0, 1)), atol=1.5)


@pytest.mark.parametrize(("width", "height", "mpp"), [(0, 5, None), (5, -1, None), (5, 5, 0.0)])
def test_reads_without_pixels_are_our_own_fault(
    make_tiff: MakeTiff, width: int, height: int, mpp: float | None
) -> None:
    with (
        open_slide(make_tiff([picture(64, 64)], **HALF_MICRON)) as slide,
        pytest.raises(ValueError, match="Cannot read"),
    ):
        slide.read(0, 0, width, height, mpp)


def test_a_read_says_whether_what_went_into_it_could_be_read(make_tiff: MakeTiff) -> None:
    """Of 4 x 4 tiles (0, 0) is lost at level 0, and the whole of level 1 but its last tile."""
    path = make_tiff([picture(256, 256), picture(128, 128, seed=1)], compression="deflate")
    overwrite(path, 0, [0])
    overwrite(path, 1, [0, 1, 2])
    with open_slide(path) as slide:
        assert not slide.read_checked(10, 10, 20, 20, 1)[1]
        assert slide.read_checked(64, 10, 20, 20, 1)[1]
        assert not slide.read_checked(10, 10, 20, 20, 2)[1], "made from the lost tile"
        assert slide.read_checked(64, 10, 20, 20, 2)[1], "made from another"
        assert not slide.read_checked(60, 10, 20, 20, 2.3)[1]
        assert slide.read_checked(130, 130, 20, 20, 2.3)[1]


def test_a_lost_tile_does_not_matter_where_the_file_holds_a_coarser_level(
    make_tiff: MakeTiff,
) -> None:
    path = make_tiff([picture(256, 256), picture(128, 128, seed=1)], compression="deflate")
    overwrite(path, 0, [0])
    with open_slide(path) as slide:
        assert not slide.read_checked(10, 10, 20, 20, 1)[1]
        assert slide.read_checked(10, 10, 20, 20, 2)[1]
        assert slide.touches_unread(10, 10, 20, 20)


def test_a_level_that_was_made_here_is_as_whole_as_the_one_that_it_is_made_of(
    make_tiff: MakeTiff,
) -> None:
    path = make_tiff([picture(100, 3001)], compression="deflate")
    overwrite(path, 0, [0])
    with open_slide(path) as slide:
        assert not slide.read_checked(0, 0, 20, 20, 4)[1]
        assert slide.read_checked(0, 100, 20, 20, 4)[1], "one tile of the level holds both"


def test_a_slide_that_nobody_holds_any_more_closes_its_file(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(100, 80)])
    slide = open_slide(path)
    pyramid = slide.pyramid
    np.testing.assert_array_equal(slide.levels[0][:2, :2], picture(100, 80)[:2, :2])
    held = weakref.ref(slide)
    del slide
    until = time.monotonic() + 5
    while held() is not None and time.monotonic() < until:  # zarr's thread lets go a moment later
        gc.collect()
    with pytest.raises(ValueError, match="closed"):
        pyramid.tile(0, 0, 0)
