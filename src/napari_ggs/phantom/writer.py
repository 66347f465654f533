"""Write a phantom as a JPEG-tiled pyramidal TIFF that readers take for an Aperio SVS file."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_ggs.files import replacing
from napari_ggs.phantom.pyramid import TILE, Image, Pyramid, averaged, encoded
from napari_ggs.phantom.slide import PhantomSlide

_BIG = 2_000_000_000
"""Pixels beyond which a classic TIFF might not be large enough."""

_THUMBNAIL = 768
"""Longest side of the thumbnail, pixels."""

_BASE_SHARE = 0.97
"""Share of the work that is level 0."""


def write_slide(
    phantom: PhantomSlide, path: Path, progress: Callable[[float], None] | None = None
) -> None:
    """Write a slide, level by level, in nearly constant memory.

    Beside the tile in work, encoded tiles of one band and of level 1 and the pixels of level 2
    (1/256 of the slide) are held.

    Parameters
    ----------
    phantom : PhantomSlide
    path : Path
        Written under a temporary name beside it and then renamed: never half a file.
    progress : callable, optional
        Called with the share done, 0 to 1. What it raises ends the writing.

    Raises
    ------
    UserError
        If the folder is missing or read-only, or the disk is full.
    """
    report = progress or (lambda _: None)
    with replacing(Path(path)) as temporary:
        big = phantom.width * phantom.height > _BIG
        with tifffile.TiffWriter(temporary, bigtiff=big) as tiff:
            _write_levels(tiff, phantom, report)
    report(1.0)


def write_truth(phantom: PhantomSlide, path: Path) -> None:
    """Write the true circles as CSV (columns as `PhantomSlide.truth`).

    Raises
    ------
    UserError
        If the folder is missing or read-only, or the disk is full.
    """
    with replacing(Path(path)) as temporary:
        phantom.truth.to_csv(temporary, index=False, float_format="%.4f")


def _write_levels(
    tiff: tifffile.TiffWriter, phantom: PhantomSlide, report: Callable[[float], None]
) -> None:
    pyramid = Pyramid(phantom, lambda share: report(_BASE_SHARE * share))
    with closing(pyramid.base()) as tiles:
        _write_level(tiff, phantom, pyramid.size(0), tiles)
    _write_thumbnail(tiff, phantom, pyramid.overview())
    for size, lower in pyramid.lower_levels():
        _write_level(tiff, phantom, size, lower)


def _write_level(
    tiff: tifffile.TiffWriter, phantom: PhantomSlide, size: tuple[int, int], tiles: Iterator[bytes]
) -> None:
    shape = (size[1], size[0], 3)
    tiff.write(tiles, shape=shape, tile=(TILE, TILE), **_how(phantom, size))


def _write_thumbnail(tiff: tifffile.TiffWriter, phantom: PhantomSlide, overview: Image) -> None:
    """Write Aperio's second page: a small untiled picture."""
    small = averaged(overview, -(-max(overview.shape[:2]) // _THUMBNAIL))
    height, width = small.shape[:2]
    picture = iter([encoded(small, phantom.style.quality)])
    tiff.write(picture, shape=small.shape, rowsperstrip=height, **_how(phantom, (width, height)))


def _how(phantom: PhantomSlide, size: tuple[int, int]) -> dict[str, Any]:
    """Tags that every page has; nothing about when, where or by whom."""
    return {
        "dtype": np.uint8,
        "photometric": "ycbcr",
        "subsampling": (2, 2),
        "compression": "jpeg",
        "description": _description(phantom, size),
        "metadata": None,
        "software": False,
    }


def _description(phantom: PhantomSlide, size: tuple[int, int]) -> str:
    full = f"{phantom.width}x{phantom.height}"
    became = "" if size == (phantom.width, phantom.height) else f" -> {size[0]}x{size[1]}"
    return (
        f"Aperio Image Library v12.0.0\r\n{full} [0,0 {full}] ({TILE}x{TILE}){became} "
        f"JPEG/RGB Q={phantom.style.quality}|AppMag = {10 / phantom.mpp:.4g}"
        f"|MPP = {phantom.mpp:.6g}|Title = napari-ggs phantom, seed {phantom.seed}"
    )
