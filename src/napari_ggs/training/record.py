"""The record of a training: what it tells as it goes, for whoever looks on, now or later.

``m.progress.jsonl`` beside the model ``m.safetensors``, a line of JSON for each of

- ``{"told": "began", "pid": ..., "at": ...}``
- ``{"told": "estimated", "seconds": ...}``
- ``{"told": "step", "stage": ..., "done": ..., "total": ..., "loss": ..., "merit": ...,
  "confusion": [classes, counts], "seconds": ..., "seconds_left": ...}``
- ``{"told": "warning", "words": ...}``
- ``{"told": "ended", "how": "done" | "stopped" | "failed", "words": ...}``

The process that trains holds the file (`locking.held`): a record without an end that nobody
holds is of a process that was killed. Who wants it to stop makes ``m.stop``. Imports no torch.
"""

import json
import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.errors import UserError
from napari_ggs.training.locking import held
from napari_ggs.training.steps import Confusion, StoppedError, TrainingStep

How = Literal["done", "stopped", "failed"]

OLD_SECONDS = 15.0
"""A process takes seconds to begin; whoever asks it to stop in between means it."""

EVERY_SECONDS = 0.25
"""Steps are told no more often, but for the last and those that bring a new validation."""


class Told(NamedTuple):
    """A step of a training, and the time.

    Attributes
    ----------
    step : TrainingStep
    seconds : float
        Since the training began or went on.
    seconds_left : float
        At the pace so far; NaN before there is one.
    """

    step: TrainingStep
    seconds: float
    seconds_left: float


def record_path(out: Path) -> Path:
    """The record of a model's training."""
    return out.with_name(f"{out.stem}.progress.jsonl")


def stop_path(out: Path) -> Path:
    """The file that asks a model's training to stop."""
    return out.with_name(f"{out.stem}.stop")


class Record:
    """Writes what a training tells.

    Parameters
    ----------
    file : file
    out : Path
        The model's file.
    cancelled : callable
        Another way to ask for an end, such as Ctrl+C.
    """

    def __init__(self, file: IO[str], out: Path, cancelled: Cancelled) -> None:
        self._file, self._stop, self._cancelled = file, stop_path(out), cancelled
        self._began = self._since = time.monotonic()
        self._first: tuple[str, int] | None = None
        self._last, self._shown, self._asked, self._halted = -math.inf, math.nan, 0.0, False

    def tell(self, told: str, **more: Any) -> None:
        """Write a line; a full disk does not end a training that only wants to tell."""
        with suppress(OSError):
            self._file.write(json.dumps({"told": told, **more}) + "\n")
            self._file.flush()

    def step(self, step: TrainingStep) -> None:
        """Tell of a step."""
        now, whole = time.monotonic(), step.done == step.total
        fresh = step.merit != self._shown and not math.isnan(step.merit)
        if whole or fresh or now - self._last >= EVERY_SECONDS:
            self._last, self._shown = now, step.merit
            self.tell("step", **_step_words(step), **self._times(step, now))

    def stopped(self) -> bool:
        """Whether somebody asked for an end."""
        now = time.monotonic()
        if self._cancelled():
            self._halted = True
        elif not self._halted and now - self._asked >= EVERY_SECONDS:
            self._asked, self._halted = now, self._stop.exists()
        return self._halted

    @property
    def halted(self) -> bool:
        """Whether that was so when it was asked last."""
        return self._halted

    def _times(self, step: TrainingStep, now: float) -> dict[str, float | None]:
        """Seconds so far and to come; the pace is that of the stage since its first step here."""
        if self._first is None or self._first[0] != step.stage:
            self._first, self._since = (step.stage, step.done), now
        done = step.done - self._first[1]
        left = (step.total - step.done) * (now - self._since) / done if done else None
        return {"seconds": round(now - self._began, 2), "seconds_left": left}


def _step_words(step: TrainingStep) -> dict[str, Any]:
    words = step._asdict()
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in words.items()}


def told_of(line: dict[str, Any]) -> Told:
    """A line of the kind "step"."""
    loss, merit, left = (_number(line[name]) for name in ("loss", "merit", "seconds_left"))
    confusion = None
    if line["confusion"]:
        classes, counts = line["confusion"]
        confusion = Confusion(tuple(classes), tuple(tuple(row) for row in counts))
    step = TrainingStep(line["stage"], line["done"], line["total"], loss, merit, confusion)
    return Told(step, line["seconds"], left)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


@contextmanager
def recorded(out: Path, cancelled: Cancelled = never, *, fresh: bool = False) -> Iterator[Record]:
    """Record a training; how it ends is told too, also when an error ends it.

    Parameters
    ----------
    out : Path
        The model's file.
    cancelled : callable
        See `Record`.
    fresh : bool
        Whether to begin a new record; else what is told follows on what was told before.

    Raises
    ------
    TrainingError
        If another process is training that model.
    """
    with held(record_path(out)) as file:
        if fresh:
            file.truncate(0)
        _forget_old_wish(out)
        record = Record(file, out, cancelled)
        record.tell("began", pid=os.getpid(), at=time.time())
        with _warnings_told(record):
            try:
                yield record
            except BaseException as fault:
                record.tell("ended", **_how_it_failed(fault))
                raise
            finally:
                stop_path(out).unlink(missing_ok=True)
        how: How = "stopped" if record.halted else "done"
        record.tell("ended", how=how, words="")


def _forget_old_wish(out: Path) -> None:
    """A wish to stop that was meant for a process which was killed; a fresh one is for this."""
    wish = stop_path(out)
    with suppress(FileNotFoundError):
        if time.time() - wish.stat().st_mtime > OLD_SECONDS:
            wish.unlink()


def _how_it_failed(fault: BaseException) -> dict[str, str]:
    if isinstance(fault, StoppedError | KeyboardInterrupt):
        return {"how": "stopped", "words": str(fault) or "Stopped before anything was saved."}
    if isinstance(fault, UserError):
        return {"how": "failed", "words": str(fault)}
    if isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError":
        return {"how": "failed", "words": OUT_OF_MEMORY}
    words = f"The training broke off: {type(fault).__name__}: {fault}. {_KEPT}"
    return {"how": "failed", "words": f"{words} This is a fault of napari-ggs: please report it."}


_KEPT = "What it had saved is kept, and starting it again goes on from there."

OUT_OF_MEMORY = (
    f"The training ran out of memory. {_KEPT} Set a smaller batch in the recipe, or close other "
    "programs."
)


@contextmanager
def _warnings_told(record: Record) -> Iterator[None]:
    """Tell the warnings that are logged meanwhile."""

    class Handler(logging.Handler):
        def emit(self, entry: logging.LogRecord) -> None:
            record.tell("warning", words=entry.getMessage())

    handler, logger = Handler(logging.WARNING), logging.getLogger("napari_ggs")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
