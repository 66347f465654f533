"""One run on one slide: its worker, its session, its layers and how it went."""

from typing import Any

import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal

from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import ModelCard
from napari_ggs.pipeline import Progress
from napari_ggs.report import RunInfo
from napari_ggs.review import Session
from napari_ggs.viewer.layers import ClassLayers
from napari_ggs.viewer.worker import Job, Worker

REFRESH_MS = 500
"""Circles that stream in are shown this often: the window stays free in between."""


class SlideRun(QObject):
    """Carries what a worker finds into a session, a few times a second.

    It lives in the metadata of the slide's layer, as ``run`` and, for scripts and other docks,
    as ``session``; docks come and go.

    Attributes
    ----------
    session : Session
    layers : ClassLayers
    failure : str
        What went wrong, in plain words; "" if nothing did.
    stepped : Signal
        Emits tiles done and all tiles.
    changed : Signal
        Emits when the session has changed.
    ended : Signal
        Emits when the run is over; what it found is in the session.
    """

    stepped = Signal(int, int)
    changed = Signal()
    ended = Signal()

    def __init__(
        self, viewer: ViewerModel, image: Image, job: Job, cards: dict[str, ModelCard]
    ) -> None:
        super().__init__()
        self.image, self.job, self._cards, self._viewer = image, job, cards, viewer
        self.session = Session(cards["classifier"].scheme, job.thresholds)
        self.layers = ClassLayers(viewer, self.session, image)
        image.metadata.update(run=self, session=self.session)
        self.session.changed.connect(self._on_changed)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._last: Progress | None = None
        self._waiting: list[pd.DataFrame] = []
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._take_in)
        self._worker = Worker(job)
        self._worker.progressed.connect(self._on_progress)
        self._worker.failed.connect(self._on_failed)
        self._worker.ended.connect(self._on_ended)
        self.running = False
        self.failure = ""

    def start(self) -> None:
        """Begin."""
        self.running = True
        self._timer.start()
        self._worker.start()

    def cancel(self) -> None:
        """Stop after the batch at hand and keep what is found."""
        self._worker.cancel()

    def discard(self) -> None:
        """Stop, and take the layers away."""
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        self._worker.cancel()
        self._timer.stop()
        self._waiting.clear()
        self.running = False
        self.layers.remove()

    def set_thresholds(self, thresholds: Thresholds) -> None:
        """Let thresholds act on what is there."""
        self._take_in()
        self.session.thresholds = thresholds

    @property
    def complete(self) -> bool:
        """Whether every tile was looked at and nothing broke off."""
        last = self._last
        return last is not None and last.done == last.total and not self.failure

    def described(self) -> RunInfo:
        """How the table came about, for the results' summary."""
        seconds = vars(self._last.seconds) if self._last is not None else {}
        return RunInfo(
            models={
                role: {"name": card.name, "sha256": card.sha256}
                for role, card in self._cards.items()
            },
            seconds=dict(seconds),
            complete=self.complete,
            region=self.job.region,
        )

    def _on_progress(self, progress: Progress) -> None:
        if not self.running:
            return
        self._last = progress
        if progress.table is not None:
            self._take_in()
            self.session.finish(progress.table)
        elif len(progress.rows):
            self._waiting.append(progress.rows)
        self.stepped.emit(progress.done, progress.total)

    def _on_changed(self) -> None:
        self.changed.emit()

    def _on_layer_removed(self, event: Any) -> None:
        if event.value is self.image:
            self.discard()

    def _on_failed(self, words: str) -> None:
        self.failure = words

    def _take_in(self) -> None:
        if self._waiting:
            rows = pd.concat(self._waiting)
            self._waiting.clear()
            self.session.extend(rows)

    def _on_ended(self) -> None:
        if not self.running:
            return
        self._take_in()
        self._timer.stop()
        self.running = False
        self.ended.emit()
