"""What a process holds for the parts that it computes: the models, and the slides used last."""

import functools
from pathlib import Path
from typing import NamedTuple

from napari_ggs.classification import AnyClassifier
from napari_ggs.cohort.faults import WorkFault
from napari_ggs.cohort.work import ModelId, Work
from napari_ggs.detection import AnyDetector
from napari_ggs.devices import DeviceName
from napari_ggs.models import ModelError, load_classifier, load_detector
from napari_ggs.slides import Slide, open_slide
from napari_ggs.slides.slide import SCAN_CACHE_BYTES

OPEN = 2
"""Slides that a process keeps open."""

CACHE_SHARE = 8
"""A process's slides keep decoded tiles in an eighth of its memory together, at most."""

folders: dict[str, Path] = {}
"""Where this process has the files of models, by `Work.models_key`."""


class Place(NamedTuple):
    """A slide to work on.

    Attributes
    ----------
    path : Path
    mpp : float or None
        In place of what the file says.
    stamp : str
        See `stamp_of`; another one is another file.
    """

    path: Path
    mpp: float | None
    stamp: str


class Models(NamedTuple):
    """The models of a work, ready to compute."""

    detector: AnyDetector
    classifier: AnyClassifier


def models_of(work: Work) -> Models:
    """The models, loaded once in a process.

    Raises
    ------
    WorkFault
        If this process has not got them.
    """
    folder = folders.get(work.models_key)
    if folder is None:
        raise WorkFault(
            f"a worker has not got the models {work.detector.name} and {work.classifier.name}: "
            "its log says why they could not be put there",
            "passing",
        )
    try:
        return _loaded(folder, work.detector, work.classifier, work.device)
    except ModelError as fault:
        raise WorkFault(
            f"a worker cannot load its copy of the models: {fault}", "passing"
        ) from fault


@functools.lru_cache(maxsize=1)
def _loaded(folder: Path, detector: ModelId, classifier: ModelId, device: DeviceName) -> Models:
    return Models(
        load_detector(folder / "detector" / detector.file, device).detector,
        load_classifier(folder / "classifier" / classifier.file, device).classifier,
    )


@functools.lru_cache(maxsize=OPEN)
def opened(place: Place) -> Slide:
    """A slide, which stays open as long as it is among the last."""
    slide = open_slide(place.path, place.mpp)
    slide.cache.capacity = min(SCAN_CACHE_BYTES, _memory() // CACHE_SHARE // OPEN)
    return slide


def _memory() -> int:
    """Bytes that this process may take; without a limit, more than it needs."""
    from distributed import get_worker

    try:
        limit = get_worker().memory_manager.memory_limit
    except ValueError:  # no worker
        limit = None
    return limit or SCAN_CACHE_BYTES * CACHE_SHARE * OPEN


def stamp_of(path: Path) -> str:
    """Size and time of change of a file; "" where that cannot be known, as on a network."""
    try:
        state = path.stat()
    except OSError:
        return ""
    return f"{state.st_size}:{state.st_mtime_ns}"
