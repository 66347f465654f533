"""A training in a process of its own, which whoever started it may leave and come back to.

The process writes the record of its training beside the model (`record`); it is followed there,
by a window that started it or by one that comes later. It goes on when the window is closed.
Imports no torch, which napari's process must stay without (`napari_ggs.viewer.worker`).
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from napari_ggs.files import explained, make_folder
from napari_ggs.training.locking import is_held
from napari_ggs.training.options import Options
from napari_ggs.training.record import OUT_OF_MEMORY, Told, record_path, stop_path, told_of
from napari_ggs.training.splits import TrainingError

NICENESS = 10
"""The window goes first where processors are few."""

KILLED = 137
"""Code of a process that a container or a shell saw killed (128 + 9)."""


class State(NamedTuple):
    """How a training stands.

    Attributes
    ----------
    name : {"running", "done", "stopped", "failed"}
        Stopped: it was asked to, and the best so far is saved; it can go on.
    message : str
        In plain words, for a training that failed or was stopped before there was anything to
        save; else "".
    """

    name: Literal["running", "done", "stopped", "failed"]
    message: str = ""


class TrainingProcess:
    """Follows a training by its record; made by `start` or `attach`.

    Attributes
    ----------
    out : Path
        The model's file.
    warnings : list of str
        What the training warned of.
    estimate : float or None
        Seconds that it was thought to take before it began.
    """

    def __init__(self, out: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.out, self._process = out, process
        self._path, self._place, self._head = record_path(out), 0, b""
        self.warnings: list[str] = []
        self.estimate: float | None = None
        self._pid: int | None = None

    @classmethod
    def start(cls, options: Options) -> Self:
        """Begin a retraining; it goes on from its state if it was cut off or stopped.

        Raises
        ------
        TrainingError
            If that model is being trained already, or no process can be started.
        UserError
            If the place for the model cannot be written to.
        """
        make_folder(options.out.parent)
        if is_held(record_path(options.out)):
            raise TrainingError(f"{options.out.name} is being trained already: wait, or stop it.")
        command = [sys.executable, "-m", "napari_ggs", *options.words()]
        stop_path(options.out).unlink(missing_ok=True)
        errors = _errors_path(options.out)
        with explained(errors), errors.open("wb") as file:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **_apart()
                )
            except OSError as error:
                raise TrainingError(f"The training cannot be started: {error}.") from error
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        return cls(options.out, process)

    @classmethod
    def attach(cls, out: Path) -> Self | None:
        """Follow the training of a model that was started elsewhere or before; None if none was."""
        return cls(out) if record_path(out).is_file() else None

    def steps(self) -> list[Told]:
        """What was told since this was asked last; all of it the first time."""
        return [told for line in self._new_lines() if (told := self._take(line)) is not None]

    def stop(self) -> None:
        """Ask the training to end after the batch at hand and to keep the best so far."""
        with explained(stop_path(self.out)):
            stop_path(self.out).touch()

    @property
    def state(self) -> State:
        """How the training stands now; steps that are told of with it wait for `steps`."""
        code = None if self._process is None else self._process.poll()
        running = code is None if self._process is not None else is_held(self._path)
        if running:
            return State("running")
        ended = self._last_end()
        if ended is not None:
            return State(ended["how"], ended["words"])
        return State("failed", self._obituary(code))

    def _last_end(self) -> dict[str, Any] | None:
        """The end that the record tells of, if its last training has one."""
        ended: dict[str, Any] | None = None
        lines = self._path.read_bytes().splitlines() if self._path.is_file() else []
        for line in filter(None, map(_parsed, lines)):
            if line["told"] == "began":
                ended, self._pid = None, line["pid"]
            elif line["told"] == "ended":
                ended = line
        ours = self._process is None or self._process.pid == self._pid
        return ended if ours else None

    def _take(self, line: dict[str, Any]) -> Told | None:
        if line["told"] == "warning" and line["words"] not in self.warnings:
            self.warnings.append(line["words"])
        if line["told"] == "estimated":
            self.estimate = line["seconds"]
        return told_of(line) if line["told"] == "step" else None

    def _new_lines(self) -> list[dict[str, Any]]:
        """Whole lines that were added; all again where the record was begun anew."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            head = file.readline()
            if head != self._head:
                self._place, self._head = 0, head
            file.seek(self._place)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._place += len(whole)
        return [line for line in map(_parsed, whole.splitlines()) if line is not None]

    def _obituary(self, code: int | None) -> str:
        """Of a process that ended without a word."""
        if code is None or code < 0 or code == KILLED:
            how = "" if code is None else f" (code {code})"
            return (
                f"The training was ended from outside{how}, most often for lack of memory. "
                f"{OUT_OF_MEMORY.split('. ', 1)[1]}"
            )
        return self._last_words() or f"The training ended on its own (code {code})."

    def _last_words(self) -> str:
        with suppress(OSError):
            words = _errors_path(self.out).read_text(encoding="utf-8", errors="replace")
            return next((w for w in reversed(words.splitlines()) if w.strip()), "")
        return ""


def _errors_path(out: Path) -> Path:
    """What a process that trains prints, in case it can tell its record nothing."""
    return out.with_name(f"{out.stem}.output.txt")


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None  # cut short where the disk was full
    return told if isinstance(told, dict) and "told" in told else None


def _apart() -> dict[str, Any]:
    """Let the process outlive the one that started it; Ctrl+C there is not meant for it."""
    if sys.platform != "win32":
        return {"start_new_session": True}
    flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
