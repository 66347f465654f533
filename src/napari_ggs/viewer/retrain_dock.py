"""The Retrain dock: what people labelled makes a new model, which is taken if it is better."""

from collections.abc import Callable
from html import escape
from pathlib import Path

import napari.viewer
from qtpy.QtGui import QEnterEvent, QShowEvent
from qtpy.QtWidgets import QDockWidget, QFrame, QTabWidget, QVBoxLayout

from napari_ggs.errors import UserError
from napari_ggs.models.card import Task
from napari_ggs.models.choosing import history
from napari_ggs.training.background import State
from napari_ggs.training.options import Options
from napari_ggs.viewer import preferences
from napari_ggs.viewer.model_choice import follow_choice
from napari_ggs.viewer.retrain_footer import RetrainFooter
from napari_ggs.viewer.retrain_outcome import RetrainOutcome
from napari_ggs.viewer.retrain_run import RetrainRun, free_name
from napari_ggs.viewer.retrain_setup import RetrainSetup
from napari_ggs.viewer.retrain_words import in_dock_words
from napari_ggs.viewer.style import scrolling

WIDTH = 384
SETUP, OUTCOME = 0, 1
IN_USE = (
    "{name} is in use from now on. What was run before stays as it is: press <b>Detect &amp; "
    "Classify</b> again on a slide to see what {name} finds."
)


class RetrainDock(QFrame):
    """Two pages, of what is wanted and of the new model, above what can be done next.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:  # noqa: ARG002  as all docks
        super().__init__()
        self._study = preferences.study_file()
        self._stopping = self._unread = False
        self._holder: QDockWidget | None = None
        self.run = RetrainRun(self)
        self.setup, self.outcome, self.footer = RetrainSetup(), RetrainOutcome(), RetrainFooter()
        self._lay_out()
        self._connect()
        self.setup.form.select_start(self.folder)
        self._look_around()

    @property
    def folder(self) -> Path:
        """Where the models of the study are written to, beside it."""
        return self._study.with_suffix(".models")

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look anew at what is labelled; so too when its tab is chosen, which Qt tells a dock."""
        super().showEvent(event)
        holder = self.parentWidget()
        if isinstance(holder, QDockWidget) and holder is not self._holder:
            self._holder = holder
            holder.visibilityChanged.connect(self._on_seen)
        self._look_around()

    def enterEvent(self, event: QEnterEvent | None) -> None:
        """Look anew when the mouse comes: beside the Review dock it is always in sight."""
        super().enterEvent(event)
        self._look_around()

    def _lay_out(self) -> None:
        self.pages = QTabWidget()
        self.pages.addTab(scrolling(self.setup), "Data and recipe")
        self.pages.addTab(scrolling(self.outcome), "New model")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.footer)
        self.setMinimumWidth(WIDTH)

    def _connect(self) -> None:
        self.setup.changed.connect(self._show)
        self.setup.looked.connect(self._on_looked)
        self.setup.form.task_changed.connect(self._show_earlier)
        self.pages.currentChanged.connect(lambda _: self._show())
        self.footer.pressed.connect(self._on_button)
        self.footer.going_on.connect(self._on_go_on)
        self.run.stepped.connect(self.outcome.progress.take)
        self.run.ended.connect(self._on_ended)
        self.outcome.verdict.busy.connect(lambda: self.footer.message.say(""))
        follow_choice(self, self._on_choice)

    def _look_around(self) -> None:
        """Read the study's labels, and find the latest training of its models."""
        if (study := preferences.study_file()) != self._study and not self.run.running:
            self._move_to(study)
        if not self.setup.form.name.text():
            self.setup.form.name.setText(free_name(self.folder))
        self.setup.look(self._study)
        if self.run.options is None and self.run.attach(self.folder):
            self._begin()
        self._show_earlier()
        self._show()

    def _move_to(self, study: Path) -> None:
        """Be about another study: what was shown, ticked and said of the one before is gone."""
        self._study = study
        self.run.forget()
        for part in (self.setup, self.outcome):
            part.forget()
        self._unread = False
        self.footer.message.say("")
        self.setup.form.select_start(self.folder)
        self.setup.form.name.setText(free_name(self.folder))
        self.pages.setCurrentIndex(SETUP)

    def _on_seen(self, seen: bool) -> None:
        if seen:
            self._look_around()

    def _on_looked(self, fault: str) -> None:
        """Say that the study cannot be read, until it can."""
        if fault or self._unread:
            self.footer.message.say(escape(fault), good=False)
        self._unread = bool(fault)

    def _options(self) -> Options:
        """What is wanted now."""
        return self.setup.options(self._study, self.folder)

    def _on_button(self) -> None:
        if self.run.running:
            self._stopping = self._try(self.run.stop)
            self._show()
        else:
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
            self.footer.message.say(escape(in_dock_words(str(fault))), good=False)
            return False
        return True

    def _begin(self) -> None:
        """Show the training that is followed now."""
        assert self.run.options is not None
        self._stopping = False
        self.footer.message.say("")
        self.outcome.begin(self.run.options)
        self.pages.setCurrentIndex(OUTCOME)
        self.run.look()

    def _on_ended(self, state: State) -> None:
        assert self.run.options is not None
        assert self.run.process is not None
        self._stopping = False
        self.outcome.over(self.run.options)
        undecided = self.outcome.verdict.undecided or self.run.can_go_on
        self.pages.setCurrentIndex(OUTCOME if undecided else SETUP)
        if undecided or state.name == "failed":
            words = [state.message or _END[state.name].format(name=self.run.options.out.stem)]
            words += self.run.process.warnings
            words = [escape(in_dock_words(line)) for line in words]
            self.footer.message.say("<br>".join(words), good=state.name != "failed")
        self.setup.form.name.setText(free_name(self.folder))
        self.setup.form.select_start()
        self._show()

    def _on_choice(self, task: Task) -> None:
        self.footer.message.say(IN_USE.format(name=escape(history(task)[-1].name)))
        self.setup.form.select_start()
        self.outcome.verdict.refresh()
        self._show_earlier()
        self._show()

    def _show_earlier(self) -> None:
        self._try(lambda: self.outcome.earlier.show_for(self.setup.form.chosen_task))

    def _show(self) -> None:
        """Make every part show what can be done now."""
        running, options = self.run.running, self._options()
        self.pages.setTabEnabled(SETUP, not running)
        chosen = preferences.study_file() == self._study
        self.outcome.name_study("" if chosen else self._study.name)
        if running:
            self.footer.train(stopping=self._stopping)
        else:
            offered = self.pages.currentIndex() == SETUP
            labels, missing = self.setup.data.number(), self.setup.missing(options)
            self.footer.rest(options, labels, missing, offered=offered)
        resumable = self.run.options if not running and self.run.can_go_on else None
        self.footer.offer_to_go_on("" if resumable is None else resumable.out.stem)


_END = {
    "done": "{name} is trained. Compare it with the model in use before you take it.",
    "stopped": "{name} was stopped; the best so far is kept.",
    "failed": "The training of {name} broke off.",
}
