"""What opens, with which backend, and the one line for what does not."""

import re
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_ggs.errors import UserError
from napari_ggs.slides import SlideError, open_slide

from .conftest import HALF_MICRON, overwrite, picture, write_tiff

MakeTiff = Callable[..., Path]


def refusal(path: Path) -> str:
    """The message with which a path is refused: one line."""
    with pytest.raises(SlideError) as caught:
        open_slide(path)
    message = str(caught.value)
    assert isinstance(caught.value, UserError)
    assert "\n" not in message
    return message


def patch_tag(path: Path, code: int, value: int) -> None:
    """Give a tag of the first page another value."""
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[code].overwrite(value)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("broken/broken.svs", "is not a slide that can be read here"),
        ("broken/unopenable.tiff", "Unsupported TIFF compression: 52479"),
        ("broken/unreadable.svs", "none of 3 tiles"),
        ("broken", "is a folder without a DICOM slide"),
    ],
)
def test_broken_files_are_refused_in_one_line(real_data: Path, file: str, said: str) -> None:
    assert said in refusal(real_data / "slides" / file)


@pytest.mark.real_data
def test_a_dicom_slide_opens_by_its_folder_and_by_any_of_its_files(real_data: Path) -> None:
    folder = real_data / "slides/CMU-1-Small-Region_dicom"
    fingerprints = {open_slide(path).fingerprint for path in [folder, *folder.iterdir()]}
    assert len(fingerprints) == 1
    assert open_slide(folder).name == "CMU-1-Small-Region_dicom"


@pytest.mark.real_data
def test_a_folder_of_two_dicom_slides_asks_which(real_data: Path, tmp_path: Path) -> None:
    slides = real_data / "slides"
    for file in [slides / "boxes_0.dcm", *(slides / "CMU-1-Small-Region_dicom").iterdir()]:
        copy(file, tmp_path)
    assert "holds 2 DICOM slides. Name one: " in refusal(tmp_path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "absent.svs")


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.svs").touch()
    assert "is empty (0 bytes)" in refusal(tmp_path / "empty.svs")


def test_a_text_file_is_not_a_slide(tmp_path: Path) -> None:
    (tmp_path / "notes.svs").write_text("These are my notes.")
    assert "is not a slide" in refusal(tmp_path / "notes.svs")


def test_a_folder_without_slides_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes.")
    assert "folder without a DICOM slide" in refusal(tmp_path)


def test_a_file_that_ends_early_is_said_to_be_cut_short(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(400, 300)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    message = refusal(path)
    assert re.search(r"is cut short: \d+ of its 35 tiles lie beyond the end", message)


def test_a_file_that_ends_before_its_directory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(b"II*\0" + struct.pack("<I", 1_000_000) + bytes(500))
    assert "damaged or cut short" in refusal(path)


def test_a_slide_with_no_tile_that_decodes_is_refused(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(128, 128)], compression="jpeg")
    overwrite(path, 0, range(4), b"\0" * 40)
    assert "none of 3 tiles" in refusal(path)


@pytest.mark.parametrize(("width", "height"), [(2**31, 2**31), (600_000, 100), (450_000, 450_000)])
def test_absurd_sizes_are_refused(make_tiff: MakeTiff, width: int, height: int) -> None:
    path = make_tiff([picture(128, 128)])
    patch_tag(path, 256, width)
    patch_tag(path, 257, height)
    assert "which no slide is" in refusal(path)


def test_a_size_that_its_tiles_do_not_fill_is_refused(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(128, 128)])
    patch_tag(path, 256, 300_000)
    assert "should have 9376 tiles and lists 4" in refusal(path)


def test_tiles_too_large_to_hold_are_refused(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(128, 128)])
    patch_tag(path, 322, 60_000)
    patch_tag(path, 323, 60_000)
    assert "pieces of 60000 x 60000 px" in refusal(path)


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), 353.0])
def test_a_resolution_that_no_slide_has_is_refused(make_tiff: MakeTiff, mpp: float) -> None:
    path = make_tiff([picture(64, 64)])
    with pytest.raises(SlideError, match=r"a slide has 0\.05 to 20"):
        open_slide(path, mpp=mpp)


@pytest.mark.parametrize("side", [1, 2, 16, 63])
def test_slides_smaller_than_a_tile_work(make_tiff: MakeTiff, side: int) -> None:
    pixels = picture(side, side)
    with open_slide(make_tiff([pixels], **HALF_MICRON)) as slide:
        np.testing.assert_array_equal(slide.levels[0][:], pixels)
        np.testing.assert_array_equal(slide.read(0, 0, side, side), pixels)
        assert slide.thumbnail()[0].shape == (side, side, 3)
        assert slide.tissue().mask.ndim == 2


def test_grey_tiles_are_left_to_openslide(make_tiff: MakeTiff) -> None:
    grey = picture(200, 150)[..., 0]
    with open_slide(make_tiff([grey], photometric="minisblack")) as slide:
        assert slide.backend == "openslide"
        np.testing.assert_array_equal(slide.levels[0][:], np.repeat(grey[..., None], 3, axis=-1))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_mutated_header_is_read_or_refused_but_never_a_crash(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = write_tiff(tmp_path / "mutated.tif", [picture(128, 128), picture(64, 64)])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 400))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(SlideError), open_slide(path) as slide:
        assert slide.read(0, 0, 100, 100).shape == (100, 100, 3)
