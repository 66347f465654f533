"""The Retrain dock: what people labelled makes a new model, which is taken if it is better."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

import napari.viewer
from qtpy.QtCore import QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore
from napari_ggs.training.background import State
from napari_ggs.training.options import Options
from napari_ggs.training.study_circles import labelled_data
from napari_ggs.viewer import preferences
from napari_ggs.viewer.at_hand_panel import AtHandPanel
from napari_ggs.viewer.earlier_models import EarlierModels
from napari_ggs.viewer.message_card import MessageCard
from napari_ggs.viewer.model_choice import follow_choice
from napari_ggs.viewer.retrain_estimate import RetrainEstimate
from napari_ggs.viewer.retrain_form import RetrainForm
from napari_ggs.viewer.retrain_progress import RetrainProgress
from napari_ggs.viewer.retrain_run import RetrainRun, free_name
from napari_ggs.viewer.retrain_verdict import RetrainVerdict
from napari_ggs.viewer.style import ACCENT, MUTED, STOP, button_style, scrolling, wrapped

WIDTH, SOON_MS = 384, 50
RETRAIN, STOP_IT, STOPPING = "Retrain", "Stop (keeps the best)", "Stopping …"
HEADING = "font-weight: 600; padding-top: 4px;"
TAKEN = "There is a model of that name already: choose another name."


class RetrainDock(QFrame):
    """Data, recipe, one button, how it goes, and the verdict, from top to bottom.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:  # noqa: ARG002  as all docks
        super().__init__()
        self._study = preferences.study_file()
        self._stopping = False
        self.run = RetrainRun(self)
        self.data, self.form, self.estimate = AtHandPanel(), RetrainForm(), RetrainEstimate()
        self.button, self.go_on, self.hint = QPushButton(RETRAIN), QPushButton(), wrapped()
        self.hint.setStyleSheet(f"color: {MUTED}; font-size: 11px;")
        self.title = wrapped(style=HEADING)
        self.progress, self.message = RetrainProgress(), MessageCard()
        self.verdict, self.earlier = RetrainVerdict(), EarlierModels()
        self._lay_out()
        self._connect()
        self.progress.hide()
        self._look_around()

    @property
    def folder(self) -> Path:
        """Where the models of the study are written to, beside it."""
        return self._study.with_suffix(".models")

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look anew at what is labelled."""
        super().showEvent(event)
        self._look_around()

    def _lay_out(self) -> None:
        data, recipe = wrapped("Labelled data at hand", HEADING), wrapped("Recipe", HEADING)
        setup = (data, self.data, recipe, self.form, self.estimate)
        self.setup = _stacked(setup, (0, 0, 0, 0))
        parts = (self.setup, self.title, self.button, self.go_on, self.hint, self.progress)
        page = _stacked((*parts, self.message, self.verdict, self.earlier), (10, 6, 10, 8))
        self.page = scrolling(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.page)
        self.setMinimumWidth(WIDTH)

    def _connect(self) -> None:
        self.data.changed.connect(self._show)
        self.form.changed.connect(self._show)
        self.form.task_changed.connect(self._show_earlier)
        self.button.clicked.connect(self._on_button)
        self.go_on.clicked.connect(self._on_go_on)
        self.run.stepped.connect(self.progress.take)
        self.run.ended.connect(self._on_ended)
        self.verdict.busy.connect(self._show_end)
        follow_choice(self, self._on_choice)

    def _look_around(self) -> None:
        """Read the study's labels, and find the latest training of its models."""
        self._study = preferences.study_file()
        if not self.form.name.text():
            self.form.name.setText(free_name(self.folder))
        try:
            if self._study.exists():
                with CaseStore.open(self._study, create=False) as store:
                    self.data.show_table(labelled_data(store))
            if self.run.options is None and self.run.attach(self.folder):
                self._begin()
        except UserError as fault:
            self.message.say(escape(str(fault)), good=False)
        self._show_earlier()
        self._show()

    def _options(self) -> Options:
        """What is wanted now."""
        options = self.form.options(self._study, self.folder)
        patches = self.data.patches() if options.task == "classification" else ()
        return replace(options, patches=patches, leave_out=self.data.kept())

    def _missing(self, options: Options) -> str:
        """What keeps a training from beginning, in words; "" if nothing does."""
        if not self.form.name.text().strip():
            return "Give the new model a name."
        if options.out.exists() or options.goes_on:
            return TAKEN
        return self.data.missing(several_classes=options.task == "classification")

    def _on_button(self) -> None:
        if self.run.running:
            self._stopping = True
            self._try(self.run.stop)
            self._show()
            return
        self._start(self._options())

    def _on_go_on(self) -> None:
        assert self.run.options is not None
        self._start(self.run.options)

    def _start(self, options: Options) -> None:
        if self._try(lambda: self.run.start(options)):
            self._begin()
        self._show()

    def _try(self, act: Callable[[], object]) -> bool:
        """Do something that may fail; say why in a line. Whether it was done."""
        try:
            act()
        except (UserError, OSError) as fault:
            self.message.say(escape(str(fault)), good=False)
            return False
        return True

    def _begin(self) -> None:
        """Show the training that is followed now."""
        options = self.run.options
        assert options is not None
        self._stopping = False
        self.message.say("")
        self.title.setText(f"Training {escape(options.out.stem)}")
        self.progress.begin(options)
        self.progress.show()
        self.verdict.hide()
        self.run.look()

    def _on_ended(self, state: State) -> None:
        assert self.run.options is not None
        assert self.run.process is not None
        self._stopping = False
        self.progress.rest()
        words = [state.message or _END[state.name].format(name=self.run.options.out.stem)]
        words += self.run.process.warnings
        self.message.say("<br>".join(map(escape, words)), good=state.name != "failed")
        self.verdict.judge(self.run.options)
        self.form.name.setText(free_name(self.folder))
        self._show()
        self._show_end()

    def _show_end(self) -> None:
        """Bring what came of a training into view, once it is laid out."""
        QTimer.singleShot(SOON_MS, self._scroll_to_end)

    def _scroll_to_end(self) -> None:
        self.page.ensureWidgetVisible(self.earlier)

    def _on_choice(self, _: str) -> None:
        self.form.select_start()
        self.verdict.refresh()
        self._show_earlier()
        self._show()

    def _show_earlier(self) -> None:
        self._try(lambda: self.earlier.show_for(self.form.chosen_task))

    def _show(self) -> None:
        """Make every part show what can be done now."""
        running, options = self.run.running, self._options()
        missing = "" if running else self._missing(options)
        self.setup.setVisible(not running)
        self.title.setVisible(running)
        label = STOPPING if self._stopping else STOP_IT if running else RETRAIN
        self.button.setText(label)
        self.button.setStyleSheet(button_style(STOP if running else ACCENT))
        self.button.setEnabled(not missing and not self._stopping)
        self.hint.setText(missing)
        self.hint.setVisible(bool(missing))
        self.go_on.setVisible(not running and self.run.can_go_on)
        if self.run.options is not None:
            self.go_on.setText(f"Go on with {self.run.options.out.stem}")
        self.estimate.about(None if running or missing else options)


def _stacked(parts: Iterable[QWidget], margins: tuple[int, int, int, int]) -> QWidget:
    """Widgets from top to bottom."""
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(*margins)
    layout.setSpacing(7)
    for part in parts:
        layout.addWidget(part)
    layout.addStretch(1)
    return page


_END = {
    "done": "{name} is trained. Compare it with the model in use before you take it.",
    "stopped": "{name} was stopped; the best so far is kept.",
    "failed": "The training of {name} broke off.",
}
