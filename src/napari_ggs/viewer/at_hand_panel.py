"""What a study has to teach: labels by class, patients, folders of patches and of moved slides."""

from html import escape
from pathlib import Path

import pandas as pd
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor
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
from napari_ggs.review.held_out import HeldOut
from napari_ggs.training.at_hand import AtHand
from napari_ggs.training.readiness import Teaching
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
NEVER_RUN = "no run of a slide of theirs is finished"
SMALL = f"color: {MUTED}; font-size: 11px;"
NOTHING = pd.DataFrame({"patient": [], "class": [], "human": [], "predicted": []})
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
        self.table = NOTHING
        self._found: AtHand | None = None
        self._comparable: frozenset[str] = frozenset()
        self._ticks: dict[str, QListWidgetItem] = {}
        self.counts: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.words, self.shares = wrapped(), wrapped(style=SMALL)
        self.gone, self.unassigned, self.thin = (
            wrapped(style=f"color: {WARNING};") for _ in range(3)
        )
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
            self.unassigned, self.thin, self.gone, self.slides, self.patches,
        ):  # fmt: skip
            layout.addWidget(part)
        self.forget()

    def forget(self) -> None:
        """Show nothing, and nobody is kept."""
        self.table, self._found, self._gone = NOTHING, None, ()
        self._ticks, self._comparable = {}, frozenset()
        with QSignalBlocker(self.patients):
            self.patients.clear()
        for folders in (self.patches, self.slides):
            folders.clear()
        self._fill_grid()
        self.words.clear()
        for part in (
            self._keep, self.patients, self.shares, self.gone, self.unassigned, self.thin
        ):  # fmt: skip
            part.hide()

    def show_study(self, found: AtHand, held_out: HeldOut) -> None:
        """Show what is labelled, and on whom models can be compared; who was kept stays so."""
        self.table, self._gone, self._found = found.table, found.gone, found
        self._comparable = frozenset(held_out.patients)
        human = self.table[self.table["human"] > 0]
        labels, number = int(human["human"].sum()), human["patient"].nunique()
        self.words.setText(f"<b>{labels:,} labels of {number} patient{'s' * (number != 1)}</b>")
        self._list_patients(human.groupby("patient")["human"].sum(), held_out)
        self.unassigned.setText(found.unassigned)
        self.unassigned.setVisible(bool(found.unassigned))
        self._show_gone()

    def warn(self, words: list[str]) -> None:
        """Say what makes a training worth little."""
        self.thin.setText("<br>".join(map(escape, words)))
        self.thin.setVisible(bool(words))

    def _list_patients(self, labels: "pd.Series[int]", held_out: HeldOut) -> None:
        kept, standing = self.kept(), standings(held_out)
        with QSignalBlocker(self.patients):
            self.patients.clear()
            self._ticks = {}
            for patient, number in labels.items():
                self._add(str(patient), number, standing.get(str(patient), NEVER_RUN))
            self.keep(kept)
        fit_rows(self.patients)
        for part in (self._keep, self.shares):
            part.setVisible(bool(self._ticks))
        self._show_shares()

    def _add(self, patient: str, labels: int, standing: str) -> None:
        """A row for a patient; who cannot be compared on is grey, and the tip says why."""
        assert self._found is not None
        takes_part, slides = patient in self._comparable, ", ".join(self._found.slides[patient])
        words = standing if takes_part else "not to compare on"
        row = QListWidgetItem(f"{patient}: {labels} labels, {words} ({slides})", self.patients)
        row.setToolTip(f"{patient}: {standing}. Slides: {slides}.")
        if not takes_part:
            row.setForeground(QColor(MUTED))
        self._ticks[patient] = row

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
        kept = self.kept()
        fit = len(self._comparable.intersection(kept))
        in_vain = f", of whom <b>{fit}</b> can be compared on" if fit < len(kept) else ""
        few = "" if fit >= FEWEST else f": a verdict needs {FEWEST} or more"
        self.shares.setText(
            f"<b>{len(self._ticks) - len(kept)}</b> to learn from ({self.number():,} labels), "
            f"<b>{len(kept)}</b> kept for comparing{in_vain}{few}"
        )
        self._fill_grid()

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
        return int(self.teaching().labels["human"].sum())

    def teaching(self) -> Teaching:
        """What there is to learn from, without patients who are kept."""
        return Teaching(NOTHING) if self._found is None else self._found.without(self.kept())

    def _fill_grid(self) -> None:
        """Count what is learnt from; classes of which only kept patients have some count 0."""
        of_kept = self.table["patient"].isin(self.kept())
        table = self.table.assign(
            human=self.table["human"].mask(of_kept, 0),
            predicted=self.table["predicted"].mask(of_kept, 0),
        )
        counts = table.groupby("class", sort=False)[["human", "predicted"]].sum()
        counts = counts.loc[[name for name in LESIONS if name in counts.index]].astype(int)
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


def standings(held_out: HeldOut) -> dict[str, str]:
    """How each patient was reviewed, or why models cannot be compared on them."""
    told = {name: reason for reason, names in held_out.excluded.items() for name in names}
    for name, slides in held_out.patients.items():
        audited = any(one.audited for one in slides)
        told[name] = "reviewed by an audit" if audited else "reviewed in full"
    return told
