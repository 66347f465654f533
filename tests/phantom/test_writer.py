"""Written slides: what readers see, and what a failure leaves behind."""

from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest
import tifffile

from napari_ggs.errors import UserError
from napari_ggs.phantom import PhantomSlide, Style, write_slide, write_truth
from napari_ggs.phantom.pyramid import Pyramid


@pytest.fixture(scope="module")
def phantom() -> PhantomSlide:
    return PhantomSlide(2065, 250, mpp=0.25, seed=9, outline="needle", style=Style(quality=90))


@pytest.fixture(scope="module")
def path(phantom: PhantomSlide, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slide") / "phantom.svs"
    write_slide(phantom, path)
    return path


def test_openslide_takes_it_for_an_aperio_slide_with_the_right_mpp(
    phantom: PhantomSlide, path: Path
) -> None:
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "aperio"
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.25)
        assert slide.properties["aperio.AppMag"] == "40"
        assert slide.dimensions == (phantom.width, phantom.height)
        assert slide.level_downsamples == pytest.approx((1, 4, 16), rel=0.01)


def test_pixels_come_back_within_what_jpeg_does(phantom: PhantomSlide, path: Path) -> None:
    x, y, side = 3000, 300, 400
    with openslide.OpenSlide(path) as slide:
        found = np.asarray(slide.read_region((x, y), 0, (side, side)))[..., :3].astype(float)
    drawn = phantom.render(x, y, side, side).astype(float)
    assert np.abs(found - drawn).mean() < 5
    assert np.abs(found.mean((0, 1)) - drawn.mean((0, 1))).max() < 1


def test_levels_are_averages_of_the_first(phantom: PhantomSlide, path: Path) -> None:
    base = phantom.render(0, 0, phantom.width // 16 * 16, phantom.height // 16 * 16)
    with tifffile.TiffFile(path) as tiff:
        levels = [level.asarray() for level in tiff.series[0].levels]
    for level, shrink in zip(levels[1:], (4, 16), strict=True):
        assert level.shape == (phantom.height // shrink, phantom.width // shrink, 3)
        rows, columns = (n // shrink for n in base.shape[:2])
        squares = base[: rows * shrink, : columns * shrink]
        squares = squares.reshape(rows, shrink, columns, shrink, 3).mean((1, 3))
        assert np.abs(level[:rows, :columns] - squares).mean() < 6


def test_tiles_are_jpeg_and_square(path: Path) -> None:
    with tifffile.TiffFile(path) as tiff:
        pages = [page for page in tiff.pages if page.is_tiled]
        assert {page.compression.name for page in pages} == {"JPEG"}
        assert {(page.tilewidth, page.tilelength) for page in pages} == {(256, 256)}
        assert not tiff.is_bigtiff


def test_it_says_nothing_about_who_or_where(path: Path) -> None:
    with tifffile.TiffFile(path) as tiff:
        names = {tag.name for page in tiff.pages for tag in page.tags.values()}
        assert not names & {"DateTime", "HostComputer", "Artist", "Software"}
        assert str(path.parent) not in tiff.pages[0].description


def test_truth_is_written_as_a_table(phantom: PhantomSlide, tmp_path: Path) -> None:
    write_truth(phantom, tmp_path / "truth.csv")
    found = pd.read_csv(tmp_path / "truth.csv")
    assert found.columns.tolist() == phantom.truth.columns.tolist()
    np.testing.assert_allclose(found["radius"], phantom.truth["radius"], atol=1e-3)


def test_progress_rises_from_0_to_1(tmp_path: Path) -> None:
    seen: list[float] = []
    small = PhantomSlide(300, 300, mpp=0.5, seed=1, outline="needle")
    write_slide(small, tmp_path / "small.svs", seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_slide_of_one_tile_is_a_slide(tmp_path: Path) -> None:
    small = PhantomSlide(40, 30, mpp=0.5, seed=1, outline="field")
    write_slide(small, tmp_path / "tiny.svs")
    with openslide.OpenSlide(tmp_path / "tiny.svs") as slide:
        assert slide.dimensions == (80, 60)
        assert slide.level_count == 1


def test_an_interruption_leaves_nothing_and_keeps_what_was_there(
    phantom: PhantomSlide, tmp_path: Path
) -> None:
    target = tmp_path / "phantom.svs"
    target.write_bytes(b"older")

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_slide(phantom, target, stop)
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


def test_a_missing_folder_is_one_clear_line(phantom: PhantomSlide, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist") as error:
        write_slide(phantom, tmp_path / "nowhere" / "phantom.svs")
    assert "\n" not in str(error.value)


def test_what_is_gathered_does_not_grow_with_the_slide() -> None:
    """Beside encoded tiles, only level 2 is held as pixels: 1/256 of the slide."""
    large = PhantomSlide(6000, 5000, mpp=0.25, seed=1)
    pyramid = Pyramid(large, lambda _: None)
    assert pyramid.overview().nbytes <= large.width * large.height * 3 / 250
