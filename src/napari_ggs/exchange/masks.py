"""Label masks (PNG, TIFF): every pixel that is not 0 is glomerulus. Read only.

Where the mask has one channel, several values, and nearly all pixels of each value hang
together, the values are numbers of glomeruli, which may touch. Else each connected area is one:
of a mask of one value, of colours, of anti-aliased edges.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from napari_ggs.errors import UserError
from napari_ggs.exchange import shapes
from napari_ggs.exchange.shapes import Size
from napari_ggs.glomeruli import GEOMETRY

LARGEST = 2**27
"""Pixels of a mask: a whole slide at 4 um/px has a third of them."""

TOGETHER = 0.9
"""Share of a value's pixels in its largest area for it to be one glomerulus."""

PHOTOGRAPH = 0.95
"""Share of pixels that are not black from which a colour image is no mask."""

SPECK = 4
"""Areas of fewer pixels are no glomeruli."""

DIAGONALS = np.ones((3, 3), dtype=bool)
Labels = NDArray[np.integer]


def read_mask(path: Path) -> tuple[pd.DataFrame, Size]:
    """Read the glomeruli of a mask as circles of equal area at their centroids.

    Returns
    -------
    table : DataFrame
        In px of the mask; ``cut`` where the edge of the mask is touched.
    size : tuple of float
        The mask's width and height.

    Raises
    ------
    UserError
        If the file is no image, too large, or empty.
    """
    labels = _read(path)
    height, width = labels.shape
    rows = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        if place is None or (area := labels[place] == number).sum() < SPECK:
            continue
        circle = shapes.mask(area)
        assert circle is not None, "a speck at least"
        top, left = place[0].start, place[1].start
        cut = not (top and left and place[0].stop < height and place[1].stop < width)
        moved = (circle[0] + left, circle[1] + top, circle[2])
        rows.append(dict(zip(GEOMETRY, moved, strict=True)) | {"cut": cut})
    if not rows:
        raise UserError(
            f"The mask {path} is empty: all its {width} x {height} pixels are 0 (glomeruli are "
            "what is not 0). For a slide without glomeruli give a CSV file of the line x,y,radius."
        )
    return pd.DataFrame(rows), (float(width), float(height))


def _read(path: Path) -> Labels:
    try:
        pixels = _tiff(path) if path.suffix.lower() in (".tif", ".tiff") else _picture(path)
        if pixels.ndim not in (2, 3):
            raise ValueError(f"it has {pixels.ndim} dimensions, not 2 or 3")
        return _labels(pixels)
    except (OSError, ValueError, tifffile.TiffFileError, Image.DecompressionBombError) as error:
        raise UserError(
            f"The mask {path} cannot be read ({error}). Expected a PNG or TIFF image that is 0 "
            "where there is no glomerulus."
        ) from error


def _picture(path: Path) -> NDArray[np.generic]:
    with Image.open(path) as image:
        _check(image.width, image.height)
        return np.asarray(image)


def _tiff(path: Path) -> NDArray[np.generic]:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        _check(page.imagewidth, page.imagelength)
        return np.asarray(page.asarray())


def _check(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise ValueError(
            f"{width} x {height} px are too many: shrink it, to 4 um/px say, without smoothing"
        )


def _labels(pixels: NDArray[np.generic]) -> Labels:
    """Number the glomeruli, 0 between them."""
    if pixels.ndim == 3:
        colours = pixels[..., : 3 if pixels.shape[2] > 2 else 1]  # alpha is none
        _refuse_photograph(colours)
        return _areas(np.asarray(colours.any(axis=2)))
    values = pd.unique(pixels.ravel())
    if pixels.dtype.kind in "iu" and np.count_nonzero(values) > 1:
        numbers = 1 + pd.factorize(pixels.ravel())[0].reshape(pixels.shape)
        numbers[pixels == 0] = 0
        if _each_together(numbers):
            return numbers
    return _areas(pixels.astype(bool))


def _refuse_photograph(colours: NDArray[np.generic]) -> None:
    """Nearly no pixel of a photograph is black; of a mask most are."""
    if colours.shape[2] > 1 and colours.any(axis=2).mean() > PHOTOGRAPH:
        raise ValueError("hardly a pixel is black, as in a photograph: that is no mask")


def _areas(mask: NDArray[np.bool_]) -> Labels:
    labels, _ = ndimage.label(mask, DIAGONALS)
    return np.asarray(labels)


def _each_together(numbers: Labels) -> bool:
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        if place is not None:
            sizes = np.bincount(_areas(numbers[place] == number).ravel())[1:]
            if sizes.max() < TOGETHER * sizes.sum():
                return False
    return True
