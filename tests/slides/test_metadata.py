"""Identity of content, and what may be passed on of it."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest

from napari_ggs.slides import open_slide
from napari_ggs.slides.metadata import aperio_fields, content_fingerprint, without_phi

from .conftest import picture


def test_the_fingerprint_survives_renaming_and_tells_slides_apart(
    make_tiff: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_tiff([picture(200, 100)])
    other = make_tiff([picture(200, 100, seed=1)], name="other.tif")
    renamed = Path(copy(path, tmp_path / "Jane Doe.tiff"))
    assert open_slide(path).fingerprint == open_slide(renamed).fingerprint
    assert open_slide(path).fingerprint != open_slide(other).fingerprint


@pytest.mark.parametrize("place", [0, 70_000, 2_000_000, 4_999_999])
def test_the_fingerprint_sees_the_whole_length_of_a_file(tmp_path: Path, place: int) -> None:
    content = bytearray(5_000_000)
    path = tmp_path / "slide"
    path.write_bytes(content)
    before = content_fingerprint(path)
    content[place : place + 400_000] = b"\1" * len(content[place : place + 400_000])
    path.write_bytes(content)
    assert content_fingerprint(path) != before
    path.write_bytes(content + b"\0")
    assert len(content_fingerprint(path)) == 32


def test_aperio_fields_are_split_and_only_technical_ones_kept() -> None:
    fields = aperio_fields("Aperio\r\n10x10|AppMag = 40|MPP = 0.25|Title = a=b|User = jd|odd")
    assert fields == {"AppMag": "40", "MPP": "0.25", "Title": "a=b", "User": "jd"}
    assert without_phi(fields) == {"magnification": "40", "microns per pixel": "0.25"}
