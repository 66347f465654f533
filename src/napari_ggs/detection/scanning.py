"""Detect glomeruli on a slide, tile by tile, as a stream of final circles."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.detection.detector import AnyDetector
from napari_ggs.detection.merging import StreamingNms
from napari_ggs.detection.tiling import Region, Tile, plan
from napari_ggs.slides import Slide

Array = NDArray[np.float64]
Images = NDArray[np.uint8]

BATCH_SIZE = 2
"""Tiles. On a processor more would take no less time, and 70 MB each."""
READERS = 2
AHEAD = 2
"""Batches that are read ahead of the network: memory stays bounded."""


class DetectionStep(NamedTuple):
    """What one batch of tiles has settled.

    Attributes
    ----------
    done, total : int
        Tiles looked at, and all tiles.
    circles : ndarray, shape (k, 3)
        x, y, radius in level-0 px. Final: nothing to come changes or repeats them.
    scores : ndarray, shape (k,)
    network_seconds : float
        That the network took for this batch.
    seen : tuple of Region
        Where this batch looked for centres.
    """

    done: int
    total: int
    circles: Array
    scores: Array
    network_seconds: float
    seen: tuple[Region, ...] = ()


class Scanned(NamedTuple):
    """What one batch of tiles shows.

    Attributes
    ----------
    batch : range
        The tiles' indices.
    circles : ndarray, shape (k, 3)
        x, y, radius in level-0 px, their centres in the tiles' cores. A glomerulus on a border may
        be there twice.
    scores : ndarray, shape (k,)
    network_seconds : float
    """

    batch: range
    circles: Array
    scores: Array
    network_seconds: float


def detect(
    slide: Slide,
    detector: AnyDetector,
    *,
    threshold: float = 0.1,
    region: Region | None = None,
    batch_size: int = BATCH_SIZE,
    cancelled: Cancelled = never,
) -> Iterator[DetectionStep]:
    """Find the glomeruli of a slide.

    Only tiles with tissue are read, at the detector's own microns per pixel, in background
    threads while the network works. Every tile emits the centres in its core; circles of one
    glomerulus found on both sides of a border are settled as one greedy suppression over the
    whole slide would (`napari_ggs.detection.merging`).

    Parameters
    ----------
    slide : Slide
    detector : Detector or FusedDetector
    threshold : float
        Smallest score.
    region : Region or None
        Only centres in here (level-0 px); None is the whole slide.
    batch_size : int
        Tiles per pass of the network; it does not change the result.
    cancelled : callable
        Asked before every batch. Once it says True, what has been found so far is released
        in a last step whose `done` is less than its `total`.

    Yields
    ------
    DetectionStep
        One per batch, and at least one: a slide without tissue has one of 0 of 0 tiles.

    Raises
    ------
    SlideError
        If the slide has no microns per pixel.
    """
    tiles = plan(slide, region, detector.mpp, detector.input_px)
    largest = detector.max_radius_um / slide.require_mpp()
    merging = StreamingNms([tile.core for tile in tiles], largest)
    done = 0
    for found in scan(slide, detector, tiles, threshold, batch_size, cancelled):
        settled = merging.add(found.batch, found.circles, found.scores)
        done = found.batch.stop
        cores = tuple(tiles[i].core for i in found.batch)
        yield DetectionStep(done, len(tiles), *settled, found.network_seconds, cores)
    if done < len(tiles) or not tiles:
        yield DetectionStep(done, len(tiles), *merging.close(), 0.0)


def scan(
    slide: Slide,
    detector: AnyDetector,
    tiles: Sequence[Tile],
    threshold: float,
    batch_size: int = BATCH_SIZE,
    cancelled: Cancelled = never,
) -> Iterator[Scanned]:
    """Find what tiles of a slide show, batch by batch; borders between tiles are not settled.

    Parameters
    ----------
    slide, detector, threshold, batch_size, cancelled
        See `detect`.
    tiles : sequence of Tile
        As `plan` gives them.
    """
    scale = detector.mpp / slide.require_mpp()
    done = 0
    for images in _read_ahead(slide, detector, tiles, batch_size, cancelled):
        start = time.perf_counter()
        found = detector.detect(images, threshold)
        spent = time.perf_counter() - start
        batch = range(done, done + len(images))
        yield Scanned(batch, *_emitted(tiles[batch.start : batch.stop], found, scale), spent)
        done = batch.stop


def _emitted(
    tiles: Sequence[Tile], found: Sequence[tuple[Array, Array]], scale: float
) -> tuple[Array, Array]:
    """Circles of some tiles whose centre is in the tile's core, in level-0 px, with scores."""
    circles, scores = [np.empty((0, 3))], [np.empty(0)]
    for tile, (local, score) in zip(tiles, found, strict=True):
        placed = local * scale + (tile.x, tile.y, 0.0)
        x, y, core = placed[:, 0], placed[:, 1], tile.core
        inside = (x >= core.x) & (x < core.x + core.width)
        inside &= (y >= core.y) & (y < core.y + core.height)
        circles.append(placed[inside])
        scores.append(score[inside])
    return np.concatenate(circles), np.concatenate(scores)


def _read_ahead(
    slide: Slide,
    detector: AnyDetector,
    tiles: Sequence[Tile],
    batch_size: int,
    cancelled: Cancelled,
) -> Iterator[Images]:
    """Batches of tile images in order."""

    def read(tile: Tile) -> Images:
        side = detector.input_px
        return slide.read(tile.x, tile.y, side, side, mpp=detector.mpp)

    waiting, queue = deque(tiles), deque[Future[Images]]()
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="tiles")
    try:
        while (waiting or queue) and not cancelled():
            while waiting and len(queue) < batch_size * AHEAD:
                queue.append(pool.submit(read, waiting.popleft()))
            batch = [queue.popleft().result() for _ in range(min(batch_size, len(queue)))]
            yield np.stack(batch)
    finally:
        pool.shutdown(cancel_futures=True)
