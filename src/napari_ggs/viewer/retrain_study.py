"""What a study has to teach, read beside the window: it takes long where slides are many."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_ggs.errors import UserError
from napari_ggs.lesions import Scheme
from napari_ggs.models import ModelCard
from napari_ggs.review.held_out import HeldOut, held_out
from napari_ggs.store import CaseStore
from napari_ggs.training.at_hand import AtHand, look

Stamp = tuple[Path, int, int]


class Asked(NamedTuple):
    """What a study is read for.

    Attributes
    ----------
    study : Path
    start : ModelCard or None
        The model to start from; None begins anew.
    scheme : Scheme or None
        The classes of a classifier; None for a detector.
    """

    study: Path
    start: ModelCard | None
    scheme: Scheme | None


class StudyRead(NamedTuple):
    """What was read.

    Attributes
    ----------
    asked : Asked
    at_hand : AtHand
    held_out : HeldOut
        On whom the new model can be compared with the one that it starts from.
    """

    asked: Asked
    at_hand: AtHand
    held_out: HeldOut


class StudyReader(QObject):
    """Reads a study again when its file has changed, or when it is asked for something else.

    Attributes
    ----------
    ended : Signal
        Emits a `StudyRead`, or why the study cannot be read.
    """

    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seen: tuple[Stamp, Asked] | None = None
        self.busy = False
        self.ended.connect(self._on_ended)

    def read(self, asked: Asked) -> None:
        """Begin to read, unless the study is as it was read last, or something is being read."""
        study = asked.study
        seen = (study, _changed(study), _changed(Path(f"{study}-wal"))), asked
        if self.busy or seen == self._seen or not study.exists():
            return
        self.busy, self._seen = True, seen
        threading.Thread(target=self._read, args=(asked,), daemon=True).start()

    def _read(self, asked: Asked) -> None:
        found: StudyRead | str
        try:
            found = _read(asked)
        except (UserError, OSError) as fault:
            found = str(fault)
        with suppress(RuntimeError):  # the window is gone
            self.ended.emit(found)

    def _on_ended(self, found: StudyRead | str) -> None:
        self.busy = False
        if isinstance(found, str):
            self._seen = None


def _read(asked: Asked) -> StudyRead:
    starts = [] if asked.start is None else [asked.start]
    taught = [name for card in starts for name in card.patients_seen.training]
    found = look(asked.study, taught=taught)
    with CaseStore.open(asked.study, create=False) as store:
        return StudyRead(asked, found, held_out(store, starts, asked.scheme))


def _changed(file: Path) -> int:
    """When a file was changed, in ns; 0 if there is none."""
    with suppress(OSError):
        return file.stat().st_mtime_ns
    return 0
