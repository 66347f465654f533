"""Sections: found on slides with several cores, in order, and which circle lies in which."""

import json
from collections.abc import Callable
from functools import cache
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_ggs.errors import UserError
from napari_ggs.phantom import PhantomSlide
from napari_ggs.review.sections import Section, find_sections, section_of
from napari_ggs.slides import Slide, open_slide
from napari_ggs.slides.tissue import Tissue

SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0))
BESIDE = ((300.0, 0.0), (400.0, 0.0), (400.0, 100.0), (300.0, 100.0))
TWO = [Section("1", SQUARE, 1.0), Section("2", BESIDE, 1.0)]
MPP = 4.0


def tissue(*boxes: tuple[int, int, int, int], mpp: float = 8.0) -> Tissue:
    """Rectangles of tissue (x, y, width, height) in mask px, on 300 x 200 of them."""
    mask = np.zeros((200, 300), dtype=bool)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = True
    return Tissue(mask, mpp, 16.0)


@cache
def needle() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """One core, drawn small, and the centres of its glomeruli, shape (n, 2)."""
    slide = PhantomSlide(2400, 1500, mpp=MPP, seed=3, outline="needle")
    return slide.render(0, 0, slide.width, slide.height), slide.truth[["x", "y"]].to_numpy()


@pytest.fixture
def slide_of(tmp_path: Path) -> Callable[[NDArray[np.uint8]], Slide]:
    def make(pixels: NDArray[np.uint8]) -> Slide:
        path = tmp_path / "cores.tif"
        scale = {"resolution": (1e4 / MPP, 1e4 / MPP), "resolutionunit": "CENTIMETER"}
        tifffile.imwrite(path, pixels, photometric="rgb", tile=(256, 256), **scale)
        return open_slide(path)

    return make


def test_cores_lying_below_each_other_are_sections_from_top_to_bottom(
    slide_of: Callable[[NDArray[np.uint8]], Slide],
) -> None:
    core, centres = needle()
    with slide_of(np.concatenate([core, core[:, ::-1], core])) as slide:
        found = find_sections(slide.tissue())
    assert [one.name for one in found] == ["1", "2", "3"]
    assert [one.area_mm2 for one in found] == pytest.approx([found[0].area_mm2] * 3, rel=0.05)
    for i, x in enumerate([centres[:, 0], core.shape[1] - centres[:, 0], centres[:, 0]]):
        names = section_of(x, centres[:, 1] + i * core.shape[0], found, tolerance=0)
        assert set(names) == {str(i + 1)}


def test_cores_standing_side_by_side_are_sections_from_left_to_right(
    slide_of: Callable[[NDArray[np.uint8]], Slide],
) -> None:
    core, centres = needle()
    upright = np.transpose(core, (1, 0, 2))
    with slide_of(np.concatenate([upright, upright[::-1]], axis=1)) as slide:
        found = find_sections(slide.tissue())
    assert len(found) == 2
    assert set(section_of(centres[:, 1], centres[:, 0], found)) == {"1"}


@pytest.mark.real_data
@pytest.mark.parametrize("letter", ["A", "B"])
def test_a_region_full_of_tissue_is_one_section(real_data: Path, letter: str) -> None:
    with open_slide(real_data / f"aidpath/regions/aidpath_region_{letter}.tif") as slide:
        (found,) = find_sections(slide.tissue())
        assert found.area_mm2 == pytest.approx(slide.tissue().area_mm2)
        assert section_of([slide.width / 2], [slide.height / 2], [found])[0] == "1"


def test_pieces_nearer_than_the_gap_are_one_section() -> None:
    pieces = tissue((10, 10, 100, 50), (140, 10, 100, 50))
    assert len(find_sections(pieces, gap_um=200)) == 2
    (whole,) = find_sections(pieces, gap_um=300)
    assert whole.area_mm2 == pytest.approx(2 * 100 * 50 * 64e-6)


def test_debris_is_no_section() -> None:
    found = find_sections(tissue((10, 10, 100, 50), (200, 150, 20, 20)))
    assert len(found) == 1
    assert section_of([16.0 * 210], [16.0 * 160], found)[0] == ""


def test_rows_are_read_from_top_to_bottom_and_from_left_to_right() -> None:
    places = [(200, 8), (10, 0), (10, 110), (200, 100)]
    found = find_sections(tissue(*[(x, y, 80, 60) for x, y in places]), gap_um=200)
    corners = [tuple(np.min(one.outline, axis=0) / 16) for one in found]
    assert corners == [(10, 0), (200, 8), (10, 110), (200, 100)]


def test_an_outline_encloses_the_tissue_in_level_0_pixels() -> None:
    (found,) = find_sections(tissue((10, 20, 100, 50)))
    assert sorted(found.outline) == [(160, 320), (160, 1120), (1760, 320), (1760, 1120)]


def test_glass_has_no_sections_and_no_point_lies_in_one() -> None:
    assert find_sections(tissue()) == []
    assert section_of([1.0, 2.0], [3.0, 4.0], []).tolist() == ["", ""]


def test_without_microns_the_sections_have_no_area() -> None:
    (found,) = find_sections(tissue((10, 10, 100, 50), mpp=nan))
    assert isnan(found.area_mm2)
    assert Section.from_dict(json.loads(json.dumps(found.to_dict()))).to_dict() == found.to_dict()


def test_a_point_belongs_to_the_nearest_outline_within_the_tolerance() -> None:
    x = [50.0, 190.0, 210.0, 350.0, 200.0, -60.0]
    names = section_of(x, [50.0, 50, 50, 50, 400, 50], TWO, tolerance=95)
    assert names.tolist() == ["1", "1", "2", "2", "", "1"]
    assert section_of([190.0], [50.0], TWO, tolerance=80).tolist() == [""]


def test_where_outlines_overlap_the_deepest_one_has_the_point() -> None:
    wide = Section("wide", ((-50.0, -50.0), (250.0, -50.0), (250.0, 150.0), (-50.0, 150.0)))
    assert section_of([95.0], [50.0], [TWO[0], wide])[0] == "wide"


def test_no_points_have_no_sections() -> None:
    assert section_of([], [], TWO).shape == (0,)


@given(
    st.text(),
    st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=3).map(tuple),
    st.floats(0, 1e4),
)
def test_a_section_survives_json(name: str, outline: tuple, area: float) -> None:
    section = Section(name, outline, area)
    assert Section.from_dict(json.loads(json.dumps(section.to_dict()))) == section


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"name": "1", "outline": [[1, 2], [3, 4]], "area_mm2": 1},
        {"name": "1", "outline": [[1, 2, 3]] * 3, "area_mm2": 1},
        {"name": "1", "outline": 5, "area_mm2": 1},
    ],
)
def test_what_is_no_section_is_refused(values: dict) -> None:
    with pytest.raises(UserError, match="section"):
        Section.from_dict(values)
