"""Reading ready-made crops of one glomerulus each from image files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ggs.errors import UserError


def read_crop(path: Path, side: int) -> NDArray[np.uint8]:
    """Read an image of any size as (side, side, 3).

    Area averages where it shrinks, interpolation where it grows, as in reads of a slide. What is
    transparent becomes white.

    Raises
    ------
    UserError
        If it is damaged, or no image of 8 bits a channel.
    """
    try:
        with Image.open(path) as opened:
            image = _rgb(opened, path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:
        reason = getattr(fault, "strerror", None) or " ".join(str(fault).split())
        raise UserError(f"{path} cannot be read as an image ({reason}): replace it.") from fault
    shrinks = min(image.size) >= side
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(image.resize((side, side), method))


def _rgb(image: Image.Image, path: Path) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        raise UserError(
            f"{path} has more than 8 bits a pixel (mode {image.mode}): save it as an RGB image."
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
