"""Fields from phantoms, from real tissue and from labelled slides."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ggs.errors import UserError
from napari_ggs.slides import Slide
from napari_ggs.slides.cache import TileCache
from napari_ggs.training.aidpath import LABELS
from napari_ggs.training.detection_data import AidpathFields, LabelledSlide, PhantomFields, Slides
from napari_ggs.training.detection_pixels import OnSlide
from napari_ggs.training.detection_places import Square
from napari_ggs.training.detection_sources import Fields, described, fields_of, one_side_each
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.splits import TrainingError
from tests.detection.conftest import draw

MPP = 2.0


def ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


def test_phantoms_are_drawn_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = PhantomFields(kind="phantom", slides=1, seed=3, side_um=400, outlines=("field",))
    drawn: list[tuple[int, int]] = []
    [field] = fields_of(source, MPP, lambda *done: drawn.append(done)).training
    assert field.size == (200, 200)
    assert drawn == [(1, 1)]
    [again] = fields_of(source, MPP, lambda *done: drawn.append(done)).training
    assert drawn == [(1, 1)]
    np.testing.assert_array_equal(again.circles, field.circles)
    np.testing.assert_array_equal(again.pixels.read(0, 0, 200), field.pixels.read(0, 0, 200))


def test_real_fields_have_circles_in_their_own_pixels(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath")
    fields = {field.name: field for field in fields_of(source, MPP, ignore).training}
    assert sum(len(field.circles) for field in fields.values()) == 10
    assert fields["aidpath-B"].size == (1024, 512)
    np.testing.assert_allclose(fields["aidpath-B"].circles[0], [252.3, 118.5, 62.9], atol=0.1)
    assert described(source).doi == "10.17632/k7nvtgn2x6.3"


def test_a_held_out_field_is_only_tested_on(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath", held_out=("aidpath-B",))
    fields = fields_of(source, MPP, ignore)
    assert [field.name for field in fields.test] == ["aidpath-B"]
    assert "aidpath-B" not in {field.name for field in fields.training + fields.selection}


def test_a_field_that_does_not_exist_cannot_be_held_out(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath", held_out=("region_B",))
    with pytest.raises(RecipeError, match=r"region_B.*there are aidpath-A, aidpath-B"):
        fields_of(source, MPP, ignore)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=tmp_path / "nowhere")
    with pytest.raises(RecipeError, match="nowhere"):
        fields_of(source, MPP, ignore)


def test_an_mpp_at_which_real_fields_cannot_be_shown_is_refused(real_data: Path) -> None:
    source = AidpathFields(kind="aidpath", folder=real_data / "aidpath")
    with pytest.raises(RecipeError, match=r"mpp = 3\.3.* whole multiple of 1, such as 3 or 4"):
        fields_of(source, 3.3 / 2, ignore)


def test_tiles_that_share_a_glomerulus_are_one_field() -> None:
    listed = tomllib.loads(LABELS.read_text(encoding="utf-8"))["field"]
    fields = [{Path(file).stem for file in field["files"]} for field in listed]
    tiles = [tile for field in fields for tile in field]
    assert len(tiles) == len(set(tiles)), "no tile is in two fields"
    for pair in ({"10102", "10103"}, {"10210", "10215"}, {"10220", "10224"}):
        assert pair in fields


# Labelled slides

CIRCLES = pd.DataFrame(
    [
        (100, 100, 40, np.nan, "", "normal", False),
        (300, 100, 40, np.nan, "", "", False),
        (500, 100, 40, 0.8, "normal", "obsolescent", False),
        (700, 100, 40, 0.8, "normal", "", False),
        (100, 300, 40, np.nan, "", "solidified", True),
        (300, 300, 40, 0.8, "normal", "non-glomerulus", False),
        (780, 300, 40, np.nan, "", "normal", False),
    ],
    columns=["x", "y", "radius", "detection_score", "predicted", "label", "cut"],
)


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    """A slide of 800 x 800 px at 1 um/px, and its circles beside it."""
    pixels = draw(CIRCLES[["x", "y", "radius"]].to_numpy(float), 800, 800)
    resolution = {"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(128, 128), photometric="rgb", **resolution)
    CIRCLES.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.tif"


def source(*slides: dict[str, Any], **more: Any) -> Slides:
    listed = tuple(LabelledSlide(**one) for one in slides)
    return Slides(kind="slides", name="own", licence="own", slides=listed, **more)


def test_labels_say_what_is_learnt_ignored_and_a_hard_negative(
    slide: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = source({"path": slide, "circles": slide.with_suffix(".csv"), "patient": "P1"})
    [field] = fields_of(own, MPP, ignore).training
    assert field.patient == "P1"
    assert field.size == (400, 400)
    assert field.circles[:, 0].tolist() == [50, 150, 250], "in px of 2 um"
    assert sorted(field.ignored[:, 0].tolist()) == [50, 350, 390], "cut, unconfirmed, at the edge"
    assert field.negatives.tolist() == [[150, 150, 20]]
    assert "a.csv: 1 of 7 circles are detections that nobody labelled" in caplog.text


def test_a_review_vouches_for_the_detections_that_it_showed(
    slide: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unlabelled = pd.DataFrame(
        [(100, 500, 40, 0.19, "normal", ""), (300, 500, 40, 0.1, "non-glomerulus", "")],
        columns=["x", "y", "radius", "detection_score", "predicted", "label"],
    )
    table = pd.concat([CIRCLES, unlabelled.assign(cut=False)])
    table.to_csv(slide.with_suffix(".csv"), index=False)
    read = {"path": slide, "circles": slide.with_suffix(".csv"), "reviewed": True}
    [field] = fields_of(source(read), MPP, ignore).training
    assert field.circles[:, 0].tolist() == [50, 150, 250, 350]
    assert field.negatives.tolist() == [[150, 150, 20]]
    assert [50, 250, 20] in field.ignored.tolist(), "nobody saw it"
    assert [150, 250, 20] in field.ignored.tolist(), "nor that it is none"
    assert not caplog.text
    [lower] = fields_of(source(read | {"t_det": 0.1}), MPP, ignore).training
    assert [50, 250, 20] in lower.circles.tolist()
    assert [150, 250, 20] in lower.negatives.tolist()


def test_a_mask_will_do_for_circles(slide: Path) -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[20:30, 40:50] = 1
    Image.fromarray(mask).save(slide.with_suffix(".png"))
    own = source({"path": slide, "circles": slide.with_suffix(".png")})
    [field] = fields_of(own, MPP, ignore).training
    np.testing.assert_allclose(field.circles, [[180, 100, 4 * 10 / np.sqrt(np.pi)]])


def test_bad_slides_and_circles_are_named(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "off.csv").write_text("x,y,radius\n900,10,50\n")
    (tmp_path / "broken.svs").write_text("not a slide")
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(tmp_path / "empty.png")
    for path, circles, complaint in [
        (slide, tmp_path / "none.csv", r"no file .*none\.csv"),
        (slide, tmp_path / "off.csv", r"off\.csv: 1 of 1 circles lie outside the slide a\.tif"),
        (slide, tmp_path / "empty.png", r"empty\.png is empty"),
        (tmp_path / "broken.svs", slide.with_suffix(".csv"), r"broken\.svs is not a slide"),
    ]:
        with pytest.raises(UserError, match=complaint):
            fields_of(source({"path": path, "circles": circles}), MPP, ignore)


@pytest.mark.parametrize("more", [{}, {"circles": "a.csv", "bare": True}])
def test_a_slide_has_circles_or_is_bare(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a\.svs needs circles = FILE, or bare = true"):
        LabelledSlide(path="a.svs", **more)


def damage(slide: Path, tile: int) -> None:
    """Make one of the slide's tiles of 128 px undecodable."""
    pixels = tifffile.imread(slide)
    resolution = {"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(slide, pixels, tile=(128, 128), compression="jpeg", **resolution)
    with tifffile.TiffFile(slide) as file:
        start = file.pages.first.dataoffsets[tile]
    damaged = bytearray(slide.read_bytes())
    damaged[start : start + 300] = bytes(300)
    slide.write_bytes(damaged)


def test_glomeruli_in_tiles_that_cannot_be_read_teach_nothing(slide: Path) -> None:
    damage(slide, 0)
    own = source({"path": slide, "circles": slide.with_suffix(".csv")})
    [field] = fields_of(own, MPP, ignore).training
    patch = Square(field, 0, 0, 400).patch()
    assert patch.circles[:, 0].tolist() == [150, 250]
    assert 50 in patch.ignored[:, 0]


def test_what_a_window_teaches_does_not_hang_on_what_was_read_before(slide: Path) -> None:
    damage(slide, 3)
    pd.DataFrame({"x": [520], "y": [60], "radius": [40]}).to_csv(slide.with_suffix(".csv"))
    own = source({"path": slide, "circles": slide.with_suffix(".csv")})
    [field] = fields_of(own, MPP, ignore).training
    window = Square(field, 256, 0, 64)
    before = window.patch()
    assert len(before.circles) == 1, "its left part, on the damaged tile, is not in the window"
    assert len(Square(field, 200, 0, 64).patch().circles) == 0
    assert np.array_equal(window.patch().circles, before.circles)


def test_many_slides_share_the_memory_for_tiles(slide: Path) -> None:
    one = {"path": slide, "circles": slide.with_suffix(".csv")}
    pixels = [field.pixels for field in fields_of(source(*[one] * 16), MPP, ignore).training]
    assert len({id(each.tiles) for each in pixels}) == 1
    assert sum(each.slide.cache.capacity for each in pixels) <= 2**28


@given(x=st.integers(-300, 500), y=st.integers(-300, 500), side=st.integers(1, 700))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pixels_from_kept_tiles_are_those_of_the_slide(
    kidney_slide: Slide, x: int, y: int, side: int
) -> None:
    pixels = OnSlide(kidney_slide, 4.3, TileCache(10**7))
    plain = kidney_slide.read(x * 4.3, y * 4.3, side, side, mpp=4.3)
    difference = np.abs(pixels.read(x, y, side).astype(int) - plain)
    inside = np.s_[max(-y, 0) : max(pixels.size[1] - y, 0), max(-x, 0) : max(pixels.size[0] - x, 0)]
    assert difference[inside].max(initial=0) <= 1


# Patients


def of(fields: list) -> list[str]:
    return [field.patient for field in fields]


def test_patients_are_held_out_with_all_their_slides(slide: Path) -> None:
    one = {"path": slide, "circles": slide.with_suffix(".csv")}
    slides = [one | {"patient": name} for name in "ABACBCAD"]
    parts = fields_of(source(*slides, validation=0.34, held_out=("B",)), MPP, ignore)
    assert of(parts.training) == ["A", "A", "C", "C", "A"]
    assert of(parts.selection) == ["D"]
    assert of(parts.test) == ["B", "B"]
    one_side_each([parts])


def test_one_patient_is_not_enough_to_choose_a_model(slide: Path) -> None:
    one = {"path": slide, "circles": slide.with_suffix(".csv"), "patient": "A"}
    with pytest.raises(
        TrainingError, match=r"1 of the 1 patients .* some must be left to learn from"
    ):
        fields_of(source(one, one, validation=0.5), MPP, ignore)


def test_no_patient_is_on_two_sides_of_different_sources(slide: Path) -> None:
    one = {"path": slide, "circles": slide.with_suffix(".csv"), "patient": "A"}
    learnt = fields_of(source(one), MPP, ignore)
    tested = fields_of(source(one | {"patient": "A"}, held_out=("A",)), MPP, ignore)
    with pytest.raises(TrainingError, match="The patient A is among the training data"):
        one_side_each([learnt, tested])
    one_side_each([learnt, Fields([], [], [])])
