"""One run on one slide: its worker, its session, its layers and how it went."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal

from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import ModelCard
from napari_ggs.report import RunInfo
from napari_ggs.review import MemoryJournal, Session
from napari_ggs.review.carrying import Carried
from napari_ggs.slides import Slide
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.messages import Job, Step
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.worker import Worker

REFRESH_MS = 1000
"""Circles that stream in are shown this often: the window stays free in between."""
PAINT_MS = 50
"""The worker begins so much later than its layers, which are drawn for the first time before."""


class SlideRun(QObject):
    """Carries what a worker finds into a session, a few times a second.

    It lives in the metadata of the slide's layer, as ``run`` and, for scripts and other docks,
    as ``session``; docks come and go.

    Attributes
    ----------
    session : Session
    review : SlideReview
    failure : str
        What went wrong, in plain words; "" if nothing did.
    carried : Carried or None
        What became of the run before.
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
        self,
        viewer: ViewerModel,
        image: Image,
        job: Job,
        cards: dict[str, ModelCard],
        keeping: Keeping | None = None,
    ) -> None:
        super().__init__()
        self.image, self.job, self._cards, self._viewer = image, job, cards, viewer
        self.slide: Slide = image.metadata["slide"]
        scheme, self._keeping = cards["classifier"].scheme, keeping
        journal = keeping.begin(scheme, cards, job.thresholds, job.region) if keeping else None
        self.session = Session(scheme, job.thresholds, journal)
        self.review = SlideReview(viewer, image, self.session, keeping, self.described)
        image.metadata.update(run=self)
        self.session.changed.connect(self._on_changed)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._last: Step | None = None
        self._waiting: list[pd.DataFrame] = []
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._take_in)
        self._worker = Worker(job)
        self._worker.stepped.connect(self._on_step)
        self._worker.failed.connect(self._on_failed)
        self._worker.ended.connect(self._on_ended)
        self.running = False
        self.failure = ""
        self.carried: Carried | None = None

    def start(self) -> None:
        """Begin."""
        self.running = True
        self._timer.start()
        QTimer.singleShot(PAINT_MS, self._worker.start)

    def cancel(self) -> None:
        """Stop after the batch at hand and keep what is found."""
        self._worker.cancel()

    def abandon(self) -> None:
        """Stop at once: what is still to come is dropped."""
        self._worker.cancel()
        self._timer.stop()
        self._waiting.clear()
        self.running = False

    def discard(self) -> None:
        """Stop, and take the layers away."""
        self.abandon()
        self.review.remove()

    def set_thresholds(self, thresholds: Thresholds) -> None:
        """Let thresholds act on what is there."""
        self._take_in()
        self.session.thresholds = thresholds

    @property
    def complete(self) -> bool:
        """Whether every tile was looked at and nothing broke off."""
        last = self._last
        return last is not None and last.done == last.total and not self.failure

    @property
    def without_tissue(self) -> bool:
        """Whether there was nothing to look at."""
        return self._last is not None and self._last.table is not None and not self._last.total

    @property
    def unread(self) -> float:
        """Share of the tissue that could not be read; 0 until the run is over."""
        return self._last.unread if self._last is not None else 0.0

    @property
    def missed(self) -> float | None:
        """Share of the tissue that was not analysed; None if the run broke off."""
        return self._last.missed if self._last is not None else None

    @property
    def superseded(self) -> bool:
        """Whether it broke off, and a finished run before it stands in the study."""
        broken = self._last is None or self._last.table is None
        before = self._keeping.before() if broken and self._keeping is not None else None
        return before is not None and before.finished

    def described(self) -> RunInfo:
        """How the table came about, for the results' summary."""
        return RunInfo(
            models={
                role: {"name": card.name, "sha256": card.sha256}
                for role, card in self._cards.items()
            },
            seconds=self._last.seconds if self._last is not None else {},
            complete=self.complete,
            missed=self.missed,
            region=self.job.region,
        )

    def _on_step(self, step: Step) -> None:
        if not self.running:
            return
        self._last = step
        for row, column in step.faults:
            self.slide.pyramid.faults.add(row, column, "found by a run")
        if step.table is not None:
            self._finish(step.table)
        elif len(step.rows):
            self._waiting.append(step.rows)
        self.stepped.emit(step.done, step.total)

    def _finish(self, table: pd.DataFrame) -> None:
        """Keep the whole run, show it, and carry over what was said of the run before."""
        self._take_in()
        rest = table.loc[table.index.difference(self.session.everything.index)]
        self._keep(lambda keeping: keeping.add(rest))
        self._keep(lambda keeping: keeping.finish(table, asdict(self.described())))
        self.session.finish(table)
        self._keep(self._carry_over)

    def _carry_over(self, keeping: Keeping) -> None:
        """Lay what was said of the run before over this one."""
        before = keeping.before()
        if before is not None:
            self.carried = keeping.carry_over(before)
            for cut_off in keeping.cut_off():
                keeping.carry_over(cut_off)
            self.session.follow()
            self.session.finished.emit()  # what is carried over is final, too: queues begin anew

    def _keep(self, keep: Callable[[Keeping], None]) -> None:
        """Keep something in the study; if that fails, say it, and go on in memory."""
        keeping = self._keeping
        if keeping is not None and not attempt(lambda: keep(keeping)):
            self._keeping = None
            self.session.go_on_in(MemoryJournal(self.session.who))

    def _on_changed(self) -> None:
        self.changed.emit()

    def _on_layer_removed(self, event: Any) -> None:
        if event.value is self.image:
            self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
            self.abandon()

    def _on_failed(self, words: str) -> None:
        self.failure = words

    def _take_in(self) -> None:
        if self._waiting:
            rows = pd.concat(self._waiting)
            self._waiting.clear()
            self._keep(lambda keeping: keeping.add(rows))
            self.session.extend(rows)

    def _on_ended(self) -> None:
        if not self.running:
            return
        self._take_in()
        self._timer.stop()
        self.running = False
        self.ended.emit()
