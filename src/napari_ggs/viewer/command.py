"""A command of napari-ggs in a process of its own, for what brings torch (`viewer.worker`)."""

import sys

from qtpy.QtCore import QObject, QProcess, Signal

from napari_ggs.errors import UserError
from napari_ggs.training.background import KILLED

STOPPED = "Stopped: nothing was changed."
OUTSIDE = (
    "It was ended from outside, most often for lack of memory: close other programs and try again."
)


class Command(QObject):
    """Runs one command at a time; the window stays fluent meanwhile.

    Attributes
    ----------
    ended : Signal
        Emits "" if the command did what it should, else why not, in one line.
    """

    ended = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._stopped = False
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)

    @property
    def running(self) -> bool:
        """Whether a command is at work."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(self, words: list[str]) -> None:
        """Begin ``napari-ggs WORDS``."""
        if self.running:
            raise UserError("Another command is at work still: wait for it.")
        self._stopped = False
        self._process.start(sys.executable, ["-m", "napari_ggs", *words])

    def stop(self) -> None:
        """End it at once."""
        self._stopped = True
        self._process.kill()

    def _on_finished(self) -> None:
        self.ended.emit(self._fault())

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.ended.emit(f"It cannot be started: {self._process.errorString()}.")

    def _fault(self) -> str:
        if self._stopped:
            return STOPPED
        crashed = self._process.exitStatus() == QProcess.ExitStatus.CrashExit
        code = self._process.exitCode()
        if crashed or code == KILLED:
            return OUTSIDE
        return self._last_line() or f"It ended on its own (code {code})." if code else ""

    def _last_line(self) -> str:
        errors = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        lines = [line.strip() for line in errors.splitlines() if line.strip()]
        return lines[-1].removeprefix("error: ") if lines else ""
