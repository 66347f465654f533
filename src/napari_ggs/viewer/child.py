"""The job's own process: a job comes in on stdin, steps go out on stdout.

Started by `napari_ggs.viewer.worker`. When stdin ends, whether because a person pressed Stop or
because napari is gone, the job stops after the batch at hand.
"""

import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from napari_ggs.errors import UserError
from napari_ggs.viewer.messages import Failure, Job, Step

NICENESS = 5
"""The window goes first where processors are few."""


def main() -> None:
    """Do one job."""
    serve(messages)


def serve(messages: Callable[[Any, Callable[[], bool]], Iterator[object]]) -> None:
    """Read a job from stdin and write what comes of it to stdout.

    Parameters
    ----------
    messages : callable
        Gives the messages, from the job and a function that says whether to stop.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    out = _claim_stdout()
    with suppress(EOFError, BrokenPipeError):  # napari is gone, or did not want the job after all
        job = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started us
        stop = threading.Event()
        threading.Thread(target=_await_end, args=(stop,), daemon=True).start()
        for message in messages(job, stop.is_set):
            pickle.dump(message, out)
            out.flush()


def messages(job: Job, cancelled: Callable[[], bool]) -> Iterator[Step | Failure]:
    """The steps of a job; a `Failure` at the end if it breaks off."""
    try:
        yield from _steps(job, cancelled)
    except UserError as error:
        yield Failure(str(error))
    except Exception as error:
        traceback.print_exc()
        yield Failure(
            f"The run broke off: {type(error).__name__}: {error}. What was found so far is kept. "
            "This is a fault of napari-ggs: please report it."
        )


def _steps(job: Job, cancelled: Callable[[], bool]) -> Iterator[Step]:
    # imported here, so that `messages` tells what is wrong with an installation
    from napari_ggs.detection import Region
    from napari_ggs.models import load_classifier, load_detector
    from napari_ggs.pipeline import detect_and_classify
    from napari_ggs.slides import open_slide

    detector = load_detector(job.detector).detector
    classifier = load_classifier(job.classifier).classifier
    region = Region(*job.region) if job.region else None
    told: set[tuple[int, int]] = set()
    with open_slide(job.slide, job.mpp) as slide:
        for progress in detect_and_classify(
            slide,
            detector,
            classifier,
            thresholds=job.thresholds,
            region=region,
            cancelled=cancelled,
        ):
            faults = [tile for tile in slide.pyramid.faults.tiles() if tile not in told]
            told.update(faults)
            yield Step(
                progress.done,
                progress.total,
                progress.rows,
                progress.table,
                vars(progress.seconds),
                faults,
                progress.missed,
                0.0 if progress.table is None else slide.unread_fraction(),
            )


def _claim_stdout() -> BinaryIO:
    """Keep stdout for the steps; whatever else is printed goes to stderr."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _await_end(stop: threading.Event) -> None:
    os.read(sys.stdin.fileno(), 1)  # not through the buffer: its lock would outlive the process
    stop.set()


if __name__ == "__main__":
    main()
