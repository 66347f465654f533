"""A slide of any format written as OME-Zarr: pixels and microns, nothing that names a patient."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numcodecs
import numpy as np
import zarr
from yaozarrs import v04, v05
from zarr.codecs import BloscCodec

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.files import scratch_folder
from napari_ggs.slides.errors import SlideError
from napari_ggs.slides.grid import Grid
from napari_ggs.slides.slide import Slide

Version = Literal["0.4", "0.5"]
CHUNK = 512
SHARD = 4096
"""Pixels a side of a file of OME-Zarr 0.5, which holds 8 x 8 chunks: 100,000 px a side would else
be 40,000 files."""

COLOURS = {"red": "FF0000", "green": "00FF00", "blue": "0000FF"}
THREADS = min(4, os.cpu_count() or 1)


Report = Callable[[float], None]


def _nobody(share: float) -> None:
    """Whom progress is told if nobody wants to know."""


class Block(NamedTuple):
    """Pixels that one thread writes at once."""

    level: int
    x: int
    y: int
    width: int
    height: int


def write_ome_zarr(
    slide: Slide,
    path: Path,
    version: Version = "0.5",
    report: Report = _nobody,
    cancelled: Cancelled = never,
) -> bool:
    """Write every level of a slide, those that its file lacks too, losslessly.

    Nothing stands at `path` before all is written.

    Parameters
    ----------
    slide : Slide
        Its microns per pixel must be known.
    path : Path
        A name that ends in ``.zarr`` and is free.
    version : {"0.4", "0.5"}
        0.4 (Zarr 2) is what older programs read; 0.5 (Zarr 3) keeps many chunks in a file.
    report : callable
        Is told the share that is done.
    cancelled : callable
        Asked between blocks.

    Returns
    -------
    bool
        False if it was cancelled: then nothing is written.

    Raises
    ------
    SlideError
        If the microns per pixel are unknown, or the name is taken or ends otherwise.
    UserError
        If the place cannot be written to.
    """
    mpp = slide.require_mpp()
    if not path.name.endswith(".zarr"):
        raise SlideError(f"{path.name} should end in .zarr (best .ome.zarr): name it so.")
    if path.exists():
        raise SlideError(f"{path} exists already: choose another name, or remove it first.")
    with scratch_folder(path) as scratch:
        arrays = _create(slide, scratch / path.name, version, mpp)
        if not _fill(slide, arrays, report, cancelled):
            return False
        (scratch / path.name).rename(path)
    return True


def _create(slide: Slide, path: Path, version: Version, mpp: float) -> list[zarr.Array]:
    """Make the group, its description and its empty arrays."""
    group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
    group.attrs.update(_description(slide.pyramid.grids, version, mpp))
    make = _array_04 if version == "0.4" else _array_05
    return [
        make(group, str(level), (3, grid.height, grid.width))
        for level, grid in enumerate(slide.pyramid.grids)
    ]


def _array_04(group: zarr.Group, name: str, shape: tuple[int, int, int]) -> zarr.Array:
    return group.create_array(
        name,
        shape=shape,
        dtype="uint8",
        chunks=(3, CHUNK, CHUNK),
        compressors=numcodecs.Blosc(cname="zstd", clevel=5, shuffle=numcodecs.Blosc.SHUFFLE),
        chunk_key_encoding={"name": "v2", "separator": "/"},
        config={"write_empty_chunks": True},
    )


def _array_05(group: zarr.Group, name: str, shape: tuple[int, int, int]) -> zarr.Array:
    return group.create_array(
        name,
        shape=shape,
        dtype="uint8",
        chunks=(3, CHUNK, CHUNK),
        shards=(3, SHARD, SHARD),
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle="shuffle", typesize=1),
        dimension_names=("c", "y", "x"),
        config={"write_empty_chunks": True},
    )


def _description(grids: tuple[Grid, ...], version: Version, mpp: float) -> dict[str, Any]:
    """Metadata of the group, checked against the specification by its models.

    The name of the slide is left out: it may name a patient.
    """
    model = v04 if version == "0.4" else v05
    axes = [{"name": "c", "type": "channel"}] + [
        {"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"
    ]
    datasets = [_dataset(level, grid, mpp) for level, grid in enumerate(grids)]
    image = model.Image(
        multiscales=[{"axes": axes, "datasets": datasets}], omero={"channels": _channels()}
    )
    document: dict[str, Any] = image.model_dump(mode="json", exclude_none=True)
    return document if version == "0.4" else {"ome": document}


def _dataset(level: int, grid: Grid, mpp: float) -> dict[str, Any]:
    """Scale of a level, and where the centre of its first pixel is from that of level 0's."""
    steps = [mpp * grid.scale.y, mpp * grid.scale.x]
    shift = [(step - mpp) / 2 for step in steps]
    transforms: list[dict[str, Any]] = [{"type": "scale", "scale": [1.0, *steps]}]
    if level:
        transforms.append({"type": "translation", "translation": [0.0, *shift]})
    return {"path": str(level), "coordinateTransformations": transforms}


def _channels() -> list[dict[str, Any]]:
    window = {"start": 0, "min": 0, "end": 255, "max": 255}
    return [
        {"label": name, "color": colour, "window": window, "active": True}
        for name, colour in COLOURS.items()
    ]


def _fill(
    slide: Slide,
    arrays: list[zarr.Array],
    report: Report,
    cancelled: Cancelled,
) -> bool:
    """Write all blocks, a few at once; whether that went to the end."""
    blocks = list(_blocks(slide.pyramid.grids))
    total, done = sum(block.width * block.height for block in blocks), 0
    with ThreadPoolExecutor(THREADS) as pool:
        pending = iter(blocks)
        while group := list(islice(pending, THREADS)):
            if cancelled():
                return False
            list(pool.map(lambda block: _write(slide, arrays[block.level], block), group))
            done += sum(block.width * block.height for block in group)
            report(done / total)
    return True


def _write(slide: Slide, array: zarr.Array, block: Block) -> None:
    level, x, y, width, height = block
    pixels = slide.pyramid.region(level, x, y, width, height)
    array[:, y : y + height, x : x + width] = np.moveaxis(pixels, -1, 0)


def _blocks(grids: tuple[Grid, ...]) -> Iterator[Block]:
    for level, grid in enumerate(grids):
        for y, x in product(range(0, grid.height, SHARD), range(0, grid.width, SHARD)):
            yield Block(level, x, y, min(SHARD, grid.width - x), min(SHARD, grid.height - y))
