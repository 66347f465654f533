"""Two curves over the time of a training: the loss, and how good the model is."""

import math
from collections.abc import Iterable

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_ggs.training.record import Told
from napari_ggs.viewer.style import MUTED, WARNING

MERIT = "#56B4E9"
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 150, 34, 34, 22, 18
Points = list[tuple[float, float]]


class Curves(QWidget):
    """Loss on the left axis, merit (0 to 1) on the right one, from the beginning to now.

    Attributes
    ----------
    loss, merit : list of (float, float)
        Share done and value.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss: Points = []
        self.merit: Points = []
        self.merit_name = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As high as is good to read."""
        return QSize(320, HEIGHT)

    def clear(self, merit_name: str) -> None:
        """Begin again, with what the merit is called."""
        self.loss, self.merit, self.merit_name = [], [], merit_name
        self.update()

    def add(self, steps: Iterable[Told]) -> None:
        """Go on with the curves; of a training that goes on from an earlier state, from there."""
        for told in steps:
            step = told.step
            place = step.done / max(step.total, 1)
            if step.stage == "training":
                self._forget_beyond(place)
            if step.stage == "training" and not math.isnan(step.loss):
                self.loss.append((place, step.loss))
            if not math.isnan(step.merit) and (not self.merit or self.merit[-1][1] != step.merit):
                self.merit.append((place, step.merit))
        self.update()

    def _forget_beyond(self, place: float) -> None:
        """What came after a state was lost with the process that was killed."""
        for points in (self.loss, self.merit):
            while points and points[-1][0] > place:
                points.pop()

    def best(self) -> tuple[float, float] | None:
        """Where the best model was, and how good."""
        return max(self.merit, key=lambda point: point[1], default=None)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002  Qt's
        """Draw frame, axes, curves and a dot on the best."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        width, height = self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM
        frame = QRectF(LEFT, TOP, width, height)
        end = max((place for place, _ in (*self.loss, *self.merit)), default=1.0) or 1.0
        top = max((value for _, value in self.loss), default=1.0) or 1.0
        self._draw_axes(painter, frame, top)
        self._draw(painter, frame, [(x / end, y / top) for x, y in self.loss], WARNING)
        until_now = [(end, y) for _, y in self.merit[-1:]]
        self._draw(painter, frame, [(x / end, y) for x, y in self.merit + until_now], MERIT)
        if (best := self.best()) is not None:
            painter.setBrush(QColor(MERIT))
            painter.drawEllipse(_at(frame, best[0] / end, best[1]), 4, 4)
        painter.end()

    def _draw_axes(self, painter: QPainter, frame: QRectF, top: float) -> None:
        painter.setPen(QPen(QColor(MUTED), 1))
        painter.drawRect(frame)
        for share in (0.25, 0.5, 0.75):
            faint = QColor(MUTED)
            faint.setAlpha(60)
            painter.setPen(faint)
            painter.drawLine(_at(frame, 0, share), _at(frame, 1, share))
        for colour, side, high in ((WARNING, -1, f"{top:.2g}"), (MERIT, 1, "1")):
            painter.setPen(QColor(colour))
            for share, words in ((0, "0"), (1, high)):
                _write(painter, _beside(frame, share, side), words, -side)
        _write(painter, QRectF(LEFT, 2, frame.width(), TOP - 4), self.merit_name, 1)
        painter.setPen(QColor(WARNING))
        _write(painter, QRectF(LEFT, 2, frame.width(), TOP - 4), "loss", -1)
        painter.setPen(QColor(MUTED))
        under = QRectF(LEFT, frame.bottom() + 2, frame.width(), BOTTOM - 2)
        _write(painter, under, "begin", -1)
        _write(painter, under, "now", 1)

    def _draw(self, painter: QPainter, frame: QRectF, points: Points, colour: str) -> None:
        painter.setPen(QPen(QColor(colour), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([_at(frame, x, y) for x, y in points]))


def _at(frame: QRectF, x: float, y: float) -> QPointF:
    """Where shares of the frame are, from its lower left corner."""
    return QPointF(frame.left() + x * frame.width(), frame.bottom() - y * frame.height())


def _beside(frame: QRectF, share: float, side: int) -> QRectF:
    """Room for a number beside the frame, to the left (-1) or the right (1)."""
    middle = _at(frame, 0 if side < 0 else 1, share)
    left = middle.x() - LEFT if side < 0 else middle.x() + 5
    return QRectF(left, middle.y() - 7, LEFT - 5, 14)


def _write(painter: QPainter, room: QRectF, words: str, side: int) -> None:
    """Write at the left (-1) or the right (1) of some room."""
    aligned = Qt.AlignmentFlag.AlignLeft if side < 0 else Qt.AlignmentFlag.AlignRight
    painter.drawText(room, aligned | Qt.AlignmentFlag.AlignVCenter, words)
