"""What a training is to be: the labelled data that it learns from, and its recipe."""

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ggs.training.at_hand import AtHand
from napari_ggs.training.options import Options
from napari_ggs.viewer.at_hand_panel import AtHandPanel
from napari_ggs.viewer.retrain_form import RetrainForm
from napari_ggs.viewer.retrain_study import StudyReader
from napari_ggs.viewer.style import wrapped

HEADING = "font-weight: 600; padding-top: 4px;"
READING = "Reading what is labelled …"
UNREAD = "What is labelled could not be read: close the study elsewhere, then come back here."
NO_NAME = "Give the new model a name."
TAKEN = "There is a model of that name already: choose another name."


class RetrainSetup(QWidget):
    """Data and recipe.

    Attributes
    ----------
    changed : Signal
        Emits when anything of it has changed.
    looked : Signal
        Emits when the study was read: why it could not be, or "".
    """

    changed = Signal()
    looked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data, self.form = AtHandPanel(), RetrainForm()
        self._reader, self._fault = StudyReader(self), ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(7)
        layout.addWidget(wrapped("Labelled data at hand", HEADING))
        layout.addWidget(self.data)
        layout.addWidget(wrapped("Recipe", HEADING))
        layout.addWidget(self.form)
        layout.addStretch(1)
        self.data.changed.connect(self.changed.emit)
        self.form.changed.connect(self.changed.emit)
        self._reader.ended.connect(self._on_read)

    def look(self, study: Path) -> None:
        """Show soon what is labelled in a study now."""
        self._reader.read(study)

    def _on_read(self, found: AtHand | str) -> None:
        self._fault = "" if isinstance(found, AtHand) else found
        if isinstance(found, AtHand):
            self.data.show_study(found)
        self.looked.emit(self._fault)
        self.changed.emit()

    def options(self, study: Path, folder: Path) -> Options:
        """What is wanted now; see `RetrainForm.options`."""
        options = self.form.options(study, folder)
        patches = self.data.patches.chosen() if options.task == "classification" else ()
        slides = self.data.slides.chosen()
        return replace(options, patches=patches, slides=slides, leave_out=self.data.kept())

    def missing(self, options: Options) -> str:
        """What keeps a training from beginning, in words; "" if nothing does."""
        if not self.form.name.text().strip():
            return NO_NAME
        if options.out.exists() or options.goes_on:
            return TAKEN
        if self.data.table.empty and (self._reader.busy or self._fault):
            return READING if self._reader.busy else UNREAD
        return self.data.missing(several_classes=options.task == "classification")
