"""Whether the unreviewed circles could still carry %GGS across a threshold that matters."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_ggs.review.crossing import Reach
from napari_ggs.viewer import preferences
from napari_ggs.viewer.style import wrapped

TIP = (
    "A share of globally sclerotic glomeruli above which you would decide otherwise: for donor "
    "kidneys, 20 % is a common one."
)


class CrossingPanel(QWidget):
    """A threshold, and a sentence.

    Attributes
    ----------
    changed : Signal
        Emits when another threshold was chosen; the preferences keep it.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = QDoubleSpinBox()
        self.threshold.setRange(0, 99)
        self.threshold.setDecimals(0)
        self.threshold.setSuffix(" %")
        self.threshold.setValue(100 * preferences.threshold())
        self.threshold.setToolTip(TIP)
        self.sentence = wrapped()
        question = QHBoxLayout()
        question.setContentsMargins(0, 0, 0, 0)
        title = QLabel("Could %GGS still cross")
        title.setStyleSheet("font-weight: 600;")
        title.setToolTip(TIP)
        question.addWidget(title)
        question.addWidget(self.threshold)
        question.addWidget(QLabel("?"))
        question.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(question)
        layout.addWidget(self.sentence)
        self.threshold.valueChanged.connect(self._on_threshold)

    def show_reach(self, reach: Reach | None) -> None:
        """Answer the question; None if there is nothing to review."""
        self.sentence.setText("" if reach is None else reach.words())

    def _on_threshold(self, percent: float) -> None:
        preferences.set_threshold(percent / 100)
        self.changed.emit()
