"""The job in a background thread: the window stays fluent while it goes on.

A thread and not a process, by measurement (``benchmarks/event_loop_gaps.py``): the networks and
the decoders release the interpreter. What makes the difference is who gets the processor when
there are too few: see `_give_way`.
"""

import os
import sys
import threading
from dataclasses import dataclass

from qtpy.QtCore import QCoreApplication, QObject, Signal

from napari_ggs.detection import Region
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import load_classifier, load_detector
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.slides import Slide

PATIENCE = 10.0
"""Seconds that napari waits at its end for the batch that is in the network."""

NICENESS = 5


@dataclass(frozen=True)
class Job:
    """What is to be done: which slide, which part of it, by which models.

    Attributes
    ----------
    slide : Slide
    detector, classifier : str
        A model's name or file.
    thresholds : Thresholds
    region : Region or None
        Level-0 pixels; None is the whole slide.
    """

    slide: Slide
    detector: str
    classifier: str
    thresholds: Thresholds
    region: Region | None = None


class Worker(QObject):
    """Runs one job; its signals arrive in the thread that made it.

    Attributes
    ----------
    progressed : Signal
        Emits each `napari_ggs.pipeline.Progress`.
    failed : Signal
        Emits a message in plain words.
    ended : Signal
        Emits when the job is over, however it ended.
    """

    progressed = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="detect and classify", daemon=True)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.abandon)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask the job to end after the batch at hand; what it has found arrives still."""
        self._stop.set()

    def abandon(self) -> None:
        """Cancel, and wait until the thread has ended."""
        self.cancel()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        _give_way()
        try:
            self._work()
        except UserError as error:
            self.failed.emit(str(error))
        except Exception as error:
            self.failed.emit(
                f"The run broke off: {type(error).__name__}: {error}. What was found so far is "
                "kept. This is a fault of napari-ggs: please report it."
            )
            raise
        finally:
            self.ended.emit()

    def _work(self) -> None:
        job = self._job
        detector = load_detector(job.detector).detector
        classifier = load_classifier(job.classifier).classifier
        for progress in detect_and_classify(
            job.slide,
            detector,
            classifier,
            thresholds=job.thresholds,
            region=job.region,
            cancelled=self._stop.is_set,
        ):
            self.progressed.emit(progress)


def _give_way() -> None:
    """Let the window go first.

    Windows and macOS favour the window in front by themselves. On Linux this thread takes a
    niceness of its own, which the networks' and the readers' threads inherit from it.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
