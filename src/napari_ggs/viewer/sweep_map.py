"""The map of a sweep: the slide's tissue, what was looked at, and where one is."""

from collections.abc import Iterable

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ggs.store import Field
from napari_ggs.viewer.style import ACCENT, WARNING
from napari_ggs.viewer.survey import Survey

HEIGHTS = 60, 420
"""Lowest and highest in px."""
TINT = 105
"""Opacity, of 255, of the colour over what was looked at."""


class SweepMap(QWidget):
    """A picture of all fields; a click goes to one.

    Attributes
    ----------
    chosen : Signal
        Emits the place of the field that was clicked.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._survey: Survey | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click a field to look at it.")

    def show_survey(self, survey: Survey | None) -> None:
        """Show another slide, or none."""
        self._survey = survey
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """As the slide has it."""
        return True

    def heightForWidth(self, width: int) -> int:
        """So high that the picture fills the width, within limits."""
        if self._survey is None:
            return HEIGHTS[0]
        frame = self._survey.frame
        low, high = HEIGHTS
        return min(max(round(width * frame.height() / frame.width()), low), high)

    def sizeHint(self) -> QSize:
        """Fits the dock."""
        return QSize(340, self.heightForWidth(340))

    def place_of(self, field: Field) -> QRectF:
        """Where a field is in the widget."""
        assert self._survey is not None
        shown, frame = self._shown(self._survey), self._survey.frame
        scale = shown.width() / frame.width()
        left, top = shown.x() - frame.x() * scale, shown.y() - frame.y() * scale
        x, y, width, height = (scale * value for value in field)
        return QRectF(left + x, top + y, width, height)

    def paintEvent(self, event: object) -> None:  # noqa: ARG002  Qt's name
        """Draw."""
        painter = QPainter(self)
        if self._survey is None:
            painter.fillRect(self.rect(), QColor(128, 128, 128, 50))
            return
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.drawImage(self._shown(self._survey), self._survey.picture)
        self._draw_fields(painter, self._survey)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go to the field under the pointer."""
        if self._survey is None or event is None:
            return
        shown, frame = self._shown(self._survey), self._survey.frame
        scale = frame.width() / shown.width()
        away = (event.position() - shown.topLeft()) * scale + frame.topLeft()
        if (place := self._survey.sweep.at(away.x(), away.y())) is not None:
            self.chosen.emit(place)

    def _shown(self, survey: Survey) -> QRectF:
        """Where the picture is: as large as it fits, in the middle."""
        size = survey.frame.size().scaled(
            float(self.width()), float(self.height()), Qt.AspectRatioMode.KeepAspectRatio
        )
        room = self.width() - size.width(), self.height() - size.height()
        return QRectF(room[0] / 2, room[1] / 2, size.width(), size.height())

    def _draw_fields(self, painter: QPainter, survey: Survey) -> None:
        sweep, tint = survey.sweep, QColor(ACCENT)
        tint.setAlpha(TINT)
        seen = [sweep.fields[place] for place in np.flatnonzero(sweep.covered)]
        painter.fillPath(_together(self.place_of(field) for field in seen), tint)
        if sweep.current is not None:
            for colour, width in (("black", 5), (WARNING, 3)):
                painter.setPen(QPen(QColor(colour), width))
                painter.drawRect(self.place_of(sweep.fields[sweep.current]))


def _together(places: Iterable[QRectF]) -> QPainterPath:
    """One shape of them all: where they overlap, the tint is the same."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for place in places:
        path.addRect(place)
    return path
