"""Fields on labelled slides, whose pixels are read when they are asked for."""

import logging

import pandas as pd

from napari_ggs.circles import Array
from napari_ggs.exchange import read_circles
from napari_ggs.exchange.circle_table import truth
from napari_ggs.glomeruli import circles_of, classes_in_force
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.slides import Slide, open_slide
from napari_ggs.slides.cache import TileCache
from napari_ggs.training.circles_data import Field, field_of, no_circles
from napari_ggs.training.detection_data import LabelledSlide, Slides
from napari_ggs.training.detection_pixels import OnSlide

logger = logging.getLogger(__name__)

KEPT_BYTES = 2**30
"""Pixels at the resolution of the windows that the slides of a source keep together: 1,400 mm2."""

DECODED_BYTES = 2**28
"""Decoded tiles that they keep together."""


def slide_fields(source: Slides, mpp: float) -> list[Field]:
    """Open the slides of a source and lay their circles on them, in px of `mpp`.

    Raises
    ------
    UserError
        If a slide or its circles cannot be read, or they do not fit each other: names the file.
    """
    tiles = TileCache(KEPT_BYTES)
    fields = [_field(labelled, mpp, tiles) for labelled in source.slides]
    for field in fields:
        assert isinstance(field.pixels, OnSlide)
        field.pixels.slide.cache.capacity = DECODED_BYTES // len(fields)
    return fields


def _field(labelled: LabelledSlide, mpp: float, tiles: TileCache) -> Field:
    slide = open_slide(labelled.path, mpp=labelled.mpp)
    pixels = OnSlide(slide, mpp, tiles)
    circles, ignored, negatives = (part / pixels.scale for part in _circles(labelled, slide))
    return field_of(slide.name, pixels, circles, ignored, negatives, labelled.patient)


def _circles(labelled: LabelledSlide, slide: Slide) -> tuple[Array, Array, Array]:
    """Whole glomeruli, circles that teach nothing, and hard negatives, in level-0 px."""
    if labelled.circles is None:
        return no_circles(), no_circles(), no_circles()
    table = read_circles(
        labelled.circles,
        slide,
        classes=labelled.classes,
        downsample=labelled.downsample,
        image_mpp=labelled.image_mpp,
        leica=labelled.leica,
    )
    shown = table["detection_score"] >= labelled.t_det
    known = truth(table) | (shown & labelled.reviewed)
    _tell(labelled, known)
    negative = known & (classes_in_force(table) == NON_GLOMERULUS)
    glomerulus = known & ~negative & ~table["cut"]
    parts: tuple[pd.Series, ...] = (glomerulus, ~(glomerulus | negative), negative)
    whole, ignored, negatives = (circles_of(table[part]) for part in parts)
    return whole, ignored, negatives


def _tell(labelled: LabelledSlide, known: pd.Series) -> None:
    if not (labelled.reviewed or known.all()):
        logger.warning(
            "%s: %d of %d circles are detections that nobody labelled: they teach nothing. Label "
            "them, or set reviewed = true in the recipe if all of a score of t_det (now %g) and "
            "more have been looked at.",
            labelled.circles,
            int((~known).sum()),
            len(known),
            labelled.t_det,
        )
