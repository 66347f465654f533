"""Which pages are levels, and what happens to tiles that are damaged or missing."""

import logging
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import pytest
import tifffile

from napari_ggs.slides import open_slide, tiff
from napari_ggs.slides.errors import TileError
from napari_ggs.slides.tiff import PositionalFile, TiffBackend
from napari_ggs.slides.tiff_tiles import rgb_from_ycbcr

from .conftest import APERIO, HALF_MICRON, overwrite, picture

MakeTiff = Callable[..., Path]
SIZES = [(300, 240), (150, 120), (75, 60)]


def pyramid() -> list[np.ndarray]:
    return [picture(*size, seed=i) for i, size in enumerate(SIZES)]


@pytest.mark.parametrize("how", [{"subifds": True}, {"flagged": True}, {"flagged": False}])
def test_levels_are_found_however_they_are_stored(make_tiff: MakeTiff, how: dict) -> None:
    levels = pyramid()
    with open_slide(make_tiff(levels, **how)) as slide:
        assert slide.backend == "tiff"
        assert [grid.scale.mean for grid in slide.pyramid.grids] == [1, 2, 4]
        for expected, found in zip(levels, slide.levels, strict=True):
            np.testing.assert_array_equal(found[:], expected)


def test_pages_of_other_sizes_are_no_levels(make_tiff: MakeTiff) -> None:
    label, again = picture(100, 120), picture(300, 240, seed=5)
    with open_slide(make_tiff([*pyramid(), label, again], flagged=False)) as slide:
        assert [grid.scale.mean for grid in slide.pyramid.grids] == [1, 2, 4]


def write_aperio(path: Path, description: str = APERIO) -> Path:
    """An SVS: tiled levels, and between them a striped thumbnail, label and macro."""
    text = description.format(w=300, h=240)
    with tifffile.TiffWriter(path) as writer:
        tiled = {"tile": (64, 64), "photometric": "rgb", "metadata": None}
        writer.write(picture(300, 240), description=text, **tiled)
        writer.write(picture(150, 120, seed=9), photometric="rgb", metadata=None)
        writer.write(picture(150, 120, seed=1), description=text, **tiled)
        for flag, name in [(1, "label"), (9, "macro")]:
            named = f"Aperio\nlabel {name}"
            writer.write(
                np.zeros((96, 120, 3), np.uint8),
                description=named,
                subfiletype=flag,
                photometric="rgb",
                metadata=None,
            )
    return path


def test_an_aperio_thumbnail_label_and_macro_cannot_be_read(tmp_path: Path) -> None:
    with open_slide(write_aperio(tmp_path / "a.svs")) as slide:
        assert [level.shape for level in slide.levels] == [(240, 300, 3), (120, 150, 3)]
        np.testing.assert_array_equal(slide.levels[1][:], picture(150, 120, seed=1))


def test_aperio_names_its_resolution_and_nothing_else_about_the_patient(tmp_path: Path) -> None:
    secret = "|MPP = 0.2520|Filename = Doe|Date = 12/29/09|User = jd|ImageID = 7|Title = Jane"
    with open_slide(write_aperio(tmp_path / "a.svs", APERIO + secret)) as slide:
        assert slide.mpp == pytest.approx(0.252)
        assert set(slide.properties) == {
            "format",
            "compression",
            "magnification",
            "microns per pixel",
        }


def test_striped_rgb_is_read_strip_by_strip(make_tiff: MakeTiff) -> None:
    pixels = picture(300, 241)
    path = make_tiff([pixels], tile=None, rowsperstrip=50, compression="lzw")
    with open_slide(path) as slide:
        assert slide.backend == "tiff"
        np.testing.assert_array_equal(slide.levels[0][:], pixels)


@pytest.mark.parametrize(
    "how",
    [
        {"compression": "zstd", "predictor": True},
        {"compression": "webp", "compressionargs": {"lossless": True}},
        {"compression": "packbits"},
    ],
)
def test_rarer_compressions_are_read_without_loss(make_tiff: MakeTiff, how: dict) -> None:
    pixels = picture(300, 241)
    with open_slide(make_tiff([pixels], **how)) as slide:
        assert slide.backend == "tiff"
        np.testing.assert_array_equal(slide.levels[0][:], pixels)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_byte_order_and_bigtiff_make_no_difference(
    tmp_path: Path, byteorder: str, bigtiff: bool
) -> None:
    pixels, path = picture(130, 70), tmp_path / "slide.tif"
    tifffile.imwrite(
        path, pixels, tile=(64, 64), photometric="rgb", byteorder=byteorder, bigtiff=bigtiff
    )
    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.levels[0][:], pixels)


def ycbcr_jpeg_2000(subsampled: bool) -> bytes:
    """A 64 px codestream whose first component is a ramp and whose others are 128.

    Those two code no coefficients, so that they can be declared half as wide in the header.
    """
    pixels = np.full((64, 64, 3), 128, dtype=np.uint8)
    pixels[..., 0] = 3 * np.arange(64)
    stream = bytearray(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", mct=False, level=0))
    if subsampled:
        stream[46] = stream[49] = 2
    return bytes(stream)


@pytest.mark.parametrize("subsampled", [False, True])
def test_aperios_ycbcr_jpeg_2000_becomes_rgb(tmp_path: Path, subsampled: bool) -> None:
    path = tmp_path / "a.svs"
    tifffile.imwrite(
        path,
        iter([ycbcr_jpeg_2000(subsampled)]),
        shape=(64, 64, 3),
        dtype=np.uint8,
        tile=(64, 64),
        photometric="rgb",
        compression=33003,
        description=APERIO.format(w=64, h=64),
        metadata=None,
    )
    with open_slide(path) as slide, openslide.OpenSlide(path) as reference:
        assert slide.backend == "tiff"
        expected = np.asarray(reference.read_region((0, 0), 0, (64, 64)))[..., :3]
        np.testing.assert_array_equal(expected[5, :, 1], 3 * np.arange(64))
        np.testing.assert_array_equal(slide.levels[0][:], expected)


def test_full_range_ycbcr_becomes_rgb() -> None:
    ycbcr = np.array([[[255, 128, 128], [76, 85, 255], [29, 255, 107]]], dtype=np.uint8)
    expected = [[[255, 255, 255], [254, 0, 0], [0, 0, 254]]]
    np.testing.assert_array_equal(rgb_from_ycbcr(ycbcr), expected)


def test_a_damaged_tile_is_grey_counted_and_told_once(
    make_tiff: MakeTiff, caplog: pytest.LogCaptureFixture
) -> None:
    pixels = picture(256, 192)
    path = make_tiff([pixels], compression="deflate", **HALF_MICRON)
    overwrite(path, 0, [1, 6])
    with open_slide(path) as slide, caplog.at_level(logging.WARNING):
        found = slide.levels[0][:]
        slide.read(0, 0, 256, 192, mpp=0.7)
        assert slide.unread_fraction() == pytest.approx(2 / 12, abs=0.04)
    hidden = np.zeros((192, 256), bool)
    hidden[:64, 64:128] = hidden[64:128, 128:192] = True
    assert (found[hidden] == 243).all()
    np.testing.assert_array_equal(found[~hidden], pixels[~hidden])
    assert slide.unread_tiles == 2
    assert len(caplog.records) == 1


def test_a_damaged_tile_of_a_coarse_level_is_made_from_the_finer_one(make_tiff: MakeTiff) -> None:
    fine = picture(256, 256)
    blocks = fine.reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    coarse = np.rint(blocks).astype(np.uint8)
    path = make_tiff([fine, coarse], compression="deflate")
    overwrite(path, 1, [0, 3])
    with open_slide(path) as slide:
        assert np.abs(slide.levels[1][:] - blocks).max() <= 0.5
        assert slide.unread_tiles == 0


def empty_first_tile(path: Path, **options: str) -> Path:
    """A TIFF of four tiles, the first one without bytes."""
    tiles = [b""] + [picture(64, 64, seed=i).tobytes() for i in range(3)]
    tifffile.imwrite(
        path,
        iter(tiles),
        shape=(128, 128, 3),
        dtype=np.uint8,
        tile=(64, 64),
        photometric="rgb",
        metadata=None,
        **options,
    )
    return path


def test_a_tile_without_bytes_was_never_scanned_and_is_white(tmp_path: Path) -> None:
    with open_slide(empty_first_tile(tmp_path / "a.tif")) as slide:
        assert (slide.levels[0][:64, :64] == 255).all()
        assert slide.unread_tiles == 0


def test_a_tile_without_bytes_of_aperio_is_lost_and_grey(tmp_path: Path) -> None:
    path = empty_first_tile(tmp_path / "a.svs", description=APERIO.format(w=128, h=128))
    with open_slide(path) as slide:
        assert (slide.levels[0][:64, :64] == 243).all()
        assert slide.unread_tiles == 1


def test_a_tile_that_claims_to_be_huge_is_not_decoded(make_tiff: MakeTiff) -> None:
    path = make_tiff([picture(128, 64)], compression="jpeg")
    with tifffile.TiffFile(path) as pages:
        start = pages.pages[0].dataoffsets[0]
    content = bytearray(path.read_bytes())
    frame = content.index(b"\xff\xc0", start)
    content[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    backend = TiffBackend(path)
    with pytest.raises(TileError, match="65535"):
        backend.decode(0, 0, 0)
    assert backend.decode(0, 0, 1) is not None


def test_a_jpeg_2000_tile_of_a_thousand_components_is_not_decoded(tmp_path: Path) -> None:
    stream = bytearray(imagecodecs.jpeg2k_encode(picture(64, 64), codecformat="j2k"))
    stream[40:42] = b"\x10\x00"
    path = tmp_path / "a.svs"
    tifffile.imwrite(
        path,
        iter([bytes(stream)]),
        shape=(64, 64, 3),
        dtype=np.uint8,
        tile=(64, 64),
        photometric="rgb",
        compression=33005,
        metadata=None,
    )
    with pytest.raises(TileError, match="claims 4096 components"):
        TiffBackend(path).decode(0, 0, 0)


def test_files_are_read_the_same_without_pread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bytes").write_bytes(bytes(range(200)))
    file = PositionalFile(tmp_path / "bytes")
    with_pread = [file.read(offset, 20) for offset in (0, 50, 190)]
    monkeypatch.delattr(tiff.os, "pread", raising=False)
    assert [file.read(offset, 20) for offset in (0, 50, 190)] == with_pread
    assert with_pread[2] == bytes(range(190, 200))
    file.close()
