"""The job in the background: the window stays fluent while it goes on.

A process of its own, for two reasons. On Linux, Mesa's OpenGL and torch's triton each bring an
LLVM, and the process in which triton is imported after the first OpenGL window crashes: napari's
process never imports torch. And a thread would hold the interpreter while the window draws
(``benchmarks/event_loop_gaps.py``). Not `multiprocessing`: it would run the main script of
whoever opened napari from one again.
"""

import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ggs.viewer.look_messages import Looking
from napari_ggs.viewer.messages import Failure, Job

CHILD = "napari_ggs.viewer.child"
KILLED = 137
"""Code of a process that a container or a shell saw killed (128 + 9)."""


class Worker(QObject):
    """Does one job; its signals arrive in the thread that made it.

    Attributes
    ----------
    what, kept : str
        What fails, as a fault names it, and what is left of it then.
    stepped : Signal
        Emits each `napari_ggs.viewer.messages.Step`.
    failed : Signal
        Emits a message in plain words.
    ended : Signal
        Emits when the job is over, however it ended.
    """

    what, kept = "The run", "What was found so far is kept. "
    stepped = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, job: Job | Looking) -> None:
        super().__init__()
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def start(self) -> None:
        """Begin, unless it was cancelled before."""
        if self._cancelled:
            self.ended.emit()
            return
        command = [sys.executable, "-m", self._child()]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, **_quietly())
        except OSError as error:
            self.failed.emit(f"{self.what} cannot be started: {error}. Close other programs first.")
            self.ended.emit()
            return
        threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()

    def cancel(self) -> None:
        """Ask the job to end after the batch at hand; what it has found arrives still."""
        self._cancelled = True
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it is over already
                self._process.stdin.close()

    def _child(self) -> str:
        """The module that does the job."""
        return CHILD

    def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            told = self._pass_on(process)
            if process.wait() and not told:
                self.failed.emit(_obituary(process.returncode, self.what, self.kept))
        except Exception as error:
            process.kill()
            process.wait()
            self.failed.emit(_misunderstood(error, self.what, self.kept))
        finally:
            self.ended.emit()

    def _pass_on(self, process: "subprocess.Popen[bytes]") -> bool:
        """Send the job and emit what comes back, to the end; whether that told of a failure."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError, ValueError):  # it is over, or was cancelled before
            pickle.dump(self._job, process.stdin)
            process.stdin.flush()
        told = False
        with suppress(EOFError, pickle.UnpicklingError), process.stdout:  # the end, or cut short
            while True:
                message = pickle.load(process.stdout)  # noqa: S301  from the process we started
                if isinstance(message, Failure):
                    told = True
                    self.failed.emit(message.words)
                else:
                    self.stepped.emit(message)
        return told


def _obituary(code: int, what: str, kept: str) -> str:
    if code < 0 or code == KILLED:
        return (
            f"{what} was ended from outside (code {code}), most often for lack of memory. {kept}"
            "Close other programs and try again, or choose a smaller region."
        )
    return (
        f"{what} ended on its own (code {code}). {kept}The terminal from which napari was started "
        "says more: please report it."
    )


def _misunderstood(error: Exception, what: str, kept: str) -> str:
    return (
        f"{what} broke off, for what it told is not understood: {type(error).__name__}: {error}. "
        f"{kept}This is a fault of napari-ggs: please report it."
    )


def _quietly() -> dict[str, Any]:
    """On Windows: no console window, and the window in front goes first."""
    if sys.platform != "win32":
        return {}
    flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return {"creationflags": flags}
