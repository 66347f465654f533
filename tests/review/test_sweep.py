"""A sweep: its fields cover all tissue, each comes once, and what was looked at is known."""

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_ggs.review.sweep import Sweep
from napari_ggs.review.sweep_fields import FIELD_UM, OVERLAP_UM, window_of
from napari_ggs.slides import Slide
from napari_ggs.slides.tissue import Tissue, paint

DOWNSAMPLE = 16.0
SIDE = 125
"""Mask px of a field at 8 um/px."""


def tissue(*boxes: tuple[int, int, int, int], mpp: float = 8.0) -> Tissue:
    """Rectangles of tissue (x, y, width, height) in mask px, on 800 x 600 of them."""
    mask = np.zeros((600, 800), dtype=bool)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = True
    return Tissue(mask, mpp, DOWNSAMPLE)


@st.composite
def tissues(draw: st.DrawFn) -> Tissue:
    """Ragged tissue at any scale, so that fields are from 2 px to the whole slide."""
    coarse = draw(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
    grain = draw(st.integers(1, 12))
    mask = np.kron(coarse, np.ones((grain, grain), dtype=bool))
    return Tissue(mask, draw(st.floats(8, 400)), draw(st.sampled_from([1.0, 3.7, DOWNSAMPLE])))


def walk_through(sweep: Sweep) -> list[int]:
    """Look at every field that is left, and note which came."""
    came, seen = [], []
    while (place := sweep.next_left()) is not None:
        came.append(place)
        seen.append(sweep.fields[place])
        sweep.current = place
        sweep.take(seen)
    return came


@given(tissues())
@settings(max_examples=40)
def test_every_pixel_of_tissue_lies_in_some_field(tissue: Tissue) -> None:
    fields = Sweep(tissue).fields
    assert len(set(fields)) == len(fields)
    assert paint(fields, tissue.downsample, tissue.mask.shape)[tissue.mask].all()
    assert all(tissue.covers(*field) for field in fields)


@given(tissues())
@settings(max_examples=25)
def test_a_walk_comes_to_each_field_once_and_ends_at_all_tissue(tissue: Tissue) -> None:
    sweep = Sweep(tissue)
    came = walk_through(sweep)
    assert came == sorted(set(came))
    assert sweep.done
    if tissue.mask.any():
        assert sweep.share > 0.9
    sweep.take(sweep.fields)
    assert sweep.share == (1.0 if tissue.mask.any() else 0.0)


@given(tissues(), st.data())
@settings(max_examples=30)
def test_looking_at_more_never_leaves_more_to_look_at(tissue: Tissue, data: st.DataObject) -> None:
    sweep = Sweep(tissue)
    some = data.draw(st.lists(st.sampled_from(sweep.fields or [(0, 0, 0, 0)])))
    before, share = sweep.covered, 0.0
    for count in range(len(some) + 1):
        sweep.take(some[:count])
        assert (sweep.covered >= before).all()
        assert sweep.share >= share
        before, share = sweep.covered, sweep.share


def test_a_glomerulus_of_the_largest_size_is_whole_in_some_field() -> None:
    sweep = Sweep(tissue((20, 20, 700, 500)))
    widest = OVERLAP_UM / 8 * DOWNSAMPLE
    lefts = np.unique([field.x for field in sweep.fields])
    assert np.diff(lefts).max() <= FIELD_UM / 8 * DOWNSAMPLE - widest + DOWNSAMPLE


def test_rows_are_read_forth_and_back() -> None:
    fields = Sweep(tissue((20, 20, 300, 300))).fields
    rows = np.unique([field.y for field in fields])
    for i, top in enumerate(rows):
        xs = [field.x for field in fields if field.y == top]
        assert xs == sorted(xs, reverse=bool(i % 2))
    assert [field.y for field in fields] == sorted(field.y for field in fields)


def test_one_core_comes_after_the_other() -> None:
    upper, lower = (20, 20, 600, 60), (20, 300, 600, 60)
    tops = [field.y for field in Sweep(tissue(lower, upper)).fields]
    assert len(set(tops)) == 2, "a core thinner than a field has one row, centred on it"
    assert tops == sorted(tops)
    assert min(tops) == (20 + 30 - 63) * DOWNSAMPLE


def test_a_ragged_edge_makes_no_fields_of_its_own() -> None:
    wedge = tissue((0, 0, 1, 1))
    rows, columns = np.indices(wedge.mask.shape)
    wedge.mask[:] = (rows > 100) & (columns > 100) & (rows + columns < 600)
    sweep = Sweep(wedge)
    amounts = [wedge.mask[window_of(field, wedge)].sum() for field in sweep.fields]
    assert len(sweep.fields) <= 15
    assert min(amounts) > 0.02 * SIDE**2


def test_what_was_looked_at_in_fields_of_another_size_counts() -> None:
    sweep = Sweep(tissue((0, 0, 500, 300)))
    sweep.take([(0, 0, 250 * DOWNSAMPLE, 300 * DOWNSAMPLE)])
    assert sweep.share == pytest.approx(0.5)
    for field, covered in zip(sweep.fields, sweep.covered, strict=True):
        assert covered == (field.x + field.width <= 250 * DOWNSAMPLE + 16 * 2)
    small = [(x, y, 640, 640) for x in range(0, 8000, 640) for y in range(0, 4800, 640)]
    sweep.take(small)
    assert sweep.done


def test_what_is_left_behind_comes_after_the_end() -> None:
    sweep = Sweep(tissue((0, 0, 600, 100)))
    assert sweep.before() is None
    sweep.current = len(sweep.fields) - 1
    sweep.take([sweep.fields[-1]])
    assert sweep.next_left() == 0
    assert sweep.before() == len(sweep.fields) - 2


def test_the_field_at_a_place_is_the_one_around_it() -> None:
    sweep = Sweep(tissue((0, 0, 500, 300)))
    for place, field in enumerate(sweep.fields):
        assert sweep.at(field.x + field.width / 2 + 9, field.y + field.height / 2 - 9) == place
    assert sweep.at(12_000, 9_000) is None


def test_glass_has_no_fields() -> None:
    sweep = Sweep(tissue())
    assert (sweep.fields, sweep.share, sweep.next_left(), sweep.at(0, 0)) == ((), 0.0, None, None)
    assert sweep.done


def test_without_microns_a_mask_pixel_is_taken_for_8_um() -> None:
    assert Sweep(tissue((20, 20, 300, 300), mpp=nan)).fields == (
        Sweep(tissue((20, 20, 300, 300))).fields
    )


def test_a_slide_is_swept_in_fields_of_a_millimetre(kidney_slide: Slide) -> None:
    sweep = Sweep(kidney_slide.tissue())
    assert len(sweep.fields) == 6
    assert sweep.fields[0].width * kidney_slide.require_mpp() == pytest.approx(FIELD_UM)
