"""The circle at hand: how probable each class is, and a button with its key for all one can say."""

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.lesions import Lesion, Scheme
from napari_ggs.store import flags_of
from napari_ggs.viewer.style import MUTED, STOP, swatch, wrapped

STATES: dict[str, Callable[[Any], bool]] = {
    "Uncertain": lambda row: row["assessment"] == "uncertain",
    "Ungradable": lambda row: row["assessment"] == "ungradable",
    "Cut": lambda row: row["assessment"] == "cut",
    "Segmental": lambda row: "segmental" in flags_of(str(row["flags"])),
    "Take out": lambda row: bool(row["removed"]),
}
"""Buttons that show whether what they say holds of the circle at hand."""
NOTE_TIP = "Your own words on this circle. Enter keeps them."
REFUSED = "This note is not kept. Press Enter to try again."
COLUMNS = 3
"""Of the buttons below the classes."""


class ProbabilityBar(QWidget):
    """How probable a class is, as a bar in its colour with the percent beside it."""

    def __init__(self, lesion: Lesion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour, self._value = QColor(lesion.colour), -1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Flat."""
        return QSize(80, 16)

    def set_value(self, value: float) -> None:
        """Show a probability; negative or NaN for none."""
        self._value = value if value >= 0 else -1.0
        self.setAccessibleName(f"{100 * value:.0f} percent" if value >= 0 else "")
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: ARG002  Qt's name
        """Draw."""
        painter, room = QPainter(self), self.width() - 40
        painter.fillRect(QRectF(0, 4, room, 8), QColor(128, 128, 128, 50))
        if self._value >= 0:
            painter.fillRect(QRectF(0, 4, room * self._value, 8), self._colour)
            painter.setPen(self.palette().windowText().color())
            text = f"{100 * self._value:.0f} %"
            painter.drawText(QRectF(room, 0, 40, 16), Qt.AlignmentFlag.AlignRight, text)


class CirclePanel(QWidget):
    """Buttons and bars of the classes, the other things one can say, and a note.

    Attributes
    ----------
    labelled : Signal
        Emits the name of a class whose button was pressed.
    noted : Signal
        Emits a note that was written.
    """

    labelled = Signal(str)
    noted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = wrapped(style="font-weight: 600;")
        self.classes: dict[str, QPushButton] = {}
        self._bars: dict[str, ProbabilityBar] = {}
        self._states: dict[str, QPushButton] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.acts = QGridLayout()
        self.acts.setSpacing(3)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note on this circle")
        self.note.setToolTip(NOTE_TIP)
        self.note.editingFinished.connect(self._on_note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.title)
        layout.addLayout(self._grid)
        layout.addLayout(self.acts)
        layout.addWidget(self.note)
        self._note = ""

    def lay_out(self, scheme: Scheme) -> None:
        """Make the buttons of a scheme's classes."""
        _clear(self._grid)
        self.classes, self._bars = {}, {}
        for row, lesion in enumerate(scheme.lesions):
            button = QPushButton(QIcon(swatch(lesion)), f"{lesion.title}  [{row + 1}]")
            button.setStyleSheet("text-align: left; padding: 3px 6px; min-width: 150px;")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(f"Key {row + 1}: give this class to the circle, and go on.")
            button.clicked.connect(partial(self.labelled.emit, lesion.name))
            bar = ProbabilityBar(lesion)
            self._grid.addWidget(button, row, 0)
            self._grid.addWidget(bar, row, 1)
            self.classes[lesion.name], self._bars[lesion.name] = button, bar

    def add_act(self, button: QPushButton, short: str) -> None:
        """Add a button for something else that one can say or do; `short` is what it says."""
        self.acts.addWidget(button, *divmod(self.acts.count(), COLUMNS))
        if short in STATES:
            button.setCheckable(True)
            self._states[short] = button

    def forget_acts(self) -> None:
        """Take these buttons away."""
        _clear(self.acts)
        self._states.clear()

    def show_circle(self, row: Any, scheme: Scheme, words: str, *, blind: bool = False) -> None:
        """Show a row of a review's table; None for no circle.

        Who is blind to the model sees no bars.
        """
        self.title.setText(words)
        self._note = "" if row is None else str(row["note"])
        self.note.setText(self._note)
        self.note.setStyleSheet("")
        self.note.setToolTip(NOTE_TIP)
        self.note.setEnabled(row is not None)
        for lesion in scheme.lesions:
            hidden = row is None or blind
            self._bars[lesion.name].set_value(-1.0 if hidden else float(row[lesion.column]))
            self._bars[lesion.name].setVisible(not blind)
            given = row is not None and row["label"] == lesion.name
            self.classes[lesion.name].setChecked(given)
        for short, button in self._states.items():
            button.setChecked(row is not None and STATES[short](row))

    def refuse_note(self) -> None:
        """Show that the note that was written is not kept; it stays, to be entered again."""
        self.note.setStyleSheet(f"border: 2px solid {STOP};")
        self.note.setToolTip(REFUSED)

    def _on_note(self) -> None:
        if self.note.text() != self._note:
            self.noted.emit(self.note.text())


def act_button(words: str, key: str, tip: str) -> QPushButton:
    """A small button that shows its key."""
    button = QPushButton(f"{words}  [{key}]")
    button.setStyleSheet("padding: 3px 2px; min-width: 20px;")
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setToolTip(tip)
    return button


def hint(text: str) -> QWidget:
    """Small print."""
    return wrapped(text, f"color: {MUTED}; font-size: 11px;")


def row_of(*parts: QWidget) -> QHBoxLayout:
    """Parts side by side."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for part in parts:
        layout.addWidget(part)
    return layout


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        if widget := item.widget():
            widget.deleteLater()
