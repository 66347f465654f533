"""Ready-made crops are read whatever their size and mode, or say what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ggs.classification.reading import read_crop
from napari_ggs.errors import UserError


def saved(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_any_size_becomes_the_side_that_is_asked_for(tmp_path: Path) -> None:
    checks = np.kron(np.indices((8, 12)).sum(axis=0) % 2 * 255, np.ones((16, 16)))
    pixels = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    small = read_crop(saved(pixels, tmp_path / "large.tif"), 4)
    assert small.shape == (4, 4, 3)
    assert (np.abs(small.astype(int) - 127.5) < 1).all()  # the mean of black and white
    assert read_crop(saved(pixels[:5, :9], tmp_path / "tiny.png"), 64).shape == (64, 64, 3)


def test_what_is_transparent_is_white_and_grey_stays_grey(tmp_path: Path) -> None:
    clear = saved(np.zeros((20, 20, 4), np.uint8), tmp_path / "clear.png")
    assert (read_crop(clear, 8) == 255).all()
    assert (read_crop(saved(np.full((9, 9), 77, np.uint8), tmp_path / "grey.png"), 8) == 77).all()


def test_an_image_of_another_kind_names_itself(tmp_path: Path) -> None:
    deep = saved(np.ones((9, 9), np.float32), tmp_path / "deep.tif")
    with pytest.raises(UserError, match=r"deep\.tif has more than 8 bits"):
        read_crop(deep, 8)


def test_an_image_of_more_pixels_than_any_crop_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = saved(np.zeros((30, 30, 3), np.uint8), tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(UserError, match=r"large\.png cannot be read as an image .*replace"):
        read_crop(large, 8)
