"""Pictures of circles at one constant scale, read from the slide in the background."""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QImage

from napari_ggs.slides import Slide

SIDE_PX = 104
FIELD_UM = 260.0
"""Side of what a picture shows: the largest glomeruli are 250 um across (REFERENCE.md)."""
KEPT = 3000
"""Pictures: 100 MB."""
WAITING = 120
"""Requests: what was scrolled past is not read any more."""


class Place(NamedTuple):
    """Where a picture is taken: level-0 px."""

    x: float
    y: float


class Thumbnails(QObject):
    """Reads pictures of a slide in one background thread, the latest request first.

    Parameters
    ----------
    slide : Slide
    mpp : float
        Microns per level-0 pixel.

    Attributes
    ----------
    ready : Signal
        Emits the `Place` of a picture that can be had now.
    """

    ready = Signal(object)

    def __init__(self, slide: Slide, mpp: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._slide, self._mpp = slide, mpp
        self._pictures: OrderedDict[Place, QImage] = OrderedDict()
        self._wanted: OrderedDict[Place, None] = OrderedDict()
        self._lock, self._work = threading.Lock(), threading.Event()
        self._closed = False
        threading.Thread(target=self._read_all, name="thumbnails", daemon=True).start()

    def picture(self, x: float, y: float) -> QImage | None:
        """The picture around a place; None if it is still to be read, which `ready` tells."""
        place = Place(x, y)
        with self._lock:
            if place in self._pictures:
                self._pictures.move_to_end(place)
                return self._pictures[place]
            self._wanted[place] = None
            self._wanted.move_to_end(place)
            while len(self._wanted) > WAITING:
                self._wanted.popitem(last=False)
        self._work.set()
        return None

    def __len__(self) -> int:
        """Number of pictures that are there."""
        return len(self._pictures)

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        self._work.set()

    def _read_all(self) -> None:
        while True:
            self._work.wait()
            if self._closed:
                return
            with self._lock:
                place = next(reversed(self._wanted), None)
                if place is None:
                    self._work.clear()
                    continue
            self._keep(place, self._read(place))

    def _keep(self, place: Place, image: QImage) -> None:
        with self._lock:
            self._wanted.pop(place, None)
            self._pictures[place] = image
            while len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
        if not self._closed:
            try:
                self.ready.emit(place)
            except RuntimeError:  # the window went away meanwhile, and its objects with it
                self._closed = True

    def _read(self, place: Place) -> QImage:
        half = FIELD_UM / self._mpp / 2
        try:
            pixels = self._slide.read(
                place.x - half, place.y - half, SIDE_PX, SIDE_PX, FIELD_UM / SIDE_PX
            )
        except (OSError, ValueError):  # a closed or vanished slide
            pixels = np.full((SIDE_PX, SIDE_PX, 3), 128, np.uint8)
        colours, line = QImage.Format.Format_RGB888, 3 * SIDE_PX
        return QImage(pixels.tobytes(), SIDE_PX, SIDE_PX, line, colours).copy()  # the bytes go
