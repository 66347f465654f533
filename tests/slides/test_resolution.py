"""Microns per pixel from what files say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from napari_ggs.slides import SlideError, open_slide
from napari_ggs.slides.resolution import mpp_from_properties, mpp_from_tags, number, plausible

from .conftest import APERIO, picture


@pytest.mark.parametrize(
    ("unit", "resolution", "expected"),
    [
        (3, (20000, 1), 0.5),
        (3, (40000, 1), 0.25),
        (2, (101600, 1), 0.25),
        (2, (50800, 1), 0.5),
        (2, (72, 1), None),
        (2, (96, 1), None),
        (2, (300, 1), None),
        (3, (28, 1), None),
        (1, (20000, 1), None),
        (3, (0, 1), None),
        (3, (20000, 0), None),
        (3, (4294967295, 1), None),
    ],
)
def test_tiff_tags_count_only_if_a_slide_can_have_them(
    unit: int, resolution: tuple[int, int], expected: float | None
) -> None:
    assert mpp_from_tags(unit, resolution, resolution) == expected


def test_the_two_axes_are_averaged_and_a_missing_one_is_left_out() -> None:
    assert mpp_from_tags(3, (20000, 1), (19000, 1)) == pytest.approx((0.5 + 10 / 19) / 2)
    assert mpp_from_tags(3, (20000, 1), None) == 0.5
    assert mpp_from_properties({"openslide.mpp-x": "0.25", "openslide.mpp-y": "0,25"}) == 0.25
    assert mpp_from_properties({"openslide.mpp-x": "352.8"}) is None


@pytest.mark.parametrize("text", ["", "n/a", None, "0.25 um"])
def test_what_is_no_number_is_none(text: str | None) -> None:
    assert number(text) is None


@pytest.mark.parametrize("value", [None, 0.0, -0.5, float("inf"), float("nan"), 25.0])
def test_implausible_values_are_none(value: float | None) -> None:
    assert plausible(value) is None


def test_without_a_resolution_the_slide_asks_for_one(make_tiff: Callable[..., Path]) -> None:
    path = make_tiff([picture(64, 64)], resolution=(72.0, 72.0), resolutionunit="INCH")
    with open_slide(path) as slide:
        assert slide.mpp is None
        assert slide.read(0, 0, 9, 9).shape == (9, 9, 3)
        with pytest.raises(SlideError, match=r"no microns per pixel .* --mpp \(0\.25 for a 40x"):
            slide.require_mpp()
        with pytest.raises(SlideError, match="no microns per pixel"):
            slide.read(0, 0, 9, 9, mpp=0.5)


def test_a_magnification_alone_is_named_but_is_no_resolution(
    make_tiff: Callable[..., Path],
) -> None:
    path = make_tiff([picture(64, 64)], name="a.svs", description=APERIO.format(w=64, h=64))
    with open_slide(path) as slide:
        assert slide.mpp is None
        with pytest.raises(SlideError, match="names an objective of 20x"):
            slide.require_mpp()


def test_a_given_resolution_goes_before_the_files(make_tiff: Callable[..., Path]) -> None:
    text = APERIO.format(w=64, h=64) + "|MPP = 0.5"
    path = make_tiff([picture(64, 64)], name="a.svs", description=text)
    assert open_slide(path).require_mpp() == 0.5
    assert open_slide(path, mpp=0.25).require_mpp() == 0.25
