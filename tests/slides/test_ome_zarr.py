"""OME-Zarr: which arrays are levels, how large pixels are, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_ggs.slides import SlideError, open_slide

from .conftest import Pixels, picture

LEVELS = [picture(300, 201), picture(150, 101, seed=1)]
SPACE = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"]
AXES = [{"name": "c", "type": "channel"}, *SPACE]


def planes(pixels: Pixels) -> Pixels:
    """Colours first, as OME-Zarr has them."""
    return np.moveaxis(pixels, -1, 0)


def described(sizes: list[Any], axes: list[dict], **more: Any) -> dict[str, Any]:
    """A multiscale whose levels have these sizes of a pixel."""
    datasets = [
        {
            "path": f"s{level}",
            "coordinateTransformations": [
                {"type": "scale", "scale": [1] * (len(axes) - 2) + [size] * 2}
            ],
        }
        for level, size in enumerate(sizes)
    ]
    return {"axes": axes, "datasets": datasets} | more


def write_zarr(
    path: Path,
    version: str = "0.5",
    levels: list[np.ndarray] | None = None,
    axes: list[dict] = AXES,
    sizes: tuple[float, ...] = (0.25, 0.5),
    about: dict[str, Any] | None = None,
    **options: Any,
) -> Path:
    """Write arrays as they are, by zarr alone."""
    arrays = [planes(level) for level in LEVELS] if levels is None else levels
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    image = {"multiscales": [described(list(sizes[: len(arrays)]), axes)]} | (about or {})
    for multiscale in image["multiscales"]:
        multiscale |= {"version": "0.4"} if version == "0.4" else {}
    group.attrs.update(image if version == "0.4" else {"ome": {"version": "0.5"} | image})
    for level, pixels in enumerate(arrays):
        chunks = (1,) * (pixels.ndim - 2) + (64, 80)
        settings = {"name": f"s{level}", "data": pixels, "chunks": chunks} | options
        group.create_array(**settings)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_levels_and_microns_are_found(tmp_path: Path, version: str) -> None:
    with open_slide(write_zarr(tmp_path / "case 7.ome.zarr", version)) as slide:
        assert (slide.backend, slide.mpp, slide.name) == ("zarr", 0.25, "case 7")
        assert dict(slide.properties) == {"format": f"OME-Zarr {version}"}
        assert [grid.scale.mean for grid in slide.pyramid.grids] == [1, 2]
        for expected, found in zip(LEVELS, slide.levels, strict=True):
            np.testing.assert_array_equal(found[:], expected)


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (3, 100, 100), "shards": (3, 200, 300)},
        {"chunks": (1, 20, 20)},
        {"chunks": (3, 500, 500)},
        {"compressors": zarr.codecs.GzipCodec()},
        {"compressors": None},
    ],
    ids=["shards", "tiny chunks", "one chunk", "gzip", "uncompressed"],
)
def test_it_makes_no_difference_how_chunks_are_stored(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    with open_slide(write_zarr(tmp_path / "a.zarr", **options)) as slide:
        np.testing.assert_array_equal(slide.levels[0][:], LEVELS[0])
        np.testing.assert_array_equal(slide.read(90, 95, 130, 88), LEVELS[0][95:183, 90:220])


def test_axes_of_length_one_are_passed_over(tmp_path: Path) -> None:
    axes = [{"name": "t", "type": "time"}, AXES[0], {"name": "z", "type": "space"}, *SPACE]
    levels = [planes(level)[None, :, None] for level in LEVELS]
    with open_slide(write_zarr(tmp_path / "a.zarr", levels=levels, axes=axes)) as slide:
        np.testing.assert_array_equal(slide.levels[1][:], LEVELS[1])


def test_the_first_image_of_bioformats2raw_is_the_slide(tmp_path: Path) -> None:
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    write_zarr(tmp_path / "a.zarr" / "0", "0.4")
    write_zarr(tmp_path / "a.zarr" / "1", "0.4", levels=[np.zeros((3, 9, 9), np.uint8)])
    with open_slide(tmp_path / "a.zarr") as slide:
        np.testing.assert_array_equal(slide.levels[0][:], LEVELS[0])


@pytest.mark.parametrize(
    ("unit", "size", "expected"),
    [
        ("nanometer", 250, 0.25),
        ("millimeter", 0.00025, 0.25),
        (None, 0.25, None),
        ("micrometer", 250, None),
    ],
)
def test_lengths_are_converted_to_microns(
    tmp_path: Path, unit: str | None, size: float, expected: float | None
) -> None:
    space = [{"name": axis, "type": "space"} | ({"unit": unit} if unit else {}) for axis in "yx"]
    path = write_zarr(tmp_path / "a.zarr", axes=[AXES[0], *space], sizes=(size, 2 * size))
    with open_slide(path) as slide:
        assert slide.mpp == (None if expected is None else pytest.approx(expected))


def test_a_scale_of_all_levels_together_counts(tmp_path: Path) -> None:
    multiscale = described(
        [1, 2], AXES, coordinateTransformations=[{"type": "scale", "scale": [1, 0.3, 0.3]}]
    )
    with open_slide(write_zarr(tmp_path / "a.zarr", about={"multiscales": [multiscale]})) as slide:
        assert slide.mpp == pytest.approx(0.3)
        assert slide.pyramid.grids[1].scale.mean == pytest.approx(2)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [(0.5, 2), (0.50001, 2), (0.4985, 1.994), (5.0, 2), (0.25, 2)],
    ids=["as its size", "rounded", "otherwise", "wrong", "not at all"],
)
def test_a_level_is_placed_by_what_is_stated_if_its_size_allows(
    tmp_path: Path, stated: float, expected: float
) -> None:
    with open_slide(write_zarr(tmp_path / "a.zarr", sizes=(0.25, stated))) as slide:
        assert slide.pyramid.grids[1].scale.x == pytest.approx(expected)


@pytest.mark.parametrize("stated", [0.0, -0.5, 1e300])
def test_absurd_lengths_place_nothing(tmp_path: Path, stated: float) -> None:
    with open_slide(write_zarr(tmp_path / "a.zarr", "0.4", sizes=(0.25, stated))) as slide:
        assert slide.pyramid.grids[1].scale == (2, 2)
    with open_slide(write_zarr(tmp_path / "b.zarr", "0.4", sizes=(stated, 0.5))) as slide:
        assert (slide.mpp, slide.pyramid.grids[1].scale) == (None, (2, 2))


def refusal(path: Path) -> str:
    with pytest.raises(SlideError) as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_not_one_plane_of_8_bit_rgb_is_refused_in_plain_words(tmp_path: Path) -> None:
    fine = planes(LEVELS[0])
    grey = write_zarr(tmp_path / "grey.zarr", levels=[fine[0]], axes=SPACE)
    assert "axes y, x of sizes (201, 300)" in refusal(grey)
    two = write_zarr(tmp_path / "two.zarr", levels=[fine[:2]])
    assert "2 channels of uint8" in refusal(two)
    deep = write_zarr(tmp_path / "deep.zarr", levels=[fine.astype(np.uint16)])
    assert "3 channels of uint16" in refusal(deep)
    axes = [AXES[0], {"name": "z", "type": "space"}, *SPACE]
    stack = write_zarr(tmp_path / "stack.zarr", levels=[np.stack([fine] * 4, axis=1)], axes=axes)
    assert "several focal planes" in refusal(stack)


def test_three_channels_of_fluorescence_are_not_red_green_and_blue(tmp_path: Path) -> None:
    window = {"start": 0, "min": 0, "end": 255, "max": 255}
    channels = [{"color": colour, "window": window} for colour in ("0000FF", "00FF00", "FF0000")]
    path = write_zarr(tmp_path / "a.zarr", about={"omero": {"channels": channels}})
    assert "with colours 0000FF, 00FF00, FF0000" in refusal(path)


def test_other_zarrs_are_refused_with_what_is_wrong(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "plain.zarr", mode="w")
    assert "is a Zarr without an image" in refusal(tmp_path / "plain.zarr")
    old = write_zarr(tmp_path / "old.zarr", "0.4")
    attributes = zarr.open_group(old, mode="r+").attrs
    attributes["multiscales"] = [attributes["multiscales"][0] | {"version": "0.2"}]
    assert "is no OME-Zarr 0.4 or 0.5 (multiscales.0" in refusal(old)
    lacking = write_zarr(
        tmp_path / "lacking.zarr", about={"multiscales": [described([1] * 3, AXES)]}
    )
    assert "lacks its level 's2'" in refusal(lacking)
    (tmp_path / "plain.zarr" / "zarr.json").write_text("{")
    assert "cannot be opened as OME-Zarr" in refusal(tmp_path / "plain.zarr")


def test_absurd_sizes_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr")
    document = path / "s0" / "zarr.json"
    document.write_text(document.read_text().replace("300", str(10**9)))
    assert "which no slide is" in refusal(path)


def test_a_damaged_chunk_is_grey_and_counted(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", chunks=(3, 300, 256))
    chunk = path / "s0" / "c" / "0" / "0" / "1"
    chunk.write_bytes(chunk.read_bytes()[:999])
    with open_slide(path) as slide:
        found = slide.levels[0][:]
        assert slide.unread_tiles == 1
    assert (found[:, 256:] == 243).all()
    np.testing.assert_array_equal(found[:, :256], LEVELS[0][:, :256])


def test_a_slide_that_vanishes_is_grey_and_not_its_fill_value(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", chunks=(3, 256, 256))
    with open_slide(path) as slide:
        path.rename(tmp_path / "moved.zarr")
        assert (slide.read(280, 10, 20, 20) == 243).all()
        assert slide.unread_tiles == 1


def test_a_chunk_that_was_never_written_has_the_fill_value(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "a.zarr", chunks=(3, 256, 256), fill_value=255)
    (path / "s0" / "c" / "0" / "0" / "1").unlink()
    with open_slide(path) as slide:
        assert (slide.levels[0][:, 256:] == 255).all()
        assert slide.unread_tiles == 0
