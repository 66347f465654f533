"""What a study has to teach: labels by class, patients, folders of patches and of moved slides."""

from pathlib import Path

import pandas as pd
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.evaluation.gate import LEVEL
from napari_ggs.evaluation.sign_flip import least_patients
from napari_ggs.lesions import SCHEMES
from napari_ggs.training.at_hand import AtHand
from napari_ggs.viewer.folder_list import FolderList, fit_rows
from napari_ggs.viewer.style import MUTED, WARNING, swatch, wrapped

HUMAN_ALONE = "Only what people labelled is learnt from; predictions alone teach nothing."
FEWEST = least_patients(LEVEL)
KEEP = (
    "Tick patients who are reviewed in full to keep them for comparing: they are not learnt from."
)
PATCHES = (
    "Add folder of patches …",
    "Learn from labelled patches too: patient/class/*.png, or an export.",
)
MOVED = (
    "Slides were moved: add their folder …",
    "Slides that are not where they were are looked for below it, by content: also renamed ones.",
)
SMALL = f"color: {MUTED}; font-size: 11px;"
LESIONS = {lesion.name: lesion for scheme in SCHEMES.values() for lesion in scheme.lesions}


class AtHandPanel(QWidget):
    """Shows labelled data; patients can be kept for comparing, folders added.

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
        self.counts: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.words, self.shares = wrapped(), wrapped(style=SMALL)
        self.gone = wrapped(style=f"color: {WARNING};")
        self.patients = QListWidget()
        self.patients.setToolTip(KEEP)
        self.patches, self.slides = FolderList(*PATCHES), FolderList(*MOVED)
        self._gone: tuple[Path, ...] = ()
        self._lay_out()
        self.patients.itemChanged.connect(lambda _: self._on_ticked())
        for folders in (self.patches, self.slides):
            folders.changed.connect(self._on_folders)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._keep = wrapped(KEEP, SMALL)
        layout.addLayout(self._grid)
        for part in (
            self.words, wrapped(HUMAN_ALONE, SMALL), self._keep, self.patients, self.shares,
            self.gone, self.slides, self.patches,
        ):  # fmt: skip
            layout.addWidget(part)
        for part in (self._keep, self.patients, self.shares, self.gone):
            part.hide()

    def show_study(self, found: AtHand) -> None:
        """Show what is labelled; who was kept stays so."""
        self.table, self._gone = found.table, found.gone
        by_class = self.table.groupby("class", sort=False)[["human", "predicted"]].sum()
        self._fill_grid(by_class.loc[[name for name in LESIONS if name in by_class.index]])
        human = self.table[self.table["human"] > 0]
        labels, number = int(human["human"].sum()), human["patient"].nunique()
        self.words.setText(f"<b>{labels:,} labels of {number} patient{'s' * (number != 1)}</b>")
        self._list_patients(human.groupby("patient")["human"].sum(), found.slides)
        self._show_gone()

    def _list_patients(self, labels: "pd.Series[int]", slides: dict[str, tuple[str, ...]]) -> None:
        kept = self.kept()
        with QSignalBlocker(self.patients):
            self.patients.clear()
            self._ticks = {
                str(patient): QListWidgetItem(
                    f"{patient}, {number} labels ({', '.join(slides[str(patient)])})",
                    self.patients,
                )
                for patient, number in labels.items()
            }
            self.keep(kept)
        fit_rows(self.patients)
        for part in (self._keep, self.shares):
            part.setVisible(bool(self._ticks))
        self._show_shares()

    def _show_gone(self) -> None:
        """Say which slides are missing, unless it was said where to look for them."""
        names = ", ".join(path.name for path in self._gone)
        are = "slide is" if len(self._gone) == 1 else "slides are"
        self.gone.setText(
            f"{len(self._gone)} {are} not where the study has seen them last ({names})."
        )
        self.gone.setVisible(bool(self._gone) and not self.slides.chosen())

    def _show_shares(self) -> None:
        """Say before the training whether there can be a verdict after it."""
        kept = len(self.kept())
        few = "" if kept >= FEWEST else f": a verdict needs {FEWEST} or more"
        self.shares.setText(
            f"<b>{len(self._ticks) - kept}</b> to learn from, <b>{kept}</b> kept for comparing{few}"
        )

    def _on_ticked(self) -> None:
        self._show_shares()
        self.changed.emit()

    def _on_folders(self) -> None:
        self._show_gone()
        self.changed.emit()

    def keep(self, patients: tuple[str, ...]) -> None:
        """Tick these patients, and no others."""
        for patient, tick in self._ticks.items():
            kept = patient in patients
            tick.setCheckState(Qt.CheckState.Checked if kept else Qt.CheckState.Unchecked)

    def kept(self) -> tuple[str, ...]:
        """The patients who are kept for comparing."""
        ticked = Qt.CheckState.Checked
        return tuple(name for name, tick in self._ticks.items() if tick.checkState() == ticked)

    def number(self) -> int:
        """How many labels are learnt from."""
        return int(self._teaching()["human"].sum())

    def _teaching(self) -> pd.DataFrame:
        """What is labelled of patients who are not kept."""
        return self.table[(self.table["human"] > 0) & ~self.table["patient"].isin(self.kept())]

    def missing(self, *, several_classes: bool) -> str:
        """What keeps a model from learning, in a sentence; "" if nothing does."""
        human = self._teaching()
        if several_classes and self.patches.chosen():
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
            self._grid.addWidget(_number(words, SMALL), 0, column)
        for row, (name, human, predicted) in enumerate(counts.itertuples(), start=1):
            picture = QLabel()
            picture.setPixmap(swatch(LESIONS[name], 16))
            self.counts[name] = _number(f"{human:,}"), _number(f"{predicted:,}", f"color: {MUTED};")
            cells = picture, QLabel(LESIONS[name].title), *self.counts[name]
            for column, cell in enumerate(cells):
                self._grid.addWidget(cell, row, column)


def _number(words: str, style: str = "") -> QLabel:
    label = QLabel(words)
    label.setAlignment(Qt.AlignmentFlag.AlignRight)
    label.setStyleSheet(style)
    return label
