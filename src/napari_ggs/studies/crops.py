"""Ready-made crops: which images a folder holds, their pixels, what their folders say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_ggs.errors import UserError
from napari_ggs.exchange.classes import class_of, is_class

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def image_files(folder: Path) -> list[Path]:
    """All images below a folder, in the order of their paths.

    Raises
    ------
    UserError
        If it is no folder or holds none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder. Name the folder of the images.")
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    if not files:
        raise UserError(f"There are no images ({', '.join(SUFFIXES)}) in {folder} or below it.")
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())


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
        reason = " ".join(str(fault).split())
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


@dataclass(frozen=True)
class Sorting:
    """What the folders of images say of them.

    Attributes
    ----------
    labels : list of str
        The class that the folder of an image, or one above it, is named after; "" if none is.
    patients : list of str
        The topmost folder that is no class; the image's own path if there is none.
    """

    labels: list[str]
    patients: list[str]

    @property
    def has_patients(self) -> bool:
        """Whether a folder holds several images of a patient."""
        return len(set(self.patients)) < len(self.patients)


def sorting(files: Sequence[str]) -> Sorting:
    """Read classes and patients from paths below a folder, such as ``patient/class/image.png``."""
    folders = [Path(file).parts[:-1] for file in files]
    classes = [[part for part in parts if is_class(part)] for parts in folders]
    others = [[part for part in parts if not is_class(part)] for parts in folders]
    return Sorting(
        [class_of(names[-1], {}, Path()) or "" if names else "" for names in classes],
        [names[0] if names else file for names, file in zip(others, files, strict=True)],
    )
