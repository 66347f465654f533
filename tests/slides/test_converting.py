"""Slides written as OME-Zarr, and read back."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaozarrs
import zarr

from napari_ggs.errors import UserError
from napari_ggs.slides import SlideError, converting, open_slide
from napari_ggs.slides.converting import write_ome_zarr

from .conftest import APERIO, HALF_MICRON, overwrite, picture

MakeTiff = Callable[..., Path]
LEVELS = [picture(1701, 900), picture(425, 225, seed=1)]


@pytest.fixture
def slide_file(make_tiff: MakeTiff) -> Path:
    return make_tiff(LEVELS, compression="deflate", **HALF_MICRON)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("shard", [4096, 512], ids=["one block", "many blocks"])
def test_pixels_levels_and_microns_come_back(
    slide_file: Path, tmp_path: Path, version: str, shard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "SHARD", shard)
    out, shares = tmp_path / "copy.ome.zarr", []
    with open_slide(slide_file) as slide:
        assert write_ome_zarr(slide, out, version, shares.append)
        with open_slide(out) as copy:
            assert copy.mpp == slide.mpp
            assert [g.scale for g in copy.pyramid.grids] == [g.scale for g in slide.pyramid.grids]
            for ours, theirs in zip(copy.levels, slide.levels, strict=True):
                np.testing.assert_array_equal(ours[:], theirs[:])
    assert shares == sorted(shares)
    assert shares[-1] == 1
    yaozarrs.validate_zarr_store(str(out))


def test_levels_that_the_file_lacks_are_written_too(make_tiff: MakeTiff, tmp_path: Path) -> None:
    with open_slide(make_tiff([LEVELS[0]], **HALF_MICRON)) as slide:
        write_ome_zarr(slide, tmp_path / "a.zarr")
        np.testing.assert_array_equal(
            zarr.open(tmp_path / "a.zarr")["1"][0], slide.levels[1][..., 0]
        )


def test_the_centre_of_each_level_is_stated(slide_file: Path, tmp_path: Path) -> None:
    with open_slide(slide_file) as slide:
        write_ome_zarr(slide, tmp_path / "a.zarr")
        step = slide.pyramid.grids[1].scale.x
    about = zarr.open_group(tmp_path / "a.zarr", mode="r").attrs["ome"]
    scale, shift = about["multiscales"][0]["datasets"][1]["coordinateTransformations"]
    assert scale["scale"] == pytest.approx([1, 0.5 * step, 0.5 * step], rel=1e-3)
    assert shift["translation"] == pytest.approx(
        [0, 0.25 * (step - 1), 0.25 * (step - 1)], rel=1e-2
    )


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_nothing_that_could_name_a_patient_goes_along(
    make_tiff: MakeTiff, tmp_path: Path, version: str
) -> None:
    secret = APERIO.format(w=300, h=200) + "|MPP = 0.5|Filename = Doe|Barcode = Jane 1950"
    path = make_tiff([picture(300, 200)], name="Doe Jane.svs", description=secret)
    with open_slide(path) as slide:
        write_ome_zarr(slide, tmp_path / "a.ome.zarr", version)
    names = {"zarr.json", ".zattrs", ".zgroup", ".zarray"}
    files = (tmp_path / "a.ome.zarr").rglob("*")
    texts = [path.read_text() for path in files if path.name in names]
    assert texts
    assert not any(re.search("doe|jane|1950|aperio", text, re.IGNORECASE) for text in texts)


def test_what_could_not_be_read_is_grey_in_the_copy_too(
    make_tiff: MakeTiff, tmp_path: Path
) -> None:
    path = make_tiff([picture(256, 192)], compression="deflate", **HALF_MICRON)
    overwrite(path, 0, [1])
    with open_slide(path) as slide:
        write_ome_zarr(slide, tmp_path / "a.zarr")
        assert slide.unread_tiles == 1
    with open_slide(tmp_path / "a.zarr") as copy:
        assert (copy.levels[0][:64, 64:128] == 243).all()


def test_a_name_that_is_taken_or_ends_otherwise_is_refused(
    slide_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken.zarr").mkdir()
    with open_slide(slide_file) as slide:
        with pytest.raises(SlideError, match="exists already"):
            write_ome_zarr(slide, tmp_path / "taken.zarr")
        with pytest.raises(SlideError, match=r"should end in \.zarr"):
            write_ome_zarr(slide, tmp_path / "copy")
        with pytest.raises(UserError, match="the folder does not exist"):
            write_ome_zarr(slide, tmp_path / "absent" / "copy.zarr")
    assert list((tmp_path / "taken.zarr").iterdir()) == []


def test_without_microns_per_pixel_nothing_is_written(make_tiff: MakeTiff, tmp_path: Path) -> None:
    path = make_tiff([picture(64, 64)])
    with open_slide(path) as slide, pytest.raises(SlideError, match="Give it with --mpp"):
        write_ome_zarr(slide, tmp_path / "a.zarr")
    with open_slide(path, mpp=0.25) as slide:
        write_ome_zarr(slide, tmp_path / "a.zarr")
    assert open_slide(tmp_path / "a.zarr").mpp == 0.25


def test_cancelling_and_faults_leave_nothing(
    slide_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(tmp_path.iterdir())
    with open_slide(slide_file) as slide:
        assert not write_ome_zarr(slide, tmp_path / "a.zarr", cancelled=lambda: True)
        monkeypatch.setattr(slide.pyramid, "region", None)
        with pytest.raises(TypeError):
            write_ome_zarr(slide, tmp_path / "a.zarr")
    assert set(tmp_path.iterdir()) == before
