"""The pictures of a slide for a report: the map of its tissue, and its circles one by one."""

import base64
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import circles_of
from napari_ggs.report.case_reading import SlideReading
from napari_ggs.review.readings import CONSENSUS
from napari_ggs.review.sections import Section, find_sections
from napari_ggs.slides import Slide
from napari_ggs.slides.backend import Pixels
from napari_ggs.slides.tissue import Box, Tissue
from napari_ggs.store import CaseStore
from napari_ggs.store.locating import open_stored

FIELD_UM = 260.0
"""Side of what a picture shows: the largest glomeruli are 250 um across (REFERENCE.md)."""
SIDE_PX = 192
MAP_PX = 1400
"""Longer side of the map of a slide; many slides have smaller ones, as many px in all as of
`FULL_MAPS` slides."""
FULL_MAPS = 6
QUALITY = 82
MARGIN = 0.03
READERS = 4
"""Threads that read pictures: decoding a tile lets the others go on."""

GONE = "the slide's file was not found, or cannot be read"
NO_SCALE = "the slide's um/px are not known, so that its glomeruli cannot be shown at one scale"


@dataclass(frozen=True)
class Crop:
    """The picture of a circle.

    Attributes
    ----------
    uri : str
        A data URI.
    whole : bool
        Whether all of its pixels could be read.
    """

    uri: str
    whole: bool


@dataclass(frozen=True)
class Map:
    """A part of a slide, as large as its tissue and circles.

    Attributes
    ----------
    box : tuple of float
        x, y, width, height in level-0 px.
    step : float
        Level-0 px per pixel of the map.
    uri : str
        A data URI; "" without a picture.
    """

    box: Box
    step: float
    uri: str = ""


@dataclass(frozen=True, eq=False)
class SlideLook:
    """What the file of a slide shows.

    Attributes
    ----------
    map : Map
    fault : str
        Why there are no pictures; "" if there are.
    crops : dict of int to Crop
        By the handles of circles.
    sections : list of Section, or None
        As its tissue shows them; None without the file, or if there are none.
    tissue_mm2, swept, unread : float or None
        Area of the tissue; the shares of it, 0 to 1, that somebody looked at for missed glomeruli,
        and that lies in tiles that could not be decoded just now.
    """

    map: Map
    fault: str = ""
    crops: dict[int, Crop] = field(default_factory=dict)
    sections: list[Section] | None = None
    tissue_mm2: float | None = None
    swept: float | None = None
    unread: float | None = None


def look_at(
    store: CaseStore,
    one: SlideReading,
    handles: Iterable[int],
    folders: Sequence[Path] = (),
    slides: int = 1,
) -> SlideLook:
    """Open a slide and take its pictures; without its file, say so.

    Parameters
    ----------
    store : CaseStore
    one : SlideReading
    handles : iterable of int
        The circles that are shown.
    folders : sequence of Path
        Where slides are that were moved.
    slides : int
        Number of slides in the report.
    """
    longest = MAP_PX * min(1.0, (FULL_MAPS / slides) ** 0.5)
    try:
        with open_stored(one.slide, folders) as slide:
            return _look(store, one, slide, list(handles), longest)
    except (UserError, OSError):
        box = _box(one, None)
        return SlideLook(Map(box, _step(box, longest)), GONE)


def _look(
    store: CaseStore, one: SlideReading, slide: Slide, handles: list[int], longest: float
) -> SlideLook:
    tissue = slide.tissue()
    covered = store.covered(one.slide.id, None if one.reader in ("", CONSENSUS) else one.reader)
    area = tissue.area_mm2
    crops = {} if slide.mpp is None else _crops(slide, one.table.loc[handles], slide.mpp)
    return SlideLook(
        map=_map(slide, one, tissue, longest),
        fault=NO_SCALE if slide.mpp is None else "",
        crops=crops,
        sections=find_sections(tissue) or None,
        tissue_mm2=None if isnan(area) else area,
        swept=1 - tissue.missed((), covered) if tissue.mask.any() else None,
        unread=slide.unread_fraction(),
    )


def _map(slide: Slide, one: SlideReading, tissue: Tissue, longest: float) -> Map:
    box = _box(one, tissue)
    step = _step(box, longest)
    x, y, width, height = box
    pixels = slide.read_step(x, y, max(1, round(width / step)), max(1, round(height / step)), step)
    return Map(box, step, jpeg(pixels))


def _crops(slide: Slide, rows: pd.DataFrame, mpp: float) -> dict[int, Crop]:
    """The pictures of circles, read in one pass in the order of place: neighbours share tiles."""
    half, step = FIELD_UM / mpp / 2, FIELD_UM / SIDE_PX / mpp
    ordered = rows.sort_values(["y", "x"])

    def crop(place: tuple[float, float]) -> Crop:
        x, y = place
        pixels, whole = slide.read_checked(x - half, y - half, SIDE_PX, SIDE_PX, step)
        return Crop(jpeg(pixels), whole)

    with ThreadPoolExecutor(READERS) as pool:
        places = ordered[["x", "y"]].itertuples(index=False, name=None)
        return dict(zip(ordered.index, pool.map(crop, places), strict=True))


def jpeg(pixels: Pixels) -> str:
    """Pixels as a data URI; nothing else goes with them."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _box(one: SlideReading, tissue: Tissue | None) -> Box:
    """The part of the slide that has tissue, circles or the region of the run, with a margin."""
    x, y, r = circles_of(one.table).T
    low = np.column_stack([x - r, y - r])
    high = np.column_stack([x + r, y + r])
    if tissue is not None and tissue.mask.any():
        rows, columns = (np.flatnonzero(tissue.mask.any(axis=axis)) for axis in (1, 0))
        low = np.vstack([low, np.array([columns[0], rows[0]]) * tissue.downsample])
        high = np.vstack([high, np.array([columns[-1] + 1, rows[-1] + 1]) * tissue.downsample])
    whole = np.array([one.slide.width, one.slide.height], dtype=float)
    if not len(low):
        return 0.0, 0.0, float(whole[0]), float(whole[1])
    margin = MARGIN * (high.max(axis=0) - low.min(axis=0)).max()
    start = np.clip(low.min(axis=0) - margin, 0, whole)
    end = np.clip(high.max(axis=0) + margin, start + 1, np.maximum(whole, start + 1))
    return float(start[0]), float(start[1]), float(end[0] - start[0]), float(end[1] - start[1])


def _step(box: Box, longest: float) -> float:
    return max(1.0, max(box[2], box[3]) / longest)
