"""Classifying circles as they come: the next crops are read while the network works."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.circles import Array, as_circles
from napari_ggs.classification.classifier import AnyClassifier, Patches, Probabilities
from napari_ggs.classification.cropping import crop_checked
from napari_ggs.slides import Slide

BATCH_SIZE = 8
READERS = 2


class Classified(NamedTuple):
    """Circles (k, 3) in level-0 px, their detection scores (k,) and probabilities (k, classes).

    The probabilities of a circle whose crop shows pixels that could not be read are NaN.
    ``network_seconds`` is the time that the network took for them, reading not counted.
    """

    circles: Array
    scores: Array
    probabilities: Probabilities
    network_seconds: float


class _Reading(NamedTuple):
    circles: Array
    scores: Array
    patches: list[Future[tuple[Patches, bool]]]


def classify_stream(
    slide: Slide,
    steps: Iterable[tuple[ArrayLike, ArrayLike]],
    classifier: AnyClassifier,
    *,
    batch_size: int = BATCH_SIZE,
    cancelled: Cancelled = never,
) -> Iterator[Classified]:
    """Classify circles as a detector finds them, in order and one step behind.

    The crops of a step are read by background threads while `steps` computes the next one and
    while the network classifies the one before. No more than two batches are in memory.

    Parameters
    ----------
    steps : iterable of (circles (k, 3), scores (k,))
        Drawn one at a time; k may be 0.
    batch_size : int
        The most crops that the network sees at once.
    cancelled : callable
        Asked before each batch; then the stream ends.

    Yields
    ------
    Classified
        One for each step; several, in order, for a step of more than `batch_size` circles.
    """
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="crops")
    try:
        before: _Reading | None = None
        for circles, scores in _pieces(steps, batch_size):
            reading = _start(pool, slide, circles, scores, classifier)
            if before is not None:
                if cancelled():
                    return
                yield _finish(before, classifier)
            before = reading
        if before is not None and not cancelled():
            yield _finish(before, classifier)
    finally:
        pool.shutdown(cancel_futures=True)


def _pieces(
    steps: Iterable[tuple[ArrayLike, ArrayLike]], size: int
) -> Iterator[tuple[Array, Array]]:
    for circles, scores in steps:
        array, s = as_circles(circles), np.asarray(scores, dtype=np.float64)
        for at in range(0, max(len(array), 1), size):
            yield array[at : at + size], s[at : at + size]


def _start(
    pool: ThreadPoolExecutor, slide: Slide, circles: Array, scores: Array, classifier: AnyClassifier
) -> _Reading:
    margin_um, side = classifier.margin_um, classifier.input_px
    patches = [pool.submit(crop_checked, slide, circle, margin_um, side) for circle in circles]
    return _Reading(circles, scores, patches)


def _finish(reading: _Reading, classifier: AnyClassifier) -> Classified:
    side = classifier.input_px
    patches = np.empty((len(reading.patches), side, side, 3), dtype=np.uint8)
    whole = np.empty(len(patches), dtype=bool)
    for i, future in enumerate(reading.patches):
        patches[i], whole[i] = future.result()
    start = time.perf_counter()
    probabilities = classifier.classify(patches)
    seconds = time.perf_counter() - start
    probabilities[~whole] = np.nan
    return Classified(reading.circles, reading.scores, probabilities, seconds)
