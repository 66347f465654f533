"""Whether a new model is better than the one in use, and taking it."""

import json
import math
from dataclasses import fields
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.evaluation.estimates import Estimate
from napari_ggs.evaluation.gate import Judgement
from napari_ggs.models import Found, find, in_use
from napari_ggs.models.choosing import BETTER, choose, history
from napari_ggs.models.decisions import verdicts
from napari_ggs.review.verdict import FILES, sentences
from napari_ggs.training.options import Options
from napari_ggs.viewer import preferences
from napari_ggs.viewer.command import Command
from napari_ggs.viewer.message_card import MessageCard
from napari_ggs.viewer.model_choice import tell_chosen
from napari_ggs.viewer.style import ACCENT, STOP, button_style, wrapped

COMPARE, STOPPING = "Compare with the model in use", "Comparing … (press to stop)"
REASON = "Not found better. Why take it all the same?"
REASON_TIP = "Kept with your name in the history of the models in use."
USE_TIP = (
    "Detects and classifies with this model from now on. The model before can be taken back below."
)
FIGURES = (
    "Of the patients kept for comparing. The score decides: 1 is perfect, and it counts how sure a "
    "model is too. F1: of a class, how many are found and how many of those found are right. "
    "Calibration error and error of %GGS: less is better; of all others, more. In brackets: "
    "95 % intervals over patients; a difference whose interval holds 0 may be chance."
)
TABLE = '<table cellspacing="0" cellpadding="3" style="font-size: 11px;">{}</table>'


class RetrainVerdict(QWidget):
    """Compares in a process of its own; a model that is not found better needs a reason.

    Attributes
    ----------
    busy : Signal
        Emits when a comparison begins or ends.
    """

    busy = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options: Options | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._command = Command(self)
        self._command.ended.connect(self._on_compared)
        self.title, self.compare = wrapped(), QPushButton(COMPARE)
        self.card, self.figures = MessageCard(), wrapped()
        self.reason, self.use = QLineEdit(), QPushButton("Use this model")
        self.reason.setPlaceholderText(REASON)
        self.reason.setToolTip(REASON_TIP)
        self.use.setToolTip(USE_TIP)
        self.figures.setToolTip(FIGURES)
        self.compare.setToolTip(
            "Asks both models about patients of this study who are reviewed in full and whom "
            "neither has seen. Each comparison on the same patients makes the next one stricter."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (
            self.title, self.compare, self.card, self.reason, self.use, self.figures
        ):  # fmt: skip
            layout.addWidget(part)
        self.compare.clicked.connect(self._on_compare)
        self.use.clicked.connect(self._on_use)
        self.reason.textChanged.connect(lambda _: self.refresh())
        self.hide()

    def judge(self, options: Options) -> None:
        """Be about the model of a training from now on."""
        self._options = options
        self.card.say("")
        self.figures.clear()
        self.reason.clear()
        self.refresh()

    def forget(self) -> None:
        """Be about no model; a comparison that goes on ends, and spends nothing."""
        if self._command.running:
            self._command.stop()
        self._options = None
        self.refresh()

    @property
    def undecided(self) -> bool:
        """Whether there is a model that can be compared and taken."""
        model = self._model()
        return model is not None and history(model.card.task)[-1].sha256 != model.card.sha256

    def refresh(self) -> None:
        """Show what can be done with the model now."""
        model = self._model()
        self.setVisible(model is not None)
        if model is None:
            return
        now = history(model.card.task)[-1]
        used = now.sha256 == model.card.sha256
        said = verdicts(now.sha256, model.card.sha256)[-1:]
        better, running = said == [BETTER], self._command.running
        self.title.setText(f"New model: <b>{escape(model.card.name)}</b>{' (in use)' * used}")
        self.compare.setText(STOPPING if running else COMPARE)
        next_step = "" if said or self.card.text() else button_style(ACCENT)
        self.compare.setStyleSheet(button_style(STOP) if running else next_step)
        self.compare.setVisible(not used)
        self.reason.setVisible(not used and not better)
        self.use.setVisible(not used)
        self.use.setStyleSheet(button_style(ACCENT) if better else "")
        self.figures.setVisible(bool(self.figures.text()))
        self.use.setEnabled(not running and (better or bool(self.reason.text().strip())))

    def _model(self) -> Found | None:
        """The new model, if it is there."""
        if self._options is None or not self._options.out.exists():
            return None
        try:
            return find(self._options.out, self._options.task)
        except UserError:  # it is just being written
            return None

    def _on_compare(self) -> None:
        if self._command.running:
            self._command.stop()
            return
        options = self._options
        assert options is not None
        try:
            words = ["compare", in_use(options.task), str(options.out)]
        except UserError as fault:
            self.card.say(escape(str(fault)), good=False)
            return
        self._folder = TemporaryDirectory()
        words += ["--study", str(options.study), "--out", self._folder.name]
        words += ["--device", options.device or "auto"]
        words += [word for folder in options.slides for word in ("--slides", str(folder))]
        self.card.say("")
        self.figures.clear()
        self._command.start(words)
        self.refresh()
        self.busy.emit()

    def _on_compared(self, fault: str) -> None:
        if fault:
            self.card.say(escape(fault), good=False)
        else:
            self._show_judgement()
        assert self._folder is not None
        self._folder.cleanup()
        self.refresh()
        self.busy.emit()

    def _show_judgement(self) -> None:
        assert self._folder is not None
        told = json.loads((Path(self._folder.name) / FILES[1]).read_text(encoding="utf-8"))
        found = Judgement.from_dict({one.name: told[one.name] for one in fields(Judgement)})
        first, *more = sentences(found, *(told["models"][one]["name"] for one in ("old", "new")))
        lines = [f"<b>{escape(first)}</b>", *map(escape, more)]
        self.card.say("<br>".join(lines), good=found.verdict == BETTER)
        self.figures.setText(_as_html(found))

    def _on_use(self) -> None:
        model = self._model()
        assert model is not None
        try:
            choose(model, preferences.reviewer(), self.reason.text())
        except UserError as fault:
            self.card.say(escape(str(fault)), good=False)
            return
        self.reason.clear()
        tell_chosen(model.card.task)


def _as_html(found: Judgement) -> str:
    """The figures as a small table."""
    head = (
        "<tr><th align=left>figure</th><th>in use</th><th>new</th>"
        "<th align=right>difference (95 %)</th></tr>"
    )
    each = [(one.name, one.old, one.new, one.difference) for one in found.figures]
    rows = (
        f"<tr><td>{escape(name)}</td><td align=right>{_number(old.value)}</td>"
        f"<td align=right>{_number(new.value)}</td>"
        f"<td align=right>{_change(change)}</td></tr>"
        for name, old, new, change in each
    )
    return TABLE.format(head + "".join(rows))


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _change(one: Estimate) -> str:
    """A difference, with its 95 % interval where there is one."""
    if not one.has_interval:
        return "–" if math.isnan(one.value) else f"{one.value:+.2f}"
    return f"{one.value:+.2f} ({one.low:+.2f} to {one.high:+.2f})"
