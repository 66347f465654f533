"""The gallery: circles of a review as pictures, in the order of the walk."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from qtpy.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from qtpy.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.lesions import Lesion
from napari_ggs.viewer.class_layer import UNNAMED
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.thumbnails import FIELD_UM, SIDE_PX, Thumbnails

HANDLE = Qt.ItemDataRole.UserRole
EDGE, BADGE = 3, 18
MARKS = {"uncertain": "?", "ungradable": "∅", "duplicate": "=", "cut": "◐", "ok": ""}

Index = QModelIndex | QPersistentModelIndex


class GalleryModel(QAbstractListModel):
    """The circles of a walk, in its order; nothing of them is copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._handles: Sequence[int] = ()
        self._rows: dict[int, int] = {}

    def show(self, handles: Sequence[int]) -> None:
        """Show these circles."""
        self.beginResetModel()
        self._handles = handles
        self._rows = {handle: row for row, handle in enumerate(handles)}
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: ARG002  Qt's name
        """Number of circles."""
        return len(self._handles)

    def data(self, index: Index, role: int = HANDLE) -> Any:
        """The handle of a circle."""
        return self._handles[index.row()] if role == HANDLE else None

    def index_of(self, handle: int | None) -> QModelIndex:
        """Where a circle is; an invalid index if it is not shown."""
        row = -1 if handle is None else self._rows.get(handle, -1)
        return self.index(row, 0) if row >= 0 else QModelIndex()

    def touch(self, handles: Sequence[int]) -> None:
        """Draw these circles anew."""
        for handle in handles:
            if (index := self.index_of(handle)).isValid():
                self.dataChanged.emit(index, index)


class GalleryDelegate(QStyledItemDelegate):
    """Draws a circle: its picture, its rim in the class colour, letter, and what was said of it."""

    def __init__(self, review: SlideReview, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._review, self._thumbnails = review, thumbnails
        self._scale = review.mpp * SIDE_PX / FIELD_UM

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        """The same for all."""
        return QSize(SIDE_PX + 2 * EDGE, SIDE_PX + 2 * EDGE)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one circle."""
        assert painter is not None
        (row,) = self._review.session.rows([index.data(HANDLE)]).to_dict("records")
        if np.isnan(row["x"]):  # drawn, and undone
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(option.rect.x() + EDGE, option.rect.y() + EDGE)
        self._draw_picture(painter, row)
        self._draw_state(painter, row)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor("#FFFFFF"), EDGE))
            painter.drawRect(QRectF(-1, -1, SIDE_PX + 2, SIDE_PX + 2))
        painter.restore()

    def lesion_of(self, label: str, predicted: str) -> Lesion:
        """What a circle is drawn as: its label, else, unless the reader is blind to the model,
        what is predicted; `UNNAMED` without either."""
        name = label or ("" if self._review.layers.blind else predicted)
        return self._review.session.scheme[name] if name else UNNAMED

    def _draw_picture(self, painter: QPainter, row: Any) -> None:
        image = self._thumbnails.picture(row["x"], row["y"])
        if image is None:
            painter.fillRect(0, 0, SIDE_PX, SIDE_PX, QColor(128, 128, 128, 90))
        else:
            painter.drawImage(0, 0, image)

    def _draw_state(self, painter: QPainter, row: Any) -> None:
        lesion = self.lesion_of(row["label"], row["predicted"])
        colour = QColor(lesion.colour)
        radius, middle = row["radius"] * self._scale, SIDE_PX / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine))
        painter.drawEllipse(QRectF(middle - radius, middle - radius, 2 * radius, 2 * radius))
        if lesion.letter:
            self._badge(painter, 0, lesion.letter, colour, filled=row["label"] != "")
        mark = "✕" if row["removed"] else MARKS.get(row["assessment"], "")
        if mark:
            self._badge(painter, SIDE_PX - BADGE, mark, QColor("#333333"), filled=True)
        if row["flags"] or row["note"]:
            self._badge(painter, SIDE_PX - BADGE, "⚑", QColor("#333333"), filled=True, low=True)
        if row["removed"] or row["assessment"] in STAYING_OUT:
            painter.fillRect(0, 0, SIDE_PX, SIDE_PX, QColor(90, 90, 90, 110))

    def _badge(
        self,
        painter: QPainter,
        x: int,
        text: str,
        colour: QColor,
        *,
        filled: bool,
        low: bool = False,
    ) -> None:
        """A letter in a corner: on its colour if a person said so, else beside a rim of it."""
        box = QRectF(x, SIDE_PX - BADGE if low else 0, BADGE, BADGE)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(colour if filled else QColor(255, 255, 255, 215))
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 3, 3)
        dark = filled and colour.lightness() < 120
        painter.setPen(QColor("white" if dark else "black"))
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class Gallery(QListView):
    """Pictures that wrap as wide as the dock is; only what is seen is read and drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Circles")
        self.setAccessibleDescription("A click shows the circle; Shift or Ctrl selects several.")
        self.circles = GalleryModel(self)
        self.setModel(self.circles)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setUniformItemSizes(True)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setSpacing(2)
        self.setMinimumHeight(SIDE_PX + 24)
        self.thumbnails: Thumbnails | None = None
        self._review: SlideReview | None = None

    def sizeHint(self) -> QSize:
        """One row, where the window is too low for more."""
        return QSize(2 * SIDE_PX, self.minimumHeight())

    def follow(self, review: SlideReview | None) -> None:
        """Show the circles of a review."""
        if self.thumbnails is not None:
            self.thumbnails.close()
        if self._review is not None:
            self._review.layers.blinded.disconnect(self._draw_anew)
        self.thumbnails, self._review = None, review
        self.circles.show(())
        if review is not None:
            review.layers.blinded.connect(self._draw_anew)
            self.thumbnails = Thumbnails(review.slide, review.mpp, self)
            self.thumbnails.ready.connect(self._draw_anew)
            self.setItemDelegate(GalleryDelegate(review, self.thumbnails, self))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Where arrows lead, and what Ctrl+A selects, is chosen as what one clicks."""
        before = self.chosen()
        super().keyPressEvent(event)
        if self.chosen() != before:
            self.clicked.emit(self.currentIndex())

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """What a box is drawn around is chosen too; beside all pictures, nothing is."""
        super().mouseReleaseEvent(event)
        if len(self.chosen()) != 1:
            self.clicked.emit(self.currentIndex())

    def come_to(self, handle: int | None) -> None:
        """Select a circle and scroll to it."""
        index = self.circles.index_of(handle)
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)
        else:
            self.clearSelection()

    def mark(self, handles: Sequence[int]) -> None:
        """Show circles as selected that were selected elsewhere."""
        marked = QItemSelection()
        for index in map(self.circles.index_of, handles):
            if index.isValid():
                marked.select(index, index)
        if (model := self.selectionModel()) is not None:
            model.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def chosen(self) -> list[int]:
        """Handles of the circles that are selected."""
        return [index.data(HANDLE) for index in self.selectedIndexes()]

    def _draw_anew(self, _: object) -> None:
        if (viewport := self.viewport()) is not None:
            viewport.update()
