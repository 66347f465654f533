"""What a sweep needs of a slide, found in the background: its fields, and a picture of it."""

import threading
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QObject, QRectF, Signal
from qtpy.QtGui import QImage

from napari_ggs.errors import UserError
from napari_ggs.review.sweep import Sweep
from napari_ggs.slides import Slide

PICTURE_PX = 800
"""Longer side of the picture."""
MARGIN = 0.01
"""Share of the longer side that it shows on each side of the fields."""


@dataclass(frozen=True, eq=False)
class Survey:
    """The sweep of a slide and a picture of its tissue.

    Attributes
    ----------
    sweep : Sweep
    frame : QRectF
        What the picture shows, in level-0 px: all fields and a little around them.
    picture : QImage
    """

    sweep: Sweep
    frame: QRectF
    picture: QImage


class Surveyor(QObject):
    """Surveys slides, each in a thread of its own.

    Attributes
    ----------
    ended : Signal
        Emits the `Slide` and its `Survey`, or what went wrong in words.
    """

    ended = Signal(object, object)

    def start(self, slide: Slide) -> None:
        """Begin with a slide."""
        threading.Thread(target=self._survey, args=(slide,), name="survey", daemon=True).start()

    def _survey(self, slide: Slide) -> None:
        try:
            found: Survey | str = survey(slide)
        except (UserError, OSError, ValueError) as fault:  # a closed or vanished slide
            found = f"The tissue cannot be found: {fault}"
        with suppress(RuntimeError):  # the window is gone
            self.ended.emit(slide, found)


def survey(slide: Slide) -> Survey:
    """Lay fields over the tissue of a slide and take a picture of it.

    Raises
    ------
    OSError, ValueError, UserError
        If the slide cannot be read.
    """
    sweep = Sweep(slide.tissue())
    frame = _frame(sweep, slide)
    step = max(frame.width(), frame.height()) / PICTURE_PX
    width, height = round(frame.width() / step), round(frame.height() / step)
    pixels = slide.read_step(frame.x(), frame.y(), width, height, step)
    line, colours = 3 * width, QImage.Format.Format_RGB888
    picture = QImage(pixels.tobytes(), width, height, line, colours).copy()  # the bytes go
    return Survey(sweep, frame, picture)


def _frame(sweep: Sweep, slide: Slide) -> QRectF:
    """All fields and a little around them; the slide, if there are none."""
    fields = np.array(sweep.fields or [(0, 0, slide.width, slide.height)])
    (left, top), (right, bottom) = fields[:, :2].min(0), (fields[:, :2] + fields[:, 2:]).max(0)
    around = MARGIN * max(right - left, bottom - top)
    return QRectF(left, top, right - left, bottom - top).adjusted(-around, -around, around, around)
