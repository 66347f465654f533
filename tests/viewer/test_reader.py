"""Slides open as lazy layers in micrometres; what is no slide is left to others."""

from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from npe2 import PluginManifest

from napari_ggs.slides import SlideError, open_slide
from napari_ggs.viewer.reader import get_reader


def test_a_slide_becomes_a_multiscale_layer_in_micrometres(kidney: Path) -> None:
    reader = get_reader(str(kidney))
    assert reader is not None
    ((levels, options, kind),) = reader(str(kidney))
    slide = open_slide(kidney)
    assert kind == "image"
    assert options["rgb"]
    assert options["multiscale"]
    assert options["scale"] == (slide.mpp, slide.mpp)
    assert options["units"] == ("um", "um")
    assert options["metadata"]["slide"] == slide
    assert levels[0].shape == (slide.height, slide.width, 3)
    assert max(levels[-1].shape) <= 1500
    np.testing.assert_array_equal(
        np.asarray(levels[0][300:310, 200:220]), slide.read(200, 300, 20, 10)
    )


def test_a_slide_without_a_pixel_size_stays_in_pixels(tmp_path: Path) -> None:
    path = tmp_path / "unknown.tif"
    pixels = np.full((600, 700, 3), 220, np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb", resolutionunit="none")
    reader = get_reader(str(path))
    assert reader is not None
    ((_, options, _),) = reader(str(path))
    assert options["scale"] == (1.0, 1.0)
    assert options["units"] == ("pixel", "pixel")


def test_a_plain_picture_is_left_to_other_plugins(tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, np.zeros((50, 60, 3), np.uint8), photometric="rgb")
    assert get_reader(str(path)) is None
    assert get_reader([str(path), str(path)]) is None


def test_a_file_that_only_looks_like_a_tiff_is_left_to_other_plugins(tmp_path: Path) -> None:
    path = tmp_path / "text.tif"
    path.write_text("no picture")
    assert get_reader(str(path)) is None


def test_a_broken_slide_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "broken.svs"
    path.write_bytes(b"II*\0broken")
    reader = get_reader(str(path))
    assert reader is not None
    with pytest.raises(SlideError, match=r"broken\.svs"):
        reader(str(path))


def test_half_a_download_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "half.tif"
    pixels = np.full((2000, 2000, 3), 200, np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb")
    path.write_bytes(path.read_bytes()[:20_000])
    reader = get_reader(str(path))
    assert reader is not None
    with pytest.raises(SlideError, match=r"half\.tif"):
        reader(str(path))


@pytest.mark.real_data
def test_a_tiled_tiff_that_nobody_can_decode_says_what_is_wrong(real_data: Path) -> None:
    path = str(real_data / "slides" / "broken" / "unopenable.tiff")
    reader = get_reader(path)
    assert reader is not None
    with pytest.raises(SlideError, match="compression"):
        reader(path)


def test_a_folder_without_a_slide_is_left_to_other_plugins(tmp_path: Path) -> None:
    assert get_reader(str(tmp_path)) is None
    (tmp_path / "notes.txt").write_text("no slide")
    assert get_reader(str(tmp_path)) is None


@pytest.mark.real_data
def test_the_folder_of_a_dicom_slide_can_be_dragged_in(real_data: Path) -> None:
    folder = str(real_data / "slides" / "CMU-1-Small-Region_dicom")
    reader = get_reader(folder)
    assert reader is not None
    ((levels, options, _),) = reader(folder)
    assert options["name"] == "CMU-1-Small-Region_dicom"
    assert np.asarray(levels[-1]).std() > 0


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["CMU-1-Small-Region.svs", "tcga-cr-7395-01a-01-ts1.svs", "boxes.tiff"]
)
def test_real_slides_open(real_data: Path, name: str) -> None:
    path = str(real_data / "slides" / name)
    reader = get_reader(path)
    assert reader is not None
    ((levels, options, _),) = reader(path)
    slide = options["metadata"]["slide"]
    assert options["units"] == (("pixel",) * 2 if slide.mpp is None else ("um",) * 2)
    assert np.asarray(levels[-1]).std() > 0


def test_the_manifest_names_what_is_there() -> None:
    manifest = PluginManifest.from_distribution("napari-ggs")
    manifest.validate_imports()
    assert all(reader.accepts_directories for reader in manifest.contributions.readers)
    assert [widget.display_name for widget in manifest.contributions.widgets] == [
        "Detect & Classify",
        "Review",
        "Retrain",
    ]


def write_zarr(path: Path, scaled: bool, channels: int = 3) -> str:
    """An OME-Zarr of one level, with or without a unit of length."""
    group = zarr.open_group(path, mode="w")
    unit = {"unit": "micrometer"} if scaled else {}
    axes = [{"name": axis, "type": "space"} | unit for axis in "yx"]
    scale = [{"type": "scale", "scale": [1, 0.5, 0.5]}]
    image = {
        "axes": [{"name": "c", "type": "channel"}, *axes],
        "datasets": [{"path": "0", "coordinateTransformations": scale}],
    }
    group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    group.create_array("0", data=np.full((channels, 90, 120), 200, np.uint8))
    return str(path)


def test_an_ome_zarr_of_a_slide_opens_and_others_are_left_to_other_plugins(tmp_path: Path) -> None:
    path = write_zarr(tmp_path / "case.ome.zarr", scaled=True)
    reader = get_reader(path)
    assert reader is not None
    ((levels, options, _),) = reader(path)
    assert (options["name"], options["scale"]) == ("case", (0.5, 0.5))
    assert (np.asarray(levels[0]) == 200).all()
    assert get_reader(write_zarr(tmp_path / "picture.zarr", scaled=False)) is None
    assert get_reader(write_zarr(tmp_path / "cells.zarr", scaled=True, channels=2)) is None
    zarr.open_array(tmp_path / "array.zarr", mode="w", shape=(9,), dtype="uint8")
    assert get_reader(str(tmp_path / "array.zarr")) is None


def test_a_grey_ome_tiff_is_left_to_other_plugins(tmp_path: Path) -> None:
    path = tmp_path / "cells.ome.tif"
    tifffile.imwrite(path, np.zeros((600, 700), np.uint8), tile=(256, 256), ome=True)
    assert get_reader(str(path)) is None


def test_pictures_of_a_camera_are_not_claimed() -> None:
    manifest = PluginManifest.from_distribution("napari-ggs")
    (reader,) = manifest.contributions.readers
    for name in ("field.png", "field.jpg", "field.jpeg", "stack.npy"):
        assert not any(fnmatch(name, pattern) for pattern in reader.filename_patterns)
    for name in ("a.svs", "a.ome.tif", "a.ome.zarr", "https://host/a.ome.zarr"):
        assert any(fnmatch(name, pattern) for pattern in reader.filename_patterns)
