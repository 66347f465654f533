"""What to export, of which slides, whose labels, where to, and whether with names."""

from pathlib import Path

from qtpy.QtCore import QSettings, QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.review.export import Format
from napari_ggs.store import default_study
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.fields import combo
from napari_ggs.viewer.style import MUTED, WARNING, wrapped

TABLES: dict[Format, tuple[str, str]] = {
    "csv": ("Table (CSV)", "Every circle with label, assessment, flags and probabilities."),
    "parquet": ("Table (Parquet)", "The same, for data frames."),
    "geojson": ("QuPath annotations (GeoJSON)", "Without doubtful circles."),
    "imagescope": ("ImageScope annotations (XML)", "What people labelled, without doubtful ones."),
}
LEICA = "as ImageScope shows a Leica SCN slide (turned)"
PATCHES = "Labelled patches, to train on (PNG)"
PATCHES_TIP = (
    "Each labelled circle cut out of the slide, also those that are no glomeruli, and a "
    "manifest.csv: what the Retrain dock and napari-ggs train learn from."
)
UNDER_PSEUDONYMS = (
    "Without names: patients, slides and readers get pseudonyms, the same in every export of this "
    "study; notes and flags of your own words are left out. Who has the key ({key}, beside the "
    "study) can tell who is who: do not pass it on."
)
WITH_NAMES = (
    "With names: patients, slides, readers and notes will be in the files, and in their names. "
    "Choose a folder of its own for that."
)
FOLDER = "export/folder"
SMALL = "font-size: 11px;"


class ExportForm(QWidget):
    """The fields of an export.

    Attributes
    ----------
    changed : Signal
        Emits when anything of it has changed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tables = {name: _tick(words, tip) for name, (words, tip) in TABLES.items()}
        self.tables["csv"].setChecked(True)
        self.leica = _tick(LEICA, "Tick it for .scn files of Leica scanners.")
        self.leica.setStyleSheet("margin-left: 18px;")
        self.patches = _tick(PATCHES, PATCHES_TIP)
        self.slides, self.labels = combo("Of which slides."), combo("Whose review is written.")
        self.folder = QLineEdit(str(_memory().value(FOLDER, "")))
        self.folder.setPlaceholderText("Choose a folder")
        self.folder.setToolTip("The folder to write to; it is made if it is not there.")
        self.browse = QPushButton("…")
        self.browse.setToolTip("Choose the folder to write to.")
        self.names = _tick("With names", "Names of patients, slides and readers, and notes.")
        self.about_names = wrapped()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        csv, parquet, geojson, imagescope = self.tables.values()
        layout.addWidget(wrapped("What to write", "font-weight: 600;"))
        layout.addLayout(row_of(csv, parquet))
        for tick in (geojson, imagescope, self.leica, self.patches):
            layout.addWidget(tick)
        fields = QFormLayout()
        fields.setVerticalSpacing(5)
        fields.addRow("Slides", self.slides)
        fields.addRow("Labels", self.labels)
        fields.addRow("Folder", row_of(self.folder, self.browse))
        layout.addSpacing(4)
        layout.addLayout(fields)
        layout.addWidget(self.names)
        layout.addWidget(self.about_names)

    def _connect(self) -> None:
        for tick in (*self.tables.values(), self.patches, self.names):
            tick.toggled.connect(lambda _: self.changed.emit())
        self.slides.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.folder.textChanged.connect(lambda _: self.changed.emit())
        self.browse.clicked.connect(self._on_browse)

    def chosen_tables(self) -> tuple[Format, ...]:
        """The tables that are ticked."""
        return tuple(name for name, tick in self.tables.items() if tick.isChecked())

    def chosen_folder(self) -> Path:
        """The folder, which is remembered."""
        folder = Path(self.folder.text().strip()).expanduser().absolute()
        _memory().setValue(FOLDER, str(folder))
        return folder

    def missing(self) -> str:
        """What is still to be chosen, in words; "" if nothing is."""
        if not (self.chosen_tables() or self.patches.isChecked()):
            return "Tick what to write."
        return "" if self.folder.text().strip() else "Choose a folder to write to."

    def offer_slides(self, number: int) -> None:
        """Offer one slide, or all of a study."""
        offered: dict[str, object] = {"This slide": False}
        if number > 1:
            offered[f"All {number} slides of the study"] = True
        refill(self.slides, offered)

    def offer_labels(self, me: str, readers: list[str]) -> None:
        """Offer the labels of each reader, and of all together."""
        mine = {f"Mine ({me})": me} if me in readers else {}
        others = {f"Those of {who}": who for who in readers if who != me}
        together = "Consensus of all readers" if readers else "None yet: what the models say"
        refill(self.labels, mine | others | ({} if len(readers) == 1 else {together: None}))

    def explain(self, key: str) -> None:
        """Show what follows from what is ticked."""
        self.leica.setVisible(self.tables["imagescope"].isChecked())
        named = self.names.isChecked()
        self.about_names.setText(WITH_NAMES if named else UNDER_PSEUDONYMS.format(key=key))
        self.about_names.setStyleSheet(f"{SMALL} color: {WARNING if named else MUTED};")

    def _on_browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder to write to", self.folder.text())
        if folder:
            self.folder.setText(folder)


def refill(box: QComboBox, choices: dict[str, object]) -> None:
    """Offer other choices; what is chosen stays so if it is still there."""
    chosen = box.currentText()
    with QSignalBlocker(box):
        box.clear()
        for words, data in choices.items():
            box.addItem(words, data)
        box.setCurrentIndex(max(0, box.findText(chosen)))


def _tick(words: str, tip: str) -> QCheckBox:
    tick = QCheckBox(words)
    tick.setToolTip(tip)
    return tick


def _memory() -> QSettings:
    """What the window remembers for the next time, beside the default study."""
    file = default_study().with_name("window.ini")
    return QSettings(str(file), QSettings.Format.IniFormat)
