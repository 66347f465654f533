"""OME-Zarr 0.4 and 0.5: which arrays are the levels of the slide, and how large its pixels are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import ValidationError
from yaozarrs import v04, v05

from napari_ggs.slides.backend import Pixels, check_size
from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Grid, Scale, scale_between
from napari_ggs.slides.resolution import mean_mpp, microns

Image = v04.Image | v05.Image
Multiscale = v04.Multiscale | v05.Multiscale
Dataset = v04.Dataset | v05.Dataset
MAX_LEVELS = 64
SMALLEST_TILE = 256
SLACK = 1e-6
RGB = ["FF0000", "00FF00", "0000FF"]


@dataclass(frozen=True)
class ZarrLevel:
    """One array of the pyramid.

    Attributes
    ----------
    array : zarr.Array
    axes : tuple of str
        Names of its axes; all but c, y and x have length 1.
    grid : Grid
    """

    array: zarr.Array
    axes: tuple[str, ...]
    grid: Grid

    def read(self, rows: slice, columns: slice) -> Pixels:
        """Return a window, shape (h, w, 3)."""
        wanted = {"c": slice(None), "y": rows, "x": columns}
        pixels = np.asarray(self.array[tuple(wanted.get(axis, 0) for axis in self.axes)])
        return np.ascontiguousarray(np.moveaxis(pixels, 0, -1))


def read_metadata(group: zarr.Group, name: str) -> tuple[zarr.Group, Image]:
    """Return the group of the image, and what it says of itself.

    Raises
    ------
    SlideError
        If it is no OME-Zarr 0.4 or 0.5, or not one image.
    """
    attributes = dict(group.attrs)
    about: Any = attributes.get("ome", attributes)
    if "multiscales" not in about and "bioformats2raw.layout" in about:
        return read_metadata(_first_image(group, name), name)
    if "multiscales" not in about:
        raise SlideError(
            f"{name} is a Zarr without an image (multiscales): name the folder of one image in it, "
            f"which holds levels of one slide."
        )
    model = v05.Image if "ome" in attributes else v04.Image
    try:
        return group, model.model_validate(about)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SlideError(
            f"{name} is no OME-Zarr 0.4 or 0.5 ({place}: {' '.join(first['msg'].split())}): "
            f"convert it."
        ) from error


def _first_image(group: zarr.Group, name: str) -> zarr.Group:
    """The slide of what bioformats2raw writes; further images are labels and overviews."""
    first = group.get("0")
    if isinstance(first, zarr.Group) and not _is_collection(first):
        return first
    raise SlideError(f"{name} is a Zarr of several images, and the first is missing.")


def _is_collection(group: zarr.Group) -> bool:
    attributes: dict[str, Any] = dict(group.attrs)
    return "bioformats2raw.layout" in attributes.get("ome", attributes)


def levels_of(group: zarr.Group, image: Image, name: str) -> list[ZarrLevel]:
    """Open the arrays of the pyramid, finest first.

    Raises
    ------
    SlideError
        If they are not red, green and blue in 8 bits, or their sizes cannot be.
    """
    multiscale = image.multiscales[0]
    datasets: list[Dataset] = [*multiscale.datasets[:MAX_LEVELS]]
    arrays = [_array(group, dataset.path, name) for dataset in datasets]
    axes = tuple(axis.name for axis in multiscale.axes)
    levels = []
    for array, dataset in zip(arrays, datasets, strict=True):
        _check(array, axes, image, name)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = _step(multiscale, dataset) / _step(multiscale, datasets[0])
        levels.append(ZarrLevel(array, axes, _grid(array, arrays[0], Scale(*ratio), name)))
    return levels


def mpp_of(image: Image) -> float | None:
    """Microns per level-0 pixel; None where the axes have no unit of length."""
    multiscale = image.multiscales[0]
    step = _step(multiscale, multiscale.datasets[0])
    units = {axis.name: getattr(axis, "unit", None) or "" for axis in multiscale.axes}
    return mean_mpp(*(microns(float(s), units[n]) for s, n in zip(step, "xy", strict=True)))


def _step(multiscale: Multiscale, dataset: Dataset) -> NDArray[np.float64]:
    """Length of a pixel of a level along x and y, in the units of the axes."""
    axes = [axis.name for axis in multiscale.axes]
    steps = np.ones(len(axes))
    for transforms in (dataset.coordinateTransformations, multiscale.coordinateTransformations):
        for transform in transforms or ():
            steps *= transform.scale if transform.type == "scale" else 1
    return steps[[axes.index("x"), axes.index("y")]]


def _array(group: zarr.Group, path: str, name: str) -> zarr.Array:
    array = group.get(path)
    if not isinstance(array, zarr.Array):
        raise SlideError(f"{name} lacks its level {path!r}: copy or export it again.")
    return array


def _check(array: zarr.Array, axes: tuple[str, ...], image: Image, name: str) -> None:
    """Refuse what is not one plane of red, green and blue in 8 bits."""
    sizes = dict(zip(axes, array.shape, strict=True)) if len(axes) == array.ndim else {}
    if [axis for axis in axes if axis in {"c", "y", "x"}] != ["c", "y", "x"] or not sizes:
        raise SlideError(
            f"{name} has axes {', '.join(axes)} of sizes {array.shape}, and a stained slide has c, "
            f"y, x: export it as RGB."
        )
    if any(sizes[axis] != 1 for axis in set(axes) - {"c", "y", "x"}):
        raise SlideError(
            f"{name} has several focal planes or times (sizes {array.shape}), and a slide has one "
            f"of each: export one of them."
        )
    colours = [channel.color for channel in image.omero.channels] if image.omero else RGB
    if array.dtype != "uint8" or sizes["c"] != len(RGB) or colours != RGB:
        raise SlideError(
            f"{name} has {sizes['c']} channels of {array.dtype} with colours {', '.join(colours)}, "
            f"and a stained slide has red, green and blue in 8 bits: export it as RGB."
        )


def _grid(array: zarr.Array, base: zarr.Array, stated: Scale, name: str) -> Grid:
    (height, width), chunk = array.shape[-2:], array.chunks[-2:]
    full = base.shape[-1], base.shape[-2]
    tile_height, tile_width = (_whole_chunks(side) for side in chunk)
    grid = Grid(width, height, tile_width, tile_height, _scale(stated, full, (width, height)))
    check_size(name, grid)
    return grid


def _scale(stated: Scale, full: tuple[int, int], size: tuple[int, int]) -> Scale:
    """Level-0 pixels per pixel: as stated, if that explains the sizes and they say otherwise.

    Stated lengths are rounded, so a scale that places no pixel elsewhere is the one of the sizes.
    """
    by_size = scale_between(full, size)
    if not (np.isfinite(stated).all() and min(stated) > 0):
        return by_size
    same = all(abs(s - b) * n < 0.5 for s, b, n in zip(stated, by_size, size, strict=True))
    fits = all(abs(f / s - n) < 1 + SLACK for f, s, n in zip(full, stated, size, strict=True))
    return Scale(*map(float, stated)) if fits and not same else by_size


def _whole_chunks(side: int) -> int:
    """Side of a tile: small chunks are taken several at a time."""
    return side * -(-SMALLEST_TILE // side)
