"""PNG and JPEG fields of a microscope's camera."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ggs.slides import SlideError, open_slide, picture

from .conftest import picture as blobs

PIXELS = blobs(1300, 700)


@pytest.mark.parametrize("name", ["field.png", "field.JPG"])
def test_a_field_is_read_as_it_stands_with_the_scale_given_by_hand(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    Image.fromarray(PIXELS).save(path, dpi=(25400, 25400))
    expected = np.asarray(Image.open(path))
    with open_slide(path, mpp=0.5) as slide:
        assert (slide.backend, slide.mpp, slide.name) == ("picture", 0.5, "field")
        np.testing.assert_array_equal(slide.levels[0][:], expected)
        np.testing.assert_array_equal(slide.read(500, 490, 60, 50), expected[490:540, 500:560])
        assert slide.unread_tiles == 0


def test_dots_per_inch_are_no_microns_per_pixel(tmp_path: Path) -> None:
    path = tmp_path / "field.png"
    Image.fromarray(PIXELS).save(path, dpi=(25400, 25400))
    with open_slide(path) as slide, pytest.raises(SlideError, match="Give it with --mpp"):
        slide.require_mpp()


def test_transparent_pixels_are_white(tmp_path: Path) -> None:
    rgba = np.dstack([PIXELS, np.full(PIXELS.shape[:2], 255, np.uint8)])
    rgba[:9, :9, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "field.png")
    with open_slide(tmp_path / "field.png") as slide:
        found = slide.levels[0][:]
    assert (found[:9, :9] == 255).all()
    np.testing.assert_array_equal(found[9:], PIXELS[9:])


def test_a_palette_becomes_colours(tmp_path: Path) -> None:
    quantised = Image.fromarray(PIXELS).quantize(16)
    quantised.save(tmp_path / "field.png")
    with open_slide(tmp_path / "field.png") as slide:
        np.testing.assert_array_equal(slide.levels[0][:], np.asarray(quantised.convert("RGB")))


@pytest.mark.parametrize("mode", ["L", "I;16", "1", "LA"])
def test_pictures_without_colour_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (30, 20)).save(tmp_path / "grey.png")
    with pytest.raises(SlideError, match="no red, green and blue in 8 bits"):
        open_slide(tmp_path / "grey.png")


@pytest.mark.parametrize("name", ["field.png", "field.jpg"])
def test_a_picture_that_ends_early_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SlideError, match="damaged or cut short"):
        open_slide(path)


def test_a_picture_too_large_to_hold_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "field.png")
    monkeypatch.setattr(picture, "MAX_PIXELS", PIXELS[..., 0].size - 1)
    monkeypatch.setattr(picture, "_over_white", None)
    with pytest.raises(SlideError, match="1300 x 700 px"):
        open_slide(tmp_path / "field.png")


def test_the_suffix_alone_makes_no_picture(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("These are my notes.")
    with pytest.raises(SlideError, match="is not a slide that can be read here"):
        open_slide(tmp_path / "notes.png")
