"""The file of a slide that a study knows is found again: moved, renamed, a folder, an address."""

import shutil
from pathlib import Path

import pytest

from napari_ggs.slides import Slide, SlideError, open_slide
from napari_ggs.slides.converting import write_ome_zarr
from napari_ggs.store import StoredSlide
from napari_ggs.store.locating import open_stored
from tests.slides.serving import serving


def stored(slide: Slide) -> StoredSlide:
    """What a study keeps of a slide."""
    about = slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.mpp
    return StoredSlide(*about, id=1, case="c", patient="p")


@pytest.fixture(scope="module")
def converted(kidney: Path, tmp_path_factory) -> Path:
    """A slide as OME-Zarr."""
    path = tmp_path_factory.mktemp("converted") / "kidney.ome.zarr"
    with open_slide(kidney) as slide:
        write_ome_zarr(slide, path)
    return path


def test_a_renamed_file_is_found_by_its_content(kidney: Path, tmp_path: Path) -> None:
    with open_slide(kidney) as slide:
        known = stored(slide)
    copy = tmp_path / "here" / "other name.tif"
    copy.parent.mkdir()
    shutil.copy(kidney, copy)
    gone = StoredSlide(**{**known.__dict__, "path": tmp_path / "gone.svs"})
    with open_stored(gone, [tmp_path]) as found:
        assert found.path == copy
    with pytest.raises(SlideError, match="No file with the content"):
        open_stored(gone, [tmp_path / "nowhere"])


def test_a_moved_ome_zarr_is_found_as_a_whole(converted: Path, tmp_path: Path) -> None:
    with open_slide(converted) as slide:
        known = stored(slide)
    copy = tmp_path / "moved.ome.zarr"
    shutil.copytree(converted, copy)
    gone = StoredSlide(**{**known.__dict__, "path": tmp_path / "gone.ome.zarr"})
    with open_stored(gone, [tmp_path]) as found:
        assert found.path == copy


def test_a_slide_on_a_server_is_opened_again_by_its_address(converted: Path) -> None:
    with serving(converted.parent) as address:
        with open_slide(f"{address}/{converted.name}") as slide:
            known = stored(slide)
        with open_stored(known) as found:
            assert found.fingerprint == known.fingerprint
