"""How often two readers gave which class, as a grid with the classes' letters and colours."""

import pandas as pd
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_ggs.lesions import Lesion, Scheme
from napari_ggs.viewer.style import ALIKE, MUTED, UNLIKE, swatch, wrapped

CELL = "background: {colour}; border-radius: 3px; padding: 3px 0; font-weight: {weight};"
NOTHING = f"color: {MUTED}; padding: 3px 0;"


class ConfusionGrid(QWidget):
    """Rows are the first reader's classes, columns the second's; where they differ it is warm."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = wrapped(style=f"color: {MUTED};")
        self.cells: dict[tuple[str, str], QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.title)
        layout.addLayout(self._grid)

    def show_counts(self, counts: pd.DataFrame, scheme: Scheme) -> None:
        """Show a table of two readers (`Comparison.confusion`)."""
        while (item := self._grid.takeAt(0)) is not None:
            if cell := item.widget():
                cell.deleteLater()
        self.cells.clear()
        self.title.setText(f"Rows: {counts.index.name}. Columns: {counts.columns.name}.")
        for place, lesion in enumerate(scheme.lesions, start=1):
            self._grid.addWidget(_picture(lesion), place, 0)
            self._grid.addWidget(_picture(lesion), 0, place)
            self._grid.setColumnStretch(place, 1)
        numbers = counts.to_numpy().tolist()
        for row, first in enumerate(scheme.lesions, start=1):
            for column, second in enumerate(scheme.lesions, start=1):
                number = numbers[row - 1][column - 1]
                cell = _cell(number, alike=first is second)
                cell.setToolTip(
                    f"{counts.index.name}: {first.title}\n"
                    f"{counts.columns.name}: {second.title}\n{number} circles"
                )
                self._grid.addWidget(cell, row, column)
                self.cells[first.name, second.name] = cell


def _picture(lesion: Lesion) -> QLabel:
    picture = QLabel()
    picture.setPixmap(swatch(lesion))
    picture.setToolTip(lesion.title)
    picture.setAccessibleName(lesion.title)
    picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return picture


def _cell(number: int, *, alike: bool) -> QLabel:
    cell = QLabel(str(number) if number else "·")
    cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
    cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    colour, weight = (ALIKE, 400) if alike else (UNLIKE, 700)
    cell.setStyleSheet(CELL.format(colour=colour, weight=weight) if number else NOTHING)
    return cell
