"""Fields that a microscope's camera took: PNG and JPEG pictures, decoded whole."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.metadata import content_fingerprint

MAGIC = {".png": b"\x89PNG", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
"""How pictures begin, by suffix. The suffix counts too: a MIRAX slide's own file is a JPEG."""

MAX_PIXELS = 80_000_000
"""Most pixels of a picture, which is held whole: 240 MB."""

TILE = 512
WHITE = (255, 255, 255, 255)


def is_picture(path: Path) -> bool:
    """Whether a file is a PNG or JPEG by its suffix and by its first bytes."""
    magic = MAGIC.get(path.suffix.lower())
    if magic is None:
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


class PictureBackend:
    """A picture: see `Backend` for what it promises. It never knows its microns per pixel.

    Raises
    ------
    SlideError
        If it is damaged, too large to hold, or without colour.
    """

    name = "picture"
    mpp: float | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pixels = _decoded(path)
        height, width, _ = self._pixels.shape
        self.grids: tuple[Grid, ...] = (Grid(width, height, TILE, TILE),)
        kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
        self.properties: Mapping[str, str] = {"format": kind, "compression": kind}

    def decode(self, level: int, row: int, column: int) -> Pixels:
        """Return a tile."""
        x, y, width, height = self.grids[level].tile_box(row, column)
        return self._pixels[y : y + height, x : x + width].copy()

    def fingerprint(self) -> str:
        """Identity of the file's content."""
        return content_fingerprint(self._path)

    def close(self) -> None:
        """Do nothing: the file was closed when it had been decoded."""


def _decoded(path: Path) -> Pixels:
    """Decode to RGB, shape (h, w, 3), once the header has passed."""
    try:
        with Image.open(path) as picture:
            _check(picture, path.name)
            return _over_white(picture)
    except SlideError:
        raise
    except Exception as error:  # decoders of damaged data raise anything
        raise SlideError(
            f"{path.name} cannot be decoded ({error}): it is damaged or cut short. Copy or export "
            f"it again."
        ) from error


def _check(picture: Image.Image, name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise SlideError(
            f"{name} has {width} x {height} px, and a picture of one piece may have "
            f"{MAX_PIXELS // 10**6} million: convert it to a tiled, pyramidal TIFF."
        )
    if picture.mode not in {"RGB", "RGBA", "P"}:
        raise SlideError(
            f"{name} has no red, green and blue in 8 bits (it is of mode {picture.mode}), which "
            f"stained tissue has: export it as RGB."
        )


def _over_white(picture: Image.Image) -> Pixels:
    if picture.mode == "RGB":
        return np.array(picture)
    rgba = picture.convert("RGBA")
    return np.array(Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba).convert("RGB"))
