"""Leica SCN: areas on a glass, at every level where level 0 has them."""

from pathlib import Path

import numpy as np
import openslide
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_ggs.slides import SlideError, open_slide

from .conftest import overwrite
from .vendors import NM, Area, area_levels, write_scn

GLASS = 1_000_000, 700_000
LEVELS = area_levels(608, 416, seed=3)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 600_000), st.integers(0, 400_000))
def test_every_level_of_an_area_is_within_half_a_pixel_of_level_0(
    tmp_path: Path, left: int, top: int
) -> None:
    path = write_scn(tmp_path / "a.scn", GLASS, [Area(left, top, LEVELS)])
    with open_slide(path) as slide, openslide.OpenSlide(path) as reference:
        bounds = [int(reference.properties[f"openslide.bounds-{axis}"]) for axis in "xy"]
        for level, grid in zip(slide.levels, slide.pyramid.grids, strict=True):
            rows, columns = np.nonzero((level[:] != 255).any(axis=-1))
            start = columns.min() * grid.scale.x, rows.min() * grid.scale.y
            assert np.abs(np.subtract(start, bounds)).max() <= grid.scale.x / 2


def test_areas_of_a_glass_are_the_ones_of_openslide_at_level_0(tmp_path: Path) -> None:
    areas = [Area(33_333, 70_007, LEVELS), Area(500_100, 222_222, area_levels(608, 416, seed=8))]
    path = write_scn(tmp_path / "a.scn", GLASS, areas)
    with open_slide(path) as slide, openslide.OpenSlide(path) as reference:
        assert (slide.backend, slide.properties["format"]) == ("tiff", "Leica SCN")
        assert (slide.width, slide.height) == reference.dimensions
        assert slide.mpp == pytest.approx(float(reference.properties["openslide.mpp-x"]))
        whole = np.asarray(reference.read_region((0, 0), 0, reference.dimensions))
        seen = whole[..., 3] == 255
        found = slide.levels[0][:]
        np.testing.assert_array_equal(found[seen], whole[seen][:, :3])
        assert (found[~seen] == 255).all()


def test_what_was_never_scanned_is_white_and_not_unread(tmp_path: Path) -> None:
    path = write_scn(tmp_path / "a.scn", GLASS, [Area(33_333, 70_007, LEVELS)])
    with open_slide(path) as slide:
        assert (slide.read(1200, 900, 500, 400) == 255).all()
        assert slide.unread_tiles == 0


def test_a_damaged_tile_masks_what_it_touches_only(tmp_path: Path) -> None:
    place = Area(400 * NM, 300 * NM, LEVELS)
    path = write_scn(tmp_path / "a.scn", GLASS, [place])
    overwrite(path, 1, [0])
    with open_slide(path) as slide:
        found = slide.levels[0][:]
        assert slide.unread_tiles == 1
        assert (found[:512, :512] == 243).all()
        assert (found[512:716, 512:1008] != 243).any(axis=-1).mean() > 0.9


def patched(path: Path, old: bytes, new: bytes) -> Path:
    """Replace words of the description, which keeps its length."""
    content = path.read_bytes()
    assert content.count(old) >= 1
    path.write_bytes(content.replace(old, new.ljust(len(old))))
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"brightfield", b"fluorescenc"), (b'ifd="1"', b'ifd="9"'), (b"</scn>", b"</snc>")],
)
def test_what_is_read_neither_here_nor_by_openslide_is_refused(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    path = write_scn(tmp_path / "a.scn", GLASS, [Area(0, 70_007, LEVELS)])
    with pytest.raises(SlideError, match=r"a\.scn"):
        open_slide(patched(path, old, new))


def test_a_glass_of_absurd_size_is_refused(tmp_path: Path) -> None:
    path = write_scn(tmp_path / "a.scn", (10**12, 700_000), [Area(0, 70_007, LEVELS)])
    with pytest.raises(SlideError, match="which no slide is"):
        open_slide(path)
