"""The Slide itself: names, identity, thumbnails."""

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_ggs.slides import open_slide

from .conftest import HALF_MICRON, picture

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


def test_a_slide_that_nobody_holds_any_more_closes_its_file(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(100, 80)])
    slide = open_slide(path)
    pyramid = slide.pyramid
    np.testing.assert_array_equal(slide.levels[0][:2, :2], picture(100, 80)[:2, :2])
    del slide
    gc.collect()
    with pytest.raises(ValueError, match="closed"):
        pyramid.tile(0, 0, 0)
