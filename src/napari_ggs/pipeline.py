"""The main job: a slide in, the Glomeruli table out, row by row while it works.

Everyone who detects and classifies calls `detect_and_classify`: the command line, the viewer
and, later, a cohort's workers.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.cancelling import Cancelled, never
from napari_ggs.circles import Array
from napari_ggs.classification import AnyClassifier, Classified, classify_stream
from napari_ggs.detection import AnyDetector, DetectionStep, Region, detect
from napari_ggs.glomeruli import LOWEST_SCORE, Thresholds
from napari_ggs.slides import Slide


@dataclass(frozen=True)
class Timings:
    """Seconds of a run so far.

    Attributes
    ----------
    total : float
        Wall-clock time.
    detector, classifier : float
        Inside the networks.
    """

    total: float
    detector: float
    classifier: float


@dataclass(frozen=True)
class Progress:
    """A step of the job.

    Attributes
    ----------
    done, total : int
        Tiles.
    rows : DataFrame
        New rows of the Glomeruli table. Their ids are provisional; their index is a handle that
        stays.
    seconds : Timings
    table : DataFrame or None
        On the last item: all rows, with their final ids.
    missed : float or None
        On the last item: share of the slide's tissue, 0 to 1, that was not analysed, since it
        lies outside the region, was not reached or could not be read.
    """

    done: int
    total: int
    rows: pd.DataFrame
    seconds: Timings
    table: pd.DataFrame | None = None
    missed: float | None = None


def detect_and_classify(
    slide: Slide,
    detector: AnyDetector,
    classifier: AnyClassifier,
    *,
    thresholds: Thresholds | None = None,
    region: Region | None = None,
    cancelled: Cancelled = never,
) -> Iterator[Progress]:
    """Find every glomerulus of a slide, name its class and reject what is none.

    The detector runs at a low threshold over the tissue; a circle is classified as soon as no
    tile that is still to come can change it. Crops are read while the networks compute.

    Parameters
    ----------
    slide : Slide
        Its microns per pixel are known or given.
    detector, classifier
        As `napari_ggs.models` loads them.
    thresholds : Thresholds, optional
        ``glomerulus`` settles ``predicted``; ``detection`` matters only if it is below
        `LOWEST_SCORE`.
    region : Region, optional
        Only centres inside it are looked for; the whole slide if None.
    cancelled : callable
        Asked between batches of tiles; then the job names what has been found, and ends.

    Yields
    ------
    Progress
        The last one has the whole `table`, sorted and numbered by (y, x); also when cancelled.

    Raises
    ------
    SlideError
        If the slide has no microns per pixel.
    """
    in_force = thresholds or Thresholds()
    job = _Job(classifier, in_force.glomerulus)
    lowest = min(LOWEST_SCORE, in_force.detection)
    steps = detect(slide, detector, threshold=lowest, region=region, cancelled=cancelled)
    # Only the detector is stopped: whatever it has found by then is still named and kept.
    for batch in classify_stream(slide, job.followed(steps), classifier):
        yield job.progress(batch)
    yield job.finish(slide)


class _Job:
    """What a run has gathered so far."""

    def __init__(self, classifier: AnyClassifier, t_glom: float) -> None:
        self._scheme = classifier.scheme
        self._t_glom = t_glom
        self._start = time.perf_counter()
        self._detector_seconds = self._classifier_seconds = 0.0
        self._done = self._total = self._count = 0
        self._rows: list[pd.DataFrame] = []
        self._seen: list[Region] = []

    def followed(self, steps: Iterator[DetectionStep]) -> Iterator[tuple[Array, Array]]:
        """The circles and scores of each step; notes its progress in passing."""
        for step in steps:
            self._done, self._total = step.done, step.total
            self._detector_seconds += step.network_seconds
            self._seen += step.seen
            yield step.circles, step.scores

    def progress(self, batch: Classified) -> Progress:
        """Turn classified circles into rows with new handles."""
        self._classifier_seconds += batch.network_seconds
        rows = glomeruli.build(
            batch.circles, batch.scores, batch.probabilities, self._scheme, self._t_glom
        )
        rows.index += self._count
        rows["id"] += self._count
        self._count += len(rows)
        self._rows.append(rows)
        return Progress(self._done, self._total, rows, self._timings())

    def finish(self, slide: Slide) -> Progress:
        """The last item: the whole table, and how much of the slide it does not speak for."""
        filled = [rows for rows in self._rows if len(rows)]
        table = pd.concat(filled) if filled else glomeruli.empty(self._scheme)
        return Progress(
            self._done,
            self._total,
            glomeruli.empty(self._scheme),
            self._timings(),
            glomeruli.numbered(table),
            slide.missed_fraction(self._seen),
        )

    def _timings(self) -> Timings:
        total = time.perf_counter() - self._start
        return Timings(total, self._detector_seconds, self._classifier_seconds)
