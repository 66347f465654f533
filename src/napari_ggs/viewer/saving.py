"""The result files of a slide, written in the background: the window stays fluent."""

import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_ggs.errors import UserError
from napari_ggs.report import write_results
from napari_ggs.viewer.slide_review import SlideReview


class Saver(QObject):
    """Writes the files of one review at a time; also if the window is closed meanwhile.

    Attributes
    ----------
    busy : bool
        Whether files are being written.
    ended : Signal
        Emits what to say, and whether all files are there.
    """

    ended = Signal(str, bool)

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        self.ended.connect(self._rest)

    def start(self, review: SlideReview, folder: Path) -> None:
        """Begin to write a review as it is now."""
        self.busy = True
        session, about = review.session, review.described()
        what = session.table, review.slide, session.scheme, session.thresholds, folder, about
        threading.Thread(target=self._write, args=what).start()

    def _write(self, *what: Any) -> None:
        words, good = _written(*what)
        with suppress(RuntimeError):  # the window is gone
            self.ended.emit(words, good)

    def _rest(self) -> None:
        self.busy = False


def _written(*what: Any) -> tuple[str, bool]:
    """Write the files; what to say of it, and whether all are there."""
    try:
        files = write_results(*what)
    except UserError as error:
        return str(error), False
    except Exception as error:
        traceback.print_exc()
        fault = f"{type(error).__name__}: {error}"
        return f"Saving broke off: {fault}. This is a fault of napari-ggs: please report it.", False
    names = ", ".join(file.name for file in files)
    return f"Saved in {files[0].parent}: {names}", True
