"""Small slides to read, written with tifffile."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
APERIO = "Aperio Image Library v12.0.0\r\n{w}x{h} [0,0 {w}x{h}] (256x256) JPEG/RGB Q=70|AppMag = 20"
HALF_MICRON = {"resolution": (20000.0, 20000.0), "resolutionunit": "CENTIMETER"}


def picture(width: int, height: int, seed: int = 0) -> Pixels:
    """Smooth coloured blobs with fine grain: shape (height, width, 3), different everywhere."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (17 + 9 * c) + c) + np.cos(y / (23 - 5 * c)) for c in range(3)]
    grain = rng.normal(0, 6, (height, width, 3))
    return np.clip(150 + 40 * np.stack(waves, axis=-1) + grain, 0, 254).astype(np.uint8)


def write_tiff(path: Path, levels: Iterable[Pixels], **options: Any) -> Path:
    """Write levels as successive pages (``subifds=True``: as sub-images of the first)."""
    levels = list(levels)
    nested = options.pop("subifds", False)
    flagged = options.pop("flagged", True)
    settings = {"tile": (64, 64), "photometric": "rgb", "metadata": None} | options
    with tifffile.TiffWriter(path) as writer:
        for index, pixels in enumerate(levels):
            extra: dict[str, Any] = {}
            if index and flagged:
                extra["subfiletype"] = 1
            if nested and not index:
                extra["subifds"] = len(levels) - 1
            writer.write(pixels, **settings, **extra)
    return path


def overwrite(path: Path, page: int, tiles: Iterable[int], junk: bytes = b"\xff\x00junk") -> None:
    """Damage tiles of a page: their first bytes become `junk`."""
    with tifffile.TiffFile(path) as tiff:
        offsets = tiff.pages[page].dataoffsets
    with path.open("r+b") as file:
        for tile in tiles:
            file.seek(offsets[tile])
            file.write(junk)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that a test makes are kept where no other test finds them."""
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))


@pytest.fixture
def make_tiff(tmp_path: Path) -> Callable[..., Path]:
    """Write levels into a TIFF in a temporary folder: make_tiff(levels, name=..., **options)."""

    def make(levels: Iterable[Pixels], name: str = "slide.tif", **options: Any) -> Path:
        return write_tiff(tmp_path / name, levels, **options)

    return make
