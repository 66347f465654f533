"""A small slide of every format that can be written here, and what its levels should be."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import openslide
import tifffile
from PIL import Image

from napari_ggs.slides import open_slide
from napari_ggs.slides.converting import write_ome_zarr

from . import vendors
from .conftest import APERIO, HALF_MICRON, Pixels, picture, write_tiff
from .test_ome_tiff import QUARTER

LEVELS = [picture(700, 500), picture(350, 250, seed=1), picture(175, 125, seed=2)]
ODD = [picture(1000, 701), picture(333, 233, seed=1), picture(142, 100, seed=2)]
WHOLE = [picture(768, 512), picture(384, 256, seed=1), picture(192, 128, seed=2)]
"""Levels of whole tiles, which some vendors' files are made of."""

YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""Full-range YCbCr of RGB (JFIF 1.02)."""


class Made(NamedTuple):
    """A slide that was written, and what is expected of it.

    Attributes
    ----------
    levels : sequence of ndarray
        Pixels of every level in the file, outside of what was scanned white.
    scales : sequence of float
        Level-0 px per pixel of each level.
    tolerance : int
        Grey levels by which decoders may differ.
    """

    path: Path
    backend: str
    mpp: float | None
    levels: Sequence[Pixels]
    scales: Sequence[float] = (1, 2, 4)
    tolerance: int = 0


def by_openslide(path: Path) -> list[Pixels]:
    """Every level as OpenSlide reads it whole, over white."""
    with openslide.OpenSlide(path) as slide:
        return [
            over_white(slide.read_region((0, 0), level, size))
            for level, size in enumerate(slide.level_dimensions)
        ]


def over_white(picture: Image.Image) -> Pixels:
    """RGBA pixels, all or not at all transparent, over white."""
    rgba = np.asarray(picture)
    assert set(np.unique(rgba[..., 3])) <= {0, 255}
    return np.where(rgba[..., 3:] == 255, rgba[..., :3], np.uint8(255))


def _tiff(folder: Path) -> Made:
    path = write_tiff(folder / "a.tif", LEVELS, compression="jpeg", **HALF_MICRON)
    return Made(path, "tiff", 0.5, by_openslide(path))


def _odd_tiff(folder: Path) -> Made:
    path = write_tiff(folder / "a.tif", ODD, compression="deflate", **HALF_MICRON)
    return Made(path, "tiff", 0.5, ODD, (1, 3, 7))


def _planar_tiff(folder: Path) -> Made:
    planes = [np.moveaxis(level, -1, 0).copy() for level in LEVELS]
    path = write_tiff(folder / "a.tif", planes, planarconfig="separate", **HALF_MICRON)
    return Made(path, "tiff", 0.5, LEVELS)


def _ome_tiff(folder: Path) -> Made:
    path = folder / "a.ome.tif"
    jpeg = {"tile": (64, 64), "photometric": "rgb", "compression": "jpeg"}
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(LEVELS[0], subifds=2, metadata={"axes": "YXS"} | QUARTER, **jpeg)
        for level in LEVELS[1:]:
            writer.write(level, subfiletype=1, **jpeg)
    with tifffile.TiffFile(path) as tiff:
        return Made(path, "tiff", 0.25, [level.asarray() for level in tiff.series[0].levels])


def _svs(folder: Path) -> Made:
    text = APERIO.format(w=700, h=500) + "|MPP = 0.5"
    path = write_tiff(folder / "a.svs", LEVELS, compression="jpeg", description=text)
    return Made(path, "tiff", 0.5, by_openslide(path))


def _jpeg_2000(compression: int) -> Callable[[Path], Made]:
    def write(folder: Path) -> Made:
        path = folder / "a.svs"
        with tifffile.TiffWriter(path) as writer:
            for level in WHOLE:
                writer.write(
                    iter(_codestreams(level, ycbcr=compression == 33003)),
                    shape=level.shape,
                    dtype=np.uint8,
                    tile=(64, 64),
                    photometric="rgb",
                    compression=compression,
                    description=APERIO.format(w=768, h=512) + "|MPP = 0.5",
                    metadata=None,
                )
        return Made(path, "tiff", 0.5, by_openslide(path), tolerance=1)

    return write


def _codestreams(level: Pixels, ycbcr: bool) -> list[bytes]:
    """Tiles of 64 px, row by row, each coded without loss."""
    if ycbcr:
        level = np.rint(np.clip(level @ YCBCR.T + [0, 128, 128], 0, 255)).astype(np.uint8)
    rows, columns = level.shape[0] // 64, level.shape[1] // 64
    tiles = level.reshape(rows, 64, columns, 64, 3).swapaxes(1, 2).reshape(-1, 64, 64, 3)
    return [
        imagecodecs.jpeg2k_encode(tile, codecformat="j2k", mct=False, level=0) for tile in tiles
    ]


def _scn(folder: Path) -> Made:
    first, second = vendors.area_levels(640, 448, 1), vendors.area_levels(352, 512, 20)
    areas = [vendors.Area(100_300, 200_700, first), vendors.Area(600_000, 150_000, second)]
    path = vendors.write_scn(folder / "a.scn", (1_000_000, 700_000), areas)
    canvases = []
    with tifffile.TiffFile(path) as tiff:
        for level, scale in enumerate((1, 4, 16)):
            canvas = np.full((-(-1400 // scale), 2000 // scale, 3), 255, np.uint8)
            for page, x, y in ((1 + level, 200, 401), (4 + level, 1200, 300)):
                area = tiff.pages[page].asarray()
                left, top = round(x / scale), round(y / scale)
                canvas[top : top + area.shape[0], left : left + area.shape[1]] = area
            canvases.append(canvas)
    return Made(path, "tiff", 0.5, canvases, (1, 4, 16))


def _mrxs(folder: Path) -> Made:
    path = vendors.write_mrxs(folder / "a.mrxs", WHOLE, empty=1)
    seen = [level.copy() for level in WHOLE]
    for level, side in zip(seen, (256, 128, 64), strict=True):
        level[:side] = level[:, :side] = 255
    return Made(path, "openslide", 0.5, seen)


def _of_vendor(
    write: Callable[..., Path], name: str, *levels: Sequence[Pixels] | Pixels
) -> Callable[[Path], Made]:
    def made(folder: Path) -> Made:
        path = write(folder / name, *levels)
        with openslide.OpenSlide(path) as slide:
            scales = [round(scale) for scale in slide.level_downsamples]
        return Made(path, "openslide", 0.5, by_openslide(path), scales)

    return made


def _picture(name: str) -> Callable[[Path], Made]:
    def write(folder: Path) -> Made:
        Image.fromarray(LEVELS[0]).save(folder / name, quality=90)
        with Image.open(folder / name) as saved:
            return Made(folder / name, "picture", None, [np.asarray(saved)], (1,))

    return write


def _ome_zarr(version: str) -> Callable[[Path], Made]:
    def write(folder: Path) -> Made:
        source = write_tiff(folder / "a.tif", ODD, compression="deflate", **HALF_MICRON)
        path = folder / f"{version}.ome.zarr"
        with open_slide(source) as slide:
            write_ome_zarr(slide, path, version)
        return Made(path, "zarr", 0.5, ODD, (1, 3, 7))

    return write


FORMATS: dict[str, Callable[[Path], Made]] = {
    "TIFF": _tiff,
    "TIFF of odd factors": _odd_tiff,
    "TIFF of planes": _planar_tiff,
    "OME-TIFF": _ome_tiff,
    "SVS": _svs,
    "SVS of JPEG 2000 (33003)": _jpeg_2000(33003),
    "SVS of JPEG 2000 (33005)": _jpeg_2000(33005),
    "SCN": _scn,
    "Philips": _of_vendor(vendors.write_philips, "a.tiff", WHOLE),
    "Trestle": _of_vendor(vendors.write_trestle, "a.tif", WHOLE),
    "BIF": _of_vendor(vendors.write_bif, "a.bif", WHOLE[0]),
    "NDPI": _of_vendor(vendors.write_ndpi, "a.ndpi", WHOLE),
    "VMS": _of_vendor(vendors.write_vms, "a.vms", picture(1024, 512), picture(128, 64, seed=3)),
    "MRXS": _mrxs,
    "PNG": _picture("a.png"),
    "JPEG": _picture("a.jpg"),
    "OME-Zarr 0.4": _ome_zarr("0.4"),
    "OME-Zarr 0.5": _ome_zarr("0.5"),
}
