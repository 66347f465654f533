"""TIFFs that OpenSlide reads are asked first what they claim."""

from pathlib import Path

import pytest
import tifffile

from napari_ggs.slides import SlideError, open_slide
from napari_ggs.slides.tiff_guard import check_claims

from .conftest import picture
from .vendors import write_bif, write_ndpi


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    return write_bif(tmp_path / "a.bif", picture(640, 448))


@pytest.mark.parametrize(("tag", "value"), [(325, 4_294_904_036), (322, 1_000_000)])
def test_claims_that_cannot_be_are_refused(slide: Path, tag: int, value: int) -> None:
    with tifffile.TiffFile(slide, mode="r+") as tiff:
        found = tiff.pages[1].tags[tag]
        found.overwrite([value, *found.value[1:]] if tag == 325 else value)
    with pytest.raises(SlideError, match="claims tiles larger than the file"):
        open_slide(slide)


def test_sound_slides_pass_and_what_is_no_tiff_is_left_to_openslide(
    slide: Path, tmp_path: Path
) -> None:
    check_claims(slide)
    check_claims(write_ndpi(tmp_path / "a.ndpi", [picture(640, 448)]))
    (tmp_path / "junk.bif").write_bytes(b"II*\0junk")
    check_claims(tmp_path / "junk.bif")
