"""The circles on which readers differ: what each said, and a button per class to settle it."""

from functools import partial

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.lesions import Scheme
from napari_ggs.review.comparison import Comparison
from napari_ggs.viewer.circle_panel import hint
from napari_ggs.viewer.style import swatch, wrapped

ROWS_SHOWN = 7
WALK_TIP = "Go through those that are not settled with the keys N (next) and P (previous)."
KEYS_HINT = "The class keys still change your own reading, not what is settled."
NOBODY, CIRCLE, SETTLED = "–", "circle", "settled"


class DisputesPanel(QWidget):
    """A table of the circles to be settled, and what to settle the chosen one as.

    Attributes
    ----------
    visited : Signal
        Emits the handle of a circle to look at.
    settled : Signal
        Emits a handle and the class to settle it as; "" takes it back.
    walked : Signal
        Emits the handles of the circles to go through, a list.
    """

    visited = Signal(object)
    settled = Signal(object, str)
    walked = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.handles: list[int] = []
        self._ids: list[int] = []
        self._done: list[bool] = []
        self.title, self.asked = wrapped(style="font-weight: 600;"), wrapped()
        self.table = QTableWidget()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setAccessibleName("Circles on which readers do not agree")
        self.table.setAccessibleDescription("A click shows the circle in the slide.")
        self.table.setIconSize(QSize(18, 18))
        self.table.setShowGrid(False)
        self.walk = QPushButton("Walk the disagreements")
        self.walk.setToolTip(WALK_TIP)
        self.classes: dict[str, QPushButton] = {}
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (self.title, self.table, self.walk, self.asked):
            layout.addWidget(part)
        layout.addLayout(self._buttons)
        layout.addWidget(hint(KEYS_HINT))
        self.table.cellClicked.connect(lambda row, _: self.visited.emit(self.handles[row]))
        self.walk.clicked.connect(lambda: self.walked.emit(self.unsettled()))

    def lay_out(self, scheme: Scheme) -> None:
        """Make the buttons of a scheme's classes."""
        while (item := self._buttons.takeAt(0)) is not None:
            if button := item.widget():
                button.deleteLater()
        self.classes.clear()
        for lesion in scheme.lesions:
            tip = f"Settle the circle as {lesion.title}, and go on."
            self._add_button(lesion.name, tip).setIcon(QIcon(swatch(lesion)))
        self._add_button("", "Take back what it was settled as.").setText("Open again")

    def show_comparison(self, found: Comparison, at: int | None) -> None:
        """Show what is to be settled; `at` is the circle at hand."""
        disputes = found.disputes()
        self.handles = [int(handle) for handle in disputes.index]
        self._ids = [int(number) for number in disputes["id"]]
        self._done = (disputes["consensus"] != "").tolist()
        self._fill(found)
        self.title.setText(
            f"{len(self.handles)} to settle, {sum(self._done)} of them settled"
            if self.handles
            else "Nothing to settle"
        )
        for part in (self.table, self.walk):
            part.setVisible(bool(self.handles))
        self.walk.setEnabled(bool(self.unsettled()))
        self.come_to(at)

    def come_to(self, handle: int | None) -> None:
        """Mark the circle at hand, if it is one of these."""
        there = handle in self.handles
        for button in self.classes.values():
            button.setEnabled(there)
        if there and handle is not None:
            row = self.handles.index(handle)
            self.table.selectRow(row)
            self.asked.setText(f"Settle circle {self._ids[row]} as")
        else:
            self.table.clearSelection()
            self.asked.setText("Choose a circle above to settle it." if self.handles else "")

    def unsettled(self) -> list[int]:
        """Handles of the circles that are still to be settled."""
        return [h for h, done in zip(self.handles, self._done, strict=True) if not done]

    def _add_button(self, name: str, tip: str) -> QPushButton:
        button = QPushButton()
        button.setToolTip(tip)
        button.setStyleSheet("padding: 4px 6px; min-width: 24px;")
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(partial(self._on_settled, name))
        self._buttons.addWidget(button)
        self.classes[name] = button
        return button

    def _on_settled(self, name: str) -> None:
        if rows := self.table.selectedIndexes():
            self.settled.emit(self.handles[rows[0].row()], name)

    def _fill(self, found: Comparison) -> None:
        table, disputes = self.table, found.disputes()
        whole = found.verdicts.loc[disputes.index].to_numpy().tolist()
        table.setRowCount(len(disputes))
        table.setColumnCount(len(found.readers) + 2)
        table.setHorizontalHeaderLabels([CIRCLE, *found.readers, SETTLED])
        for row, said in enumerate(whole):
            table.setItem(row, 0, QTableWidgetItem(str(self._ids[row])))
            for column, word in enumerate(said, start=1):
                table.setItem(row, column, _item(word or NOBODY, found.scheme))
            agreed = str(disputes["consensus"].iloc[row])
            table.setItem(row, len(said) + 1, _item(agreed, found.scheme))
        self._fit()

    def _fit(self) -> None:
        header, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None
        assert side is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        side.setVisible(False)
        side.setDefaultSectionSize(26)
        rows = min(max(len(self.handles), 1), ROWS_SHOWN)
        self.table.setFixedHeight(26 * rows + header.sizeHint().height() + 4)


def _item(word: str, scheme: Scheme) -> QTableWidgetItem:
    """A verdict: the letter and colour of a class, else the word."""
    named = word in scheme
    item = QTableWidgetItem(QIcon(swatch(scheme[word])), "") if named else QTableWidgetItem(word)
    said = scheme[word].title if named else word
    item.setToolTip(said)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
    return item
