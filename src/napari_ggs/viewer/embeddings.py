"""What the classifier in use makes of a slide's circles, computed in the background once."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_ggs.glomeruli import circles_of
from napari_ggs.models.choosing import in_use
from napari_ggs.viewer import look_child
from napari_ggs.viewer.look_messages import Looked, Looking
from napari_ggs.viewer.worker import Worker

Circle = tuple[float, float, float]
Seen = dict[Circle, tuple[NDArray[np.float32], NDArray[np.float64]]]

STOPPED = "Stopped before the classifier had looked at all circles."


class _Looker(Worker):
    """A worker that embeds circles."""

    what, kept = "Looking for circles that are alike", ""

    def _child(self) -> str:
        return look_child.__name__


class Embeddings(QObject):
    """Embeddings of the circles of one slide, as far as they were computed.

    A circle that was moved is looked at again, and all are when another model is in use.

    Parameters
    ----------
    slide : Path

    Attributes
    ----------
    stepped : Signal
        Emits how many circles were looked at, and of how many.
    ended : Signal
        Emits "" when all that was asked for is there, else why not.
    """

    stepped = Signal(int, int)
    ended = Signal(str)

    def __init__(self, slide: Path) -> None:
        super().__init__()
        self._slide = slide
        self._seen: Seen = {}
        self._filling: Seen = self._seen
        self._by: tuple[str, float] | None = None
        self._wanted: list[Circle] = []
        self._done, self._fault = 0, ""
        self._worker: _Looker | None = None

    @property
    def running(self) -> bool:
        """Whether circles are being looked at."""
        return self._worker is not None

    def complete(self, table: pd.DataFrame, mpp: float) -> bool:
        """Whether the model in use has looked at all of these circles.

        Parameters
        ----------
        table : DataFrame
            A Glomeruli table.
        mpp : float
            Microns per level-0 pixel.

        Raises
        ------
        ModelError
            If the model in use is gone.
        """
        by = (in_use("classification"), mpp)
        if by != self._by:
            self._by, self._seen = by, {}
        return all(circle in self._seen for circle in _circles(table))

    def begin(self, table: pd.DataFrame, mpp: float) -> None:
        """Look at those of the circles that were not looked at yet, one job at a time."""
        if self.running or self.complete(table, mpp):
            return
        self._wanted = [c for c in dict.fromkeys(_circles(table)) if c not in self._seen]
        self._done, self._fault, self._filling = 0, "", self._seen
        job = Looking(self._slide, mpp, in_use("classification"), np.array(self._wanted))
        self._worker = _Looker(job)
        self._worker.stepped.connect(self._on_step)
        self._worker.failed.connect(self._on_failed)
        self._worker.ended.connect(self._on_ended)
        self._worker.start()

    def stop(self) -> None:
        """Look at no more; what was looked at stays."""
        if self._worker is not None:
            self._fault = STOPPED
            self._worker.cancel()

    def of(
        self, table: pd.DataFrame
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float64]]:
        """Embeddings and probabilities of circles (one or more) that were all looked at.

        Returns
        -------
        readable : ndarray of bool, shape (n,)
            False where pixels of the crop could not be read; those have no rows below.
        features : ndarray of float32, shape (m, d)
        probabilities : ndarray, shape (m, k)
        """
        seen = [self._seen[circle] for circle in _circles(table)]
        features = np.stack([each[0] for each in seen])
        probabilities = np.stack([each[1] for each in seen])
        readable = np.asarray(np.isfinite(probabilities).all(axis=1))
        return readable, features[readable], probabilities[readable]

    def _on_step(self, batch: Looked) -> None:
        circles = self._wanted[self._done : self._done + len(batch.features)]
        rows = zip(batch.features, batch.probabilities, strict=True)
        self._filling.update(zip(circles, rows, strict=True))
        self._done += len(circles)
        self.stepped.emit(self._done, len(self._wanted))

    def _on_failed(self, words: str) -> None:
        self._fault = words

    def _on_ended(self) -> None:
        self._worker = None
        self.ended.emit(self._fault)


def _circles(table: pd.DataFrame) -> list[Circle]:
    return [(x, y, radius) for x, y, radius in circles_of(table).tolist()]
