"""Slides as napari layers: what happens when a file is dragged into the window."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari
import tifffile
from napari.components import ViewerModel
from napari.layers import Image
from tifffile import TIFF

from napari_ggs.slides import Slide, SlideError, open_slide
from napari_ggs.viewer.reopening import reopen, reopen_when_added

LayerData = tuple[list[Any], dict[str, Any], str]
Reader = Callable[[str], list[LayerData]]

SHARED_SUFFIXES = {".tif", ".tiff", ".dcm", ".zarr"}
"""Not only slides have these: what is no slide is left to the other plugins."""
PLAIN_PX = 4096
"""A TIFF without tiles, or an OME-Zarr without microns, that is smaller is a plain picture."""


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return the reader of a slide, or None for what other plugins should open.

    A folder is a slide if it holds one DICOM slide or is an OME-Zarr of one. A file that has a
    slide's suffix and cannot be opened does get a reader, which says why.
    """
    if not isinstance(path, str):
        return None
    shared = Path(path).is_dir() or Path(path).suffix.lower() in SHARED_SUFFIXES
    if shared and not _is_slide(path):
        return None
    return read_slide


def read_slide(path: str) -> list[LayerData]:
    """Open a slide as one lazy multiscale layer, in micrometres where they are known.

    Raises
    ------
    SlideError
        If the file cannot be read; napari shows the message.
    """
    viewer = napari.current_viewer()
    slide = open_slide(path)
    if viewer is not None:
        viewer.canvas.overlays.scale_bar.visible = True
        reopen_when_added(viewer)
    return [layer_data(slide)]


def add_slide(viewer: ViewerModel, slide: Slide) -> Image:
    """Put a slide into a viewer, with a scale bar."""
    levels, options, _ = layer_data(slide)
    viewer.canvas.overlays.scale_bar.visible = True
    layer: Image = viewer.add_image(levels, **options)
    reopen(viewer, layer)
    return layer


def layer_data(slide: Slide) -> LayerData:
    """Turn a slide into napari's layer data; the slide itself goes into the metadata.

    Without microns per pixel the layer stays in pixels, and the dock asks for them.
    """
    known = slide.mpp is not None
    options = {
        "name": slide.name,
        "rgb": True,
        "multiscale": True,
        "scale": (slide.mpp, slide.mpp) if known else (1.0, 1.0),
        "units": ("um", "um") if known else ("pixel", "pixel"),
        "metadata": {"slide": slide},
    }
    return list(slide.shown_levels), options, "image"


def _is_slide(path: str) -> bool:
    try:
        with open_slide(path) as slide:
            small = max(slide.width, slide.height) < PLAIN_PX
            without_scale = slide.backend == "zarr" and slide.mpp is None
            return not (small and (without_scale or _is_plain_tiff(path)))
    except SlideError:
        return _is_broken(path)


def _is_broken(path: str) -> bool:
    """Whether nobody can show a tiled TIFF: half a download, or an unknown compression."""
    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
            cut_short = max(ends, default=0) > Path(path).stat().st_size
            return page.is_tiled and (cut_short or page.compression not in TIFF.DECOMPRESSORS)
    except (tifffile.TiffFileError, OSError, ValueError):
        return False


def _is_plain_tiff(path: str) -> bool:
    """Whether a file is a TIFF whose first page has no tiles."""
    try:
        with tifffile.TiffFile(path) as tiff:
            return not tiff.pages.first.is_tiled
    except (tifffile.TiffFileError, OSError):
        return False
