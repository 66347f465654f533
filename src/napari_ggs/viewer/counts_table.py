"""A small table of counts: glomeruli, each class under its letter and colour, %GGS."""

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QIcon, QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_ggs.lesions import Scheme
from napari_ggs.review.count_rows import CountRow
from napari_ggs.viewer.style import swatch

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
WIDTHS = {"all": 38, "class": 34, "percent": 42}
ROW_PX = 22
STRONG = QColor(128, 128, 128, 60)
MOST_ROWS = 16
"""More are scrolled to."""


class CountsTable(QTableWidget):
    """Shows lines of counts; Ctrl+C copies what is selected, else all, to a spreadsheet.

    Attributes
    ----------
    renamed : Signal
        Emits the old and the new name of a section whose name was edited.
    """

    renamed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scheme: Scheme | None = None
        self._rows: list[CountRow] = []
        numbers, self._header = self.verticalHeader(), self.horizontalHeader()
        assert numbers is not None
        numbers.hide()
        numbers.setDefaultSectionSize(ROW_PX)
        self.setAccessibleName("Counts")
        self.setAccessibleDescription("Ctrl+C copies it; a double click renames a section.")
        self.setIconSize(QSize(18, 18))
        self.setEditTriggers(self.EditTrigger.DoubleClicked | self.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setWordWrap(False)
        self.itemChanged.connect(self._on_edited)

    def lay_out(self, scheme: Scheme) -> None:
        """Make the columns of a scheme's classes."""
        self._scheme, self._rows = scheme, []
        self.clear()
        self.setRowCount(0)
        self.setColumnCount(len(scheme.glomerular) + 3)
        self._head(0, "Section", "Section (level), slide or case")
        self._head(1, "all", "Glomeruli")
        for column, name in enumerate(scheme.glomerular, start=2):
            lesion = scheme[name]
            self._head(column, "", lesion.title).setIcon(QIcon(swatch(lesion, 18)))
            self.setColumnWidth(column, WIDTHS["class"])
        self._head(self.columnCount() - 1, "%GGS", "Globally sclerotic, percent of glomeruli")
        self.setColumnWidth(1, WIDTHS["all"])
        self.setColumnWidth(self.columnCount() - 1, WIDTHS["percent"])
        assert self._header is not None
        self._header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_rows(self, rows: Sequence[CountRow]) -> None:
        """Show these lines."""
        assert self._scheme is not None
        if list(rows) == self._rows:
            return
        self._rows = list(rows)
        self.blockSignals(True)
        self.clearSpans()
        self.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._fill(place, row, self._scheme)
        self.blockSignals(False)
        assert self._header is not None
        head, shown = self._header.sizeHint().height(), min(len(rows), MOST_ROWS)
        self.setFixedHeight(head + shown * ROW_PX + 4)

    def tsv(self) -> str:
        """The lines that are selected, or all, separated by tabs, under a line of headings."""
        assert self._scheme is not None
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        titles = [self._scheme[name].title for name in self._scheme.glomerular]
        lines = [["section", "glomeruli", *titles, "%GGS"]]
        for place in chosen or range(len(self._rows)):
            row = self._rows[place]
            lines += [[row.name, *(row.cells(self._scheme) if row.tally else [row.remark])]]
        return "\n".join("\t".join(line) for line in lines)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Copy; leave the keys of the review to the dock."""
        if event is None:
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            clipboard = QApplication.clipboard()
            assert clipboard is not None
            clipboard.setText(self.tsv())
        elif event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _head(self, column: int, words: str, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem(words)
        item.setToolTip(tip)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setHorizontalHeaderItem(column, item)
        return item

    def _fill(self, place: int, row: CountRow, scheme: Scheme) -> None:
        cells = row.cells(scheme) if row.tally else [row.remark, *row.cells(scheme)[1:]]
        for column, words in enumerate([row.name, *cells]):
            item = _item(words, row, right=column > 0)
            if row.section and column == 0:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self.setItem(place, column, item)
        if not row.tally:
            self.setSpan(place, 1, 1, self.columnCount() - 1)

    def _on_edited(self, item: QTableWidgetItem) -> None:
        """Tell of another name; the line shows the old one until it is kept."""
        old, new = self._rows[item.row()].name, item.text()
        self.blockSignals(True)
        item.setText(old)
        self.blockSignals(False)
        if new != old:
            self.renamed.emit(old, new)


def _item(words: str, row: CountRow, *, right: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(words)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    item.setToolTip(row.tip)
    if right:
        item.setTextAlignment(RIGHT)
    if row.strong:
        item.setBackground(STRONG)
        font = QFont()
        font.setBold(True)
        item.setFont(font)
    return item
