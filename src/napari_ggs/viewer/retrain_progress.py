"""How a training goes: a bar, the time left, curves, and what is taken for what."""

import math
from collections.abc import Sequence

import pandas as pd
from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_ggs.lesions import SCHEMES, Scheme
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.options import Options, Task, plan_of
from napari_ggs.training.record import Told
from napari_ggs.training.steps import Confusion
from napari_ggs.viewer.confusion_grid import ConfusionGrid
from napari_ggs.viewer.curves import Curves
from napari_ggs.viewer.progress_panel import remaining
from napari_ggs.viewer.style import BAR, MUTED, wrapped

MERITS: dict[Task, str] = {"classification": "balanced accuracy", "detection": "AP50"}
STAGES = {"data": "Drawing phantoms: slide", "training": "Step"}


class RetrainProgress(QWidget):
    """Follows the steps of one training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scheme: Scheme | None = None
        self._merit, self._over = "", ""
        self.bar, self.words = QProgressBar(), wrapped(style=f"color: {MUTED};")
        self.bar.setStyleSheet(BAR)
        self.curves, self.best, self.matrix = Curves(), wrapped(), ConfusionGrid()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (self.bar, self.words, self.curves, self.best, self.matrix):
            layout.addWidget(part)

    def begin(self, options: Options) -> None:
        """Show that a training has begun and nothing is known yet."""
        plan = plan_of(options)
        self._scheme = SCHEMES[plan.scheme] if isinstance(plan, ClassifierRecipe) else None
        self._merit, self._over = MERITS[options.task], ""
        self.bar.show()
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self.words.show()
        self.words.setText("Reading the labelled circles …")
        self.curves.clear(self._merit)
        self.best.clear()
        self.matrix.hide()

    def take(self, steps: Sequence[Told]) -> None:
        """Show where the training is."""
        if not steps:
            return
        last = steps[-1]
        step = last.step
        self.bar.setRange(0, max(step.total, 1))
        self.bar.setValue(step.done)
        left = 0.0 if math.isnan(last.seconds_left) else last.seconds_left
        self.words.setText(f"{STAGES[step.stage]} {step.done:,} of {step.total:,}{remaining(left)}")
        self.curves.add(steps)
        confusion = next((t.step.confusion for t in reversed(steps) if t.step.confusion), None)
        if confusion is not None:
            self._show_matrix(confusion)
        self._show_best()

    def rest(self) -> None:
        """The training is over: only what came of it stays."""
        self.bar.hide()
        self.words.hide()
        self._show_best("Best", "was")

    def _show_best(self, which: str = "Best so far:", kept: str = "is") -> None:
        if (best := self.curves.best()) is not None:
            self.best.setText(
                f"{which} {self._merit} <b>{best[1]:.3f}</b>{self._over}, on patients who did not "
                f"teach it but choose the model; that model {kept} kept."
            )

    def _show_matrix(self, confusion: Confusion) -> None:
        assert self._scheme is not None
        names = list(confusion.classes)
        occur = sum(any(row) for row in confusion.counts)
        few = occur < len(self._scheme.classes)
        self._over = f" over the {occur} of {len(self._scheme.classes)} classes there" * few
        counts = pd.DataFrame(confusion.counts, index=names, columns=names)
        classes = list(self._scheme.classes)
        counts = counts.reindex(index=classes, columns=classes, fill_value=0)
        counts.index.name, counts.columns.name = "people", "the model"
        self.matrix.show_counts(counts, self._scheme)
        self.matrix.show()
