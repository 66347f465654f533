"""Folders that somebody adds to a list, or takes out of it."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.style import ACCENT, MUTED

MOST_ROWS = 8
ROWS = """
QListWidget {{ font-size: 11px; }}
QListWidget::indicator {{ width: 10px; height: 10px; margin: 1px; border: 1px solid
  {muted}; border-radius: 2px; background: transparent; }}
QListWidget::indicator:checked {{ background: {accent}; border-color: {accent}; }}
"""


def fit_rows(box: QListWidget) -> None:
    """Make a list as high as what is in it, up to some rows; it is gone where it is empty."""
    box.setStyleSheet(ROWS.format(muted=MUTED, accent=ACCENT))
    box.ensurePolished()
    rows = min(box.count(), MOST_ROWS)
    box.setFixedHeight(box.sizeHintForRow(0) * rows + 2 * box.frameWidth())
    box.setVisible(bool(box.count()))


class FolderList(QWidget):
    """A button that asks for a folder; the list shows once it holds one.

    Parameters
    ----------
    words, tip : str
        Of the button, and what the folders are for.

    Attributes
    ----------
    changed : Signal
        Emits when a folder is added or taken out.
    """

    changed = Signal()

    def __init__(self, words: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: list[Path] = []
        self.list, self.add, self.remove = QListWidget(), QPushButton(words), QPushButton("Remove")
        self.add.setToolTip(tip)
        self.remove.setToolTip("Takes the chosen folder off the list; the folder itself stays.")
        self.list.setToolTip(tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list)
        layout.addLayout(row_of(self.add, self.remove))
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self._fit()

    def chosen(self) -> tuple[Path, ...]:
        """The folders, in the order in which they were added."""
        return tuple(self._folders)

    def add_folder(self, folder: Path) -> None:
        """Add a folder that is not there yet."""
        if folder not in self._folders:
            self._folders.append(folder)
            self.list.addItem(str(folder))
            self.list.setCurrentRow(self.list.count() - 1)
            self._fit()
            self.changed.emit()

    def clear(self) -> None:
        """Take all folders out, without a word."""
        self._folders.clear()
        self.list.clear()
        self._fit()

    def _fit(self) -> None:
        fit_rows(self.list)
        self.remove.setVisible(bool(self._folders))

    def _on_add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.add.text().rstrip(" …"))
        if folder:
            self.add_folder(Path(folder))

    def _on_remove(self) -> None:
        place = self.list.currentRow()
        if place < 0:
            return
        self.list.takeItem(place)
        del self._folders[place]
        self._fit()
        self.changed.emit()
