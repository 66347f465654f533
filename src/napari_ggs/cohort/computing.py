"""What workers compute: parts of the work on a slide, small enough that many share a large one.

Plain functions of picklable values. The models are loaded once in a process and the slides used
last stay open. What a part takes of memory does not grow with the slide or with its number of
tiles, since tiles and crops are read a batch at a time; and a process has one part at a time.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from napari_ggs.circles import Array, nms
from napari_ggs.classification import classify_stream
from napari_ggs.cohort.faults import told
from napari_ggs.cohort.holding import Place, models_of, opened
from napari_ggs.cohort.work import Work
from napari_ggs.detection import Region, Tile, plan, scan
from napari_ggs.detection.merging import NMS_IOU
from napari_ggs.slides import Slide
from napari_ggs.slides.tissue import Box
from napari_ggs.store import SlideInfo


class Survey(NamedTuple):
    """What there is to do on a slide.

    Attributes
    ----------
    info : SlideInfo
    tiles : list of Tile
    missed : float
        Share of the tissue that no tile looks at, or that cannot be read.
    unread : list of Box
        Tiles of the slide that could not be decoded so far.
    seconds : float
    """

    info: SlideInfo
    tiles: list[Tile]
    missed: float
    unread: list[Box]
    seconds: float


class Found(NamedTuple):
    """Circles (n, 3) in level-0 px and their scores (n,); see `Survey` for the rest."""

    circles: Array
    scores: Array
    unread: list[Box]
    seconds: float


class Named(NamedTuple):
    """Probabilities (n, classes) of circles; see `Survey` for the rest."""

    probabilities: Array
    unread: list[Box]
    seconds: float


@told
def survey(place: Place, work: Work) -> Survey:
    """Open a slide, see what it is, and plan its tiles."""
    start = time.perf_counter()
    slide, detector = opened(place), models_of(work).detector
    info = SlideInfo(
        slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.require_mpp()
    )
    tiles = plan(slide, None, detector.mpp, detector.input_px)
    missed = slide.missed_fraction([tile.core for tile in tiles])
    return Survey(info, tiles, missed, _unread(slide), time.perf_counter() - start)


@told
def find_circles(place: Place, work: Work, tiles: Sequence[Tile]) -> Found:
    """Find what some tiles show; what two of them show is there twice."""
    start = time.perf_counter()
    circles, scores = [np.empty((0, 3))], [np.empty(0)]
    slide = opened(place)
    for step in scan(slide, models_of(work).detector, tiles, work.lowest):
        circles.append(step.circles)
        scores.append(step.scores)
    found = np.concatenate(circles), np.concatenate(scores)
    return Found(*found, _unread(slide), time.perf_counter() - start)


@told
def settle(parts: Sequence[Found]) -> tuple[Array, Array]:
    """One circle for each glomerulus, by (y, x): as one greedy suppression of all would have it."""
    circles = np.concatenate([part.circles for part in parts] or [np.empty((0, 3))])
    scores = np.concatenate([part.scores for part in parts] or [np.empty(0)])
    kept = nms(circles, scores, NMS_IOU)
    circles, scores = circles[kept], scores[kept]
    order = np.lexsort((circles[:, 2], circles[:, 0], circles[:, 1]))
    return circles[order], scores[order]


@told
def name_circles(place: Place, work: Work, circles: Array, scores: Array) -> Named:
    """Name circles; NaN where pixels could not be read."""
    start = time.perf_counter()
    slide, classifier = opened(place), models_of(work).classifier
    steps = classify_stream(slide, [(circles, scores)], classifier)
    named = [step.probabilities for step in steps]
    return Named(np.concatenate(named), _unread(slide), time.perf_counter() - start)


@told
def missed(place: Place, seen: Sequence[Region], unread: Sequence[Box]) -> float:
    """Share of a slide's tissue that was not seen, or that some process could not read."""
    return opened(place).tissue().missed(unread, seen)


def _unread(slide: Slide) -> list[Box]:
    return list(slide.pyramid.unread_boxes())
