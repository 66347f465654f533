"""What a study has to teach: labels by class, patients, folders of patches."""

from pathlib import Path

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.lesions import SCHEMES
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.style import MUTED, swatch, wrapped

HUMAN_ALONE = "Only what people labelled is learnt from; predictions alone teach nothing."
KEEP = (
    "Tick patients to keep for comparing: they are not learnt from. A verdict needs at least 6 who "
    "are reviewed in full."
)
LOW = "max-height: {height}px; font-size: 11px;"
MOST_ROWS = 6
LESIONS = {lesion.name: lesion for scheme in SCHEMES.values() for lesion in scheme.lesions}


class AtHandPanel(QWidget):
    """Shows labelled data; patients can be kept for comparing, folders of patches added.

    Attributes
    ----------
    changed : Signal
        Emits when other patients are kept, or other folders are chosen.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = pd.DataFrame({"patient": [], "class": [], "human": [], "predicted": []})
        self._ticks: dict[str, QListWidgetItem] = {}
        self._folders: list[Path] = []
        self.counts: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.words = wrapped()
        self.patients, self.folders = QListWidget(), QListWidget()
        self.add = QPushButton("Add folder of patches …")
        self.add.setToolTip("Learn from labelled patches too: patient/class/*.png, or an export.")
        self.remove = QPushButton("Remove")
        self._lay_out()
        self.patients.itemChanged.connect(lambda _: self.changed.emit())
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        self._fit_lists()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        small = f"color: {MUTED}; font-size: 11px;"
        self._keep = wrapped(KEEP, small)
        layout.addLayout(self._grid)
        layout.addWidget(self.words)
        layout.addWidget(wrapped(HUMAN_ALONE, small))
        layout.addWidget(self._keep)
        layout.addWidget(self.patients)
        layout.addWidget(self.folders)
        layout.addLayout(row_of(self.add, self.remove))

    def show_table(self, table: pd.DataFrame) -> None:
        """Show what is labelled (`labelled_data`); who was kept stays so."""
        kept = self.kept()
        self.table = table
        by_class = table.groupby("class", sort=False)[["human", "predicted"]].sum()
        self._fill_grid(by_class.loc[[name for name in LESIONS if name in by_class.index]])
        human = table[table["human"] > 0]
        labels, number = int(human["human"].sum()), human["patient"].nunique()
        self.words.setText(f"<b>{labels:,} labels of {number} patient{'s' * (number != 1)}</b>")
        self._list_patients(human.groupby("patient")["human"].sum(), kept)
        self._fit_lists()

    def _list_patients(self, labels: "pd.Series[int]", kept: tuple[str, ...]) -> None:
        self.patients.blockSignals(True)
        self.patients.clear()
        self._ticks = {
            str(patient): QListWidgetItem(f"{patient}  ({number} labels)", self.patients)
            for patient, number in labels.items()
        }
        self.keep(kept)
        self.patients.blockSignals(False)

    def keep(self, patients: tuple[str, ...]) -> None:
        """Tick these patients, and no others."""
        for patient, tick in self._ticks.items():
            kept = patient in patients
            tick.setCheckState(Qt.CheckState.Checked if kept else Qt.CheckState.Unchecked)

    def kept(self) -> tuple[str, ...]:
        """The patients who are kept for comparing."""
        ticked = Qt.CheckState.Checked
        return tuple(name for name, tick in self._ticks.items() if tick.checkState() == ticked)

    def patches(self) -> tuple[Path, ...]:
        """The folders of patches."""
        return tuple(self._folders)

    def missing(self, *, several_classes: bool) -> str:
        """What keeps a model from learning, in a sentence; "" if nothing does."""
        human = self.table[(self.table["human"] > 0) & ~self.table["patient"].isin(self.kept())]
        if several_classes and self.folders.count():
            return ""  # what they hold is seen when the training begins
        if human.empty:
            return "Nothing to learn from yet: label circles in the Review dock first."
        if several_classes and human["class"].nunique() < 2:
            name = human["class"].iloc[0]
            return f"All labels are {name}: label circles of another class too."
        if human["patient"].nunique() < 2:
            return (
                "All labels are of one patient: review a slide of another one, for one must choose "
                "the model that another has taught."
            )
        return ""

    def _fill_grid(self, counts: pd.DataFrame) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        self.counts.clear()
        for column, words in enumerate(("labelled", "only predicted"), start=2):
            self._grid.addWidget(_number(words, f"color: {MUTED}; font-size: 11px;"), 0, column)
        for row, (name, human, predicted) in enumerate(counts.itertuples(), start=1):
            picture = QLabel()
            picture.setPixmap(swatch(LESIONS[name], 16))
            self.counts[name] = _number(f"{human:,}"), _number(f"{predicted:,}", f"color: {MUTED};")
            cells = picture, QLabel(LESIONS[name].title), *self.counts[name]
            for column, cell in enumerate(cells):
                self._grid.addWidget(cell, row, column)

    def _fit_lists(self) -> None:
        """Make the lists as high as what is in them, up to some rows."""
        for box in (self.patients, self.folders):
            rows = min(box.count(), MOST_ROWS)
            box.setStyleSheet(LOW.format(height=box.sizeHintForRow(0) * rows + 6))
            box.setVisible(bool(rows))
        self._keep.setVisible(bool(self.patients.count()))
        self.remove.setVisible(bool(self.folders.count()))

    def _on_add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of labelled patches")
        if folder:
            self.add_folder(Path(folder))

    def add_folder(self, folder: Path) -> None:
        """Learn from a folder of patches too."""
        if folder not in self._folders:
            self._folders.append(folder)
            self.folders.addItem(str(folder))
            self.folders.setCurrentRow(self.folders.count() - 1)
            self._fit_lists()
            self.changed.emit()

    def _on_remove(self) -> None:
        place = self.folders.currentRow()
        if place < 0:
            return
        self.folders.takeItem(place)
        del self._folders[place]
        self._fit_lists()
        self.changed.emit()


def _number(words: str, style: str = "") -> QLabel:
    label = QLabel(words)
    label.setAlignment(Qt.AlignmentFlag.AlignRight)
    label.setStyleSheet(style)
    return label
