"""An export in the background: the window stays fluent while it goes on.

A process of its own, since patches bring torch (`napari_ggs.viewer.worker` says why the window's
process must not). It goes on to its end if the window is closed meanwhile.
"""

import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ggs.viewer.export_messages import Order

CHILD = "napari_ggs.viewer.export_child"


class Exporter(QObject):
    """Exports by one order at a time.

    Attributes
    ----------
    stepped : Signal
        Emits the `napari_ggs.viewer.export_messages.Outcome` of each slide.
    ended : Signal
        Emits "" at the end, or why it broke off.
    """

    stepped = Signal(object)
    ended = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def start(self, order: Order) -> None:
        """Begin."""
        self.stopped = False
        command, pipe = [sys.executable, "-m", CHILD], subprocess.PIPE
        try:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, **_quietly())
        except OSError as error:
            self.ended.emit(f"The export cannot be started: {error}. Close other programs first.")
            return
        threading.Thread(target=self._follow, args=(self._process, order), daemon=True).start()

    def stop(self) -> None:
        """End it at once; what is complete stays, and no file is left half written."""
        self.stopped = True
        if self._process is not None:
            self._process.kill()

    def _follow(self, process: "subprocess.Popen[bytes]", order: Order) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(RuntimeError):  # the window is gone
            with suppress(OSError), process.stdin as orders:  # it ended before it was told
                pickle.dump(order, orders)
            with suppress(EOFError, pickle.UnpicklingError), process.stdout as told:
                while True:
                    self.stepped.emit(pickle.load(told))  # noqa: S301  from the process we started
            self.ended.emit(_obituary(process.wait(), self.stopped))


def _obituary(code: int, stopped: bool) -> str:
    if stopped:
        return "Stopped. Every file that is there is complete."
    if code:
        return (
            f"The export ended on its own (code {code}). Every file that is there is complete. The "
            "terminal from which napari was started says more: please report it."
        )
    return ""


def _quietly() -> dict[str, Any]:
    """On Windows: no console window."""
    if sys.platform != "win32":
        return {}
    return {"creationflags": subprocess.CREATE_NO_WINDOW}
