"""How far readers agree, in words and as a grid, above the circles that they are to settle."""

from itertools import combinations

import pandas as pd
from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_ggs.evaluation import Estimate
from napari_ggs.evaluation.agreement import Agreement
from napari_ggs.review.comparison import Comparison
from napari_ggs.viewer.confusion_grid import ConfusionGrid
from napari_ggs.viewer.disputes_panel import DisputesPanel
from napari_ggs.viewer.style import wrapped

KAPPA_TIP = (
    "Kappa: 0 is what chance alone would give, 1 is no difference at all. Cohen's of two readers, "
    "Fleiss' of more. All differences weigh alike. Glomeruli of one patient resemble each other: "
    "the interval is about this slide."
)


class ComparisonView(QWidget):
    """Any two of the readers or, of more, all: kappa, confusion, and what is to be settled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Comparison | None = None
        self._at: int | None = None
        self._measured: tuple[pd.DataFrame, Agreement] | None = None
        self.readers = QComboBox()
        self.readers.setToolTip("Whose labels are compared.")
        self.kappa, self.alike = wrapped(style="font-size: 17px; font-weight: 600;"), wrapped()
        self.kappa.setToolTip(KAPPA_TIP)
        self.grid, self.disputes = ConfusionGrid(), DisputesPanel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(7)
        for part in (self.readers, self.kappa, self.alike, self.grid, self.disputes):
            layout.addWidget(part)
        self.readers.currentIndexChanged.connect(lambda _: self._show())

    def show_comparison(self, found: Comparison, at: int | None) -> None:
        """Show what all readers said; `at` is the circle at hand."""
        self._found, self._at = found, at
        readers, before = found.readers, self.readers.currentText()
        sets = [*combinations(readers, 2), *([readers] if len(readers) > 2 else [])]
        with QSignalBlocker(self.readers):
            self.readers.clear()
            for some in sets:
                self.readers.addItem(" and ".join(some), some)
            self.readers.setCurrentIndex(max(self.readers.findText(before), 0))
        self.readers.setVisible(len(sets) > 1)
        self._show()

    def _show(self) -> None:
        assert self._found is not None
        some = self._found.of(self.readers.currentData())
        said = self._agreement(some)
        self.kappa.setText(_kappa(said))
        self.alike.setText(_alike(said, some.apart))
        two = len(some.readers) == 2
        self.grid.setVisible(two and said.agreed.n > 0)
        if two:
            self.grid.show_counts(some.confusion(*some.readers), some.scheme)
        self.disputes.show_comparison(some, self._at)

    def _agreement(self, some: Comparison) -> Agreement:
        """Kappa, which takes a while of many readers: only where anything was read since."""
        if self._measured is None or not self._measured[0].equals(some.readings):
            self._measured = some.readings, some.agreement()
        return self._measured[1]


def _kappa(said: Agreement) -> str:
    kappa = said.kappa
    if not kappa.value <= 1:
        return "Kappa undefined"
    return f"Kappa {kappa.value:.2f}{_range(kappa, 1, 2)}"


def _alike(said: Agreement, apart: int) -> str:
    """How often they agree, and what the figures do not say, in sentences."""
    sentences = []
    if said.agreed.n:
        share = f"{100 * said.agreed.value:.0f} %{_range(said.agreed, 100, 0)}"
        same = round(said.agreed.n * said.agreed.value)
        sentences.append(f"The same class for {same} of {said.agreed.n} circles: {share}.")
    if said.reason:
        sentences.append(f"{said.reason[0].upper()}{said.reason[1:]}.")
    if apart:
        circles = "circle" if apart == 1 else "circles"
        sentences.append(f"Apart: {apart} {circles} that not all of them could or would name.")
    return " ".join(sentences)


def _range(estimate: Estimate, factor: int, decimals: int) -> str:
    if not estimate.has_interval:
        return ""
    low, high = factor * estimate.low, factor * estimate.high
    return f" (95\u00a0%: {low:.{decimals}f} to {high:.{decimals}f})"
