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
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ggs.viewer.messages import Failure, Job

CHILD = "napari_ggs.viewer.child"


class Worker(QObject):
    """Does one job; its signals arrive in the thread that made it.

    Attributes
    ----------
    stepped : Signal
        Emits each `napari_ggs.viewer.messages.Step`.
    failed : Signal
        Emits a message in plain words.
    ended : Signal
        Emits when the job is over, however it ended.
    """

    stepped = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def start(self) -> None:
        """Begin, unless it was cancelled before."""
        if self._cancelled:
            self.ended.emit()
            return
        command = [sys.executable, "-m", CHILD]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, **_quietly())
        threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()

    def cancel(self) -> None:
        """Ask the job to end after the batch at hand; what it has found arrives still."""
        self._cancelled = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _follow(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        told = False
        try:
            pickle.dump(self._job, process.stdin)
            process.stdin.flush()
            while True:
                message = pickle.load(process.stdout)  # noqa: S301  from the process we started
                if isinstance(message, Failure):
                    told = True
                    self.failed.emit(message.words)
                else:
                    self.stepped.emit(message)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            process.stdout.close()
        if process.wait() and not told:
            self.failed.emit(_obituary(process.returncode))
        self.ended.emit()


def _obituary(code: int) -> str:
    return (
        f"The run ended on its own (code {code}), most often for lack of memory. What was found "
        "so far is kept: close other programs and run again, or choose a smaller region."
    )


def _quietly() -> dict[str, Any]:
    """On Windows: no console window, and the window in front goes first."""
    if sys.platform != "win32":
        return {}
    flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
    return {"creationflags": flags}
