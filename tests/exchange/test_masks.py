"""Label masks: what is not 0 is glomerulus."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from napari_ggs.errors import UserError
from napari_ggs.exchange.masks import read_mask

Y, X = np.mgrid[:200, :300] + 0.5
CIRCLES = [(60.0, 70.0, 30.0), (120.0, 70.0, 30.0), (220.0, 120.0, 40.0)]
"""The first two touch."""


def disc(x: float, y: float, radius: float) -> NDArray[np.bool_]:
    return (X - x) ** 2 + (Y - y) ** 2 <= radius**2


def numbered() -> NDArray[np.uint16]:
    mask = np.zeros(X.shape, np.uint16)
    for number, circle in zip((7, 300, 1000), CIRCLES, strict=True):
        mask[disc(*circle)] = number
    return mask


def saved(mask: NDArray, path: Path) -> Path:
    if path.suffix == ".png":
        Image.fromarray(mask).save(path)
    else:
        tifffile.imwrite(path, mask)
    return path


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_numbered_glomeruli_may_touch(tmp_path, ending: str) -> None:
    table, size = read_mask(saved(numbered(), tmp_path / f"m{ending}"))
    assert size == (300, 200)
    np.testing.assert_allclose(table[["x", "y", "radius"]], CIRCLES, atol=0.4)
    assert not table.cut.any()


@pytest.mark.parametrize("channels", [0, 2, 3, 4])
def test_without_numbers_each_connected_area_is_one(tmp_path, channels: int) -> None:
    mask = (disc(*CIRCLES[0]) | disc(*CIRCLES[2])).astype(np.uint8) * 255
    if channels:
        planes = [mask] + [np.zeros_like(mask)] * (channels - 1)
        if channels in (2, 4):
            planes[-1] = np.full_like(mask, 255)  # alpha
        mask = np.stack(planes, axis=2)
    table, _ = read_mask(saved(mask, tmp_path / "m.png"))
    np.testing.assert_allclose(table[["x", "y", "radius"]], [CIRCLES[0], CIRCLES[2]], atol=0.2)


def test_soft_edges_are_no_numbers(tmp_path) -> None:
    x, y, radius = CIRCLES[2]
    soft = np.clip(radius - np.hypot(X - x, Y - y), 0, 1) * 255
    table, _ = read_mask(saved(soft.astype(np.uint8), tmp_path / "m.png"))
    np.testing.assert_allclose(table[["x", "y", "radius"]], [CIRCLES[2]], atol=0.5)


def test_the_edge_of_the_mask_cuts(tmp_path) -> None:
    mask = disc(0, 100, 30) | disc(150, 100, 30)
    table, _ = read_mask(saved(mask.astype(np.uint8), tmp_path / "m.tif"))
    assert table.cut.tolist() == [True, False]


def test_an_empty_mask_says_so(tmp_path) -> None:
    with pytest.raises(UserError, match=r"m\.png is empty: all its 300 x 200 pixels are 0"):
        read_mask(saved(np.zeros(X.shape, np.uint8), tmp_path / "m.png"))


def test_what_is_no_image_is_refused(tmp_path) -> None:
    for name in ("m.png", "m.tif"):
        (tmp_path / name).write_text("not an image")
        with pytest.raises(UserError, match=f"{name} cannot be read"):
            read_mask(tmp_path / name)


@pytest.mark.real_data
def test_a_real_mask_is_its_equal_area_circles(real_data: Path) -> None:
    table, _ = read_mask(real_data / "aidpath" / "tiles" / "masks" / "10224.png")
    np.testing.assert_allclose(np.pi * table.radius**2, [67940, 57063])
    assert table.cut.tolist() == [True, False]
