"""What a training is to be: the labelled data that it learns from, and its recipe."""

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.lesions import SCHEMES
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.options import Options, plan_of
from napari_ggs.training.patch_sizes import told_unchecked
from napari_ggs.training.readiness import cautions, lacking
from napari_ggs.viewer.at_hand_panel import AtHandPanel
from napari_ggs.viewer.retrain_form import RetrainForm
from napari_ggs.viewer.retrain_study import Asked, StudyRead, StudyReader
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
        self._study: Path | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(7)
        layout.addWidget(wrapped("Labelled data at hand", HEADING))
        layout.addWidget(self.data)
        layout.addWidget(wrapped("Recipe", HEADING))
        layout.addWidget(self.form)
        layout.addWidget(self.form.start.words)
        layout.addStretch(1)
        self.data.changed.connect(self.changed.emit)
        self.form.changed.connect(self._on_form)
        self._reader.ended.connect(self._on_read)

    def look(self, study: Path) -> None:
        """Show soon what is labelled in a study now."""
        self._study = study
        start, scheme = self.form.start.card, None
        if self.form.chosen_task == "classification":
            scheme = SCHEMES["ggs"] if start is None else start.scheme
        self._reader.read(Asked(study, start, scheme))

    def forget(self) -> None:
        """Show nothing of the study before."""
        self._fault = ""
        self.data.forget()

    def _on_read(self, found: StudyRead | str) -> None:
        self._fault = "" if isinstance(found, StudyRead) else found
        if isinstance(found, StudyRead):
            if found.asked.study == self._study:
                self.data.show_study(found.at_hand, found.held_out)
            self._look_again()  # something may have changed meanwhile
        self.looked.emit(self._fault)
        self.changed.emit()

    def _on_form(self) -> None:
        self._look_again()  # on whom it can be compared depends on what it starts from
        self.changed.emit()

    def _look_again(self) -> None:
        if self._study is not None:
            self.look(self._study)

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
        self.data.warn(self._cautions(options))
        return "" if options.patches else self._lacking(options)

    def _lacking(self, options: Options) -> str:
        try:
            return lacking(plan_of(options), self.data.teaching())
        except UserError as fault:  # what it would start from is no single network, say
            return str(fault)

    def _cautions(self, options: Options) -> list[str]:
        """What is thin about the data; of folders of patches, what nobody can check."""
        try:
            plan, data = plan_of(options), self.data.teaching()
            if options.patches and isinstance(plan, ClassifierRecipe):
                return told_unchecked(options.patches, SCHEMES[plan.scheme])
            return [] if lacking(plan, data) else cautions(plan, data)
        except UserError as fault:
            return [str(fault)]
