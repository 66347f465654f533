"""What a study has to teach, read beside the window: it takes long where slides are many."""

import threading
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QObject, Signal

from napari_ggs.errors import UserError
from napari_ggs.training.at_hand import AtHand, look

Stamp = tuple[Path, int, int]


class StudyReader(QObject):
    """Reads a study again when its file has changed.

    Attributes
    ----------
    ended : Signal
        Emits an `AtHand`, or why the study cannot be read.
    """

    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seen: Stamp | None = None
        self.busy = False
        self.ended.connect(self._on_ended)

    def read(self, study: Path) -> None:
        """Begin to read, unless the study is as it was read last, or is being read."""
        stamp = study, _changed(study), _changed(Path(f"{study}-wal"))
        if self.busy or stamp == self._seen or not study.exists():
            return
        self.busy, self._seen = True, stamp
        threading.Thread(target=self._read, args=(study,), daemon=True).start()

    def _read(self, study: Path) -> None:
        found: AtHand | str
        try:
            found = look(study)
        except (UserError, OSError) as fault:
            found = str(fault)
        with suppress(RuntimeError):  # the window is gone
            self.ended.emit(found)

    def _on_ended(self, found: AtHand | str) -> None:
        self.busy = False
        if isinstance(found, str):
            self._seen = None


def _changed(file: Path) -> int:
    """When a file was changed, in ns; 0 if there is none."""
    with suppress(OSError):
        return file.stat().st_mtime_ns
    return 0
