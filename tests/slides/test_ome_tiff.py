"""OME-TIFF: pyramids in sub-images, microns in XML, colours together or apart."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_ggs.slides import SlideError, open_slide

from .conftest import HALF_MICRON, Pixels, picture

LEVELS = [picture(333, 201), picture(166, 100, seed=1)]
QUARTER = {
    "PhysicalSizeX": 0.25,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeY": 0.25,
    "PhysicalSizeYUnit": "µm",
}
APART = [np.moveaxis(level, -1, 0).copy() for level in LEVELS]


def write_ome(
    path: Path, levels: list[Pixels], axes: str, about: dict[str, Any] = QUARTER, **options: Any
) -> Path:
    """Write an OME-TIFF with coarser levels as sub-images, and a label as its second image."""
    settings = {"tile": (64, 64), "compression": "deflate", "photometric": "rgb"} | options
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(
            levels[0], subifds=len(levels) - 1, metadata={"axes": axes} | about, **settings
        )
        for level in levels[1:]:
            writer.write(level, subfiletype=1, **settings)
        writer.write(
            picture(166, 100, seed=9), photometric="rgb", tile=(64, 64), metadata={"axes": "YXS"}
        )
    return path


@pytest.mark.parametrize(
    ("levels", "axes", "options"),
    [
        (LEVELS, "YXS", {}),
        (APART, "SYX", {"planarconfig": "separate"}),
        (APART, "SYX", {"planarconfig": "separate", "compression": None}),
        (APART, "CYX", {"photometric": "minisblack"}),
        (LEVELS, "YXS", {"tile": None, "rowsperstrip": 32}),
    ],
    ids=["together", "apart", "apart, uncompressed", "pages", "strips"],
)
def test_every_level_is_read_however_its_colours_are_stored(
    tmp_path: Path, levels: list[Pixels], axes: str, options: dict[str, Any]
) -> None:
    with open_slide(write_ome(tmp_path / "a.ome.tif", levels, axes, **options)) as slide:
        assert (slide.backend, slide.mpp, slide.name) == ("tiff", 0.25, "a")
        assert slide.properties["format"] == "OME-TIFF"
        assert [grid.scale.mean for grid in slide.pyramid.grids] == [1, 2]
        for expected, found in zip(LEVELS, slide.levels, strict=True):
            np.testing.assert_array_equal(found[:], expected)


@pytest.mark.parametrize(
    ("size", "unit", "expected"),
    [
        (500, "nm", 0.5),
        (0.0005, "mm", 0.5),
        (5000, "Å", 0.5),
        (0.5, "pixel", None),
        (90, "µm", None),
    ],
)
def test_lengths_are_converted_to_microns(
    tmp_path: Path, size: float, unit: str, expected: float | None
) -> None:
    about = {f"PhysicalSize{a}{k}": v for a in "XY" for k, v in (("", size), ("Unit", unit))}
    with open_slide(write_ome(tmp_path / "a.ome.tif", LEVELS, "YXS", about)) as slide:
        assert slide.mpp == (None if expected is None else pytest.approx(expected))


def test_without_lengths_the_tags_are_asked(tmp_path: Path) -> None:
    with open_slide(write_ome(tmp_path / "a.ome.tif", LEVELS, "YXS", {}, **HALF_MICRON)) as slide:
        assert slide.mpp == pytest.approx(0.5)


def refusal(path: Path, pixels: np.ndarray, axes: str, about: dict[str, Any] | None = None) -> str:
    tifffile.imwrite(
        path,
        pixels,
        ome=True,
        tile=(64, 64),
        photometric="rgb" if axes.endswith("S") else "minisblack",
        metadata={"axes": axes} | (about or {}),
    )
    with pytest.raises(SlideError) as caught:
        open_slide(path)
    return str(caught.value)


def test_what_is_not_one_plane_of_8_bit_rgb_is_refused_in_plain_words(tmp_path: Path) -> None:
    path, fine = tmp_path / "a.ome.tif", LEVELS[0]
    assert "1 channels of uint8, and a stained slide has red" in refusal(path, fine[..., 0], "YX")
    assert "3 channels of uint16" in refusal(path, fine.astype(np.uint16), "YXS")
    assert "2 channels of uint8" in refusal(path, np.stack([fine[..., 0]] * 2), "CYX")
    assert "4 focal planes" in refusal(path, np.stack([fine] * 4), "ZYXS")


def test_three_channels_of_fluorescence_are_not_red_green_and_blue(tmp_path: Path) -> None:
    about = {"Channel": {"Name": ["DAPI", "FITC", "Cy5"], "Color": [65535, 16711935, -16776961]}}
    said = refusal(tmp_path / "a.ome.tif", APART[0], "CYX", about)
    assert "3 channels of uint8" in said
    assert "export it as RGB" in said


def described(path: Path, text: str) -> Path:
    tifffile.imwrite(
        path, LEVELS[0], tile=(64, 64), photometric="rgb", description=text, metadata=None
    )
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<OME><Image></OME>", "OME-XML that cannot be read"),
        ('<OME><BinaryOnly MetadataFile="b"/></OME>', "part of an OME-TIFF of several files"),
        (
            '<OME><Image><Pixels Type="uint8" SizeC="3"><TiffData IFD="7"/></Pixels></Image></OME>',
            "lacks a page that its OME-XML names",
        ),
        (
            '<OME><Image><Pixels Type="uint8" SizeC="3" SizeZ="999999999"/></Image></OME>',
            "999999999 focal planes",
        ),
    ],
)
def test_damaged_xml_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SlideError, match=said):
        open_slide(described(tmp_path / "a.ome.tif", text))


def test_the_name_of_a_patient_in_the_xml_is_not_passed_on(tmp_path: Path) -> None:
    about = QUARTER | {"Name": "Doe, Jane", "Description": "born 1950"}
    with open_slide(write_ome(tmp_path / "a.ome.tif", LEVELS, "YXS", about)) as slide:
        assert dict(slide.properties) == {"format": "OME-TIFF", "compression": "deflate"}
