"""A whole slide, file to table: ours against the published way, and against the networks alone.

    python benchmarks/whole_slide.py [SLIDE] [--without-published] [--out FILE]

All with the embedded networks, in one process, on as many threads as PyTorch takes
(OMP_NUM_THREADS). The networks alone: the same tiles and crops, in the same batches, from memory.
Their engines are chosen before (that costs what "choosing the engines" says); the figures of a
first run have the choice in them. The published way (`published_pipeline.py`) classifies as many
circles as we do, those of a score of .1 or more. Detections are compared at the model's threshold.
Without a slide the phantom of 15 x 12 mm at .25 um/px is drawn first (three minutes).
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import figures
from figures import Figure
from napari_ggs import circles, glomeruli, models
from napari_ggs.batch import Settings
from napari_ggs.classification import crops
from napari_ggs.classification.stream import BATCH_SIZE as PATCHES
from napari_ggs.detection import plan
from napari_ggs.detection.scanning import BATCH_SIZE as TILES
from napari_ggs.glomeruli import LOWEST_SCORE
from napari_ggs.models.engines import choices
from napari_ggs.phantom import PhantomSlide, write_slide
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import open_slide
from published_pipeline import Published

ROUNDS = 3


class Models(NamedTuple):
    """A detector and a classifier, and the detection threshold."""

    detector: Any
    classifier: Any
    threshold: float


def fresh() -> Models:
    """The embedded models, newly loaded: their engines are not chosen yet."""
    names = models.DEFAULT_DETECTOR, models.DEFAULT_CLASSIFIER
    settings = Settings.load(*names, device="cpu")
    return Models(
        settings.detector.detector, settings.classifier.classifier, settings.thresholds.detection
    )


def ours(path: Path, given: Models) -> pd.DataFrame:
    """The table of a slide."""
    with open_slide(path) as slide:
        *_, last = detect_and_classify(slide, given.detector, given.classifier)
    return last.table


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of some work, and what it returned."""
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


class Alone:
    """The networks on the tiles and the crops of a slide, which are in memory."""

    def __init__(self, path: Path, given: Models, table: pd.DataFrame) -> None:
        self._given, self._detector = given, given.detector
        with open_slide(path) as slide:
            side, mpp = self._detector.input_px, self._detector.mpp
            tiles = plan(slide, None, mpp, side)
            self._tiles = np.stack([slide.read(t.x, t.y, side, side, mpp) for t in tiles])
            classifier, xyr = given.classifier, glomeruli.circles_of(table)
            self._crops = crops(slide, xyr, classifier.margin_um, classifier.input_px)

    def __call__(self) -> None:
        """Compute both networks over all."""
        for batch in _batches(self._tiles, TILES):
            self._detector.detect(batch, LOWEST_SCORE)
        for batch in _batches(self._crops, PATCHES):
            self._given.classifier.classify(batch)


def _batches(images: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (images[at : at + size] for at in range(0, len(images), size))


def against_networks(path: Path, table: pd.DataFrame) -> list[Figure]:
    """How much longer than its networks alone a run takes, in turns, the best of some."""
    given = fresh()
    choosing, _ = timed(lambda: [choices(given.detector), choices(given.classifier)])
    alone, runs, nets = Alone(path, given, table), [], []
    for _ in range(ROUNDS):
        nets.append(timed(alone)[0])
        runs.append(timed(lambda: ours(path, given))[0])
    return [
        Figure("choosing the engines", choosing, "s"),
        Figure("the networks alone, engines chosen", min(nets), "s"),
        Figure("ours, file to table, engines chosen", min(runs), "s"),
        Figure("ours / the networks alone", min(runs) / min(nets), "times", None, 1.3),
    ]


def against_published(path: Path, table: pd.DataFrame, seconds: float) -> list[Figure]:
    """How much faster we are, and whether the detections are the same."""
    given = fresh()
    with tempfile.TemporaryDirectory() as folder:
        job = Published(path, given.detector, given.classifier, Path(folder))
        theirs = job.run()
    total = sum(job.seconds.values())
    return [
        *(Figure(f"published: {stage}", spent, "s") for stage, spent in job.seconds.items()),
        Figure("published, file to table", total, "s"),
        Figure("published / ours", total / seconds, "times", 10),
        *alike(table, theirs, given.threshold),
    ]


def alike(ours_: pd.DataFrame, theirs: pd.DataFrame, threshold: float) -> list[Figure]:
    """How many circles of each table the other one has too (IoU of .5 or more)."""
    shares = []
    for one, other in ((ours_, theirs), (theirs, ours_)):
        sure = one[one["detection_score"] >= threshold]
        matched = _matched(sure, other)
        shares.append((len(sure), float((matched >= 0).mean())))
    sure = ours_[ours_["detection_score"] >= threshold]
    matched = _matched(sure, theirs)
    pairs = sure[matched >= 0], theirs.iloc[matched[matched >= 0]]
    scores = np.abs(np.subtract(*(each["detection_score"].to_numpy() for each in pairs)))
    same = np.equal(*(each["predicted"].to_numpy() for each in pairs))
    return [
        Figure("our circles at the threshold", shares[0][0]),
        Figure("of ours, found by the published way", shares[0][1], "share", 0.98),
        Figure("their circles at the threshold", shares[1][0]),
        Figure("of theirs, found by us", shares[1][1], "share", 0.98),
        Figure("difference of scores, median", float(np.median(scores))),
        Figure("of the same class", float(same.mean()), "share"),
    ]


def _matched(some: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    xyr = [glomeruli.circles_of(each) for each in (some, others)]
    return circles.match(*xyr, some["detection_score"], 0.5)


def main() -> None:
    """Print and write all figures."""
    parser = figures.parser(__doc__)
    parser.add_argument("slide", nargs="?", type=Path)
    parser.add_argument("--without-published", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.slide or Path(folder) / "phantom.svs"
        if not path.exists():
            write_slide(PhantomSlide(15_000, 12_000, mpp=0.25, seed=7), path)
        loaded = fresh()
        seconds, table = timed(lambda: ours(path, loaded))
        found = [
            Figure("circles that are classified", len(table)),
            Figure("ours, first run, file to table", seconds, "s"),
            *against_networks(path, table),
        ]
        if not given.without_published:
            found += against_published(path, table, seconds)
    figures.tell(found, given.out)


if __name__ == "__main__":
    main()
