"""Two thresholds that act live on what is already computed."""

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget
from superqt.utils import qthrottled

from napari_ggs.glomeruli import LOWEST_SCORE, Thresholds

LIVE_MS = 150
"""While a slider is dragged its value acts this often at most."""
STEPS = 100
DETECTION_TIP = (
    "How sure the detector must be that a circle is a glomerulus. It acts at once on what is found."
)
GLOMERULUS_TIP = (
    "How probable the classifier must find it that a circle is a glomerulus; the others go to the "
    "layer non-glomerulus. It acts at once on what is found."
)
NO_FILTER_TIP = "The classifier has no class for what is not a glomerulus, so it cannot reject any."


class ShareSlider(QWidget):
    """A share between 0 and 1: a slider and the number beside it, either of which sets it.

    Qt's own slider, in hundredths: superqt's floating one does not listen to the keyboard.
    """

    changed = Signal()

    def __init__(self, words: str, tip: str, lowest: float = 0.0) -> None:
        super().__init__()
        self.slider, self.number = QSlider(Qt.Orientation.Horizontal), QDoubleSpinBox()
        self.slider.setRange(round(lowest * STEPS), STEPS)
        self.slider.setPageStep(5)
        self.number.setRange(lowest, 1)
        self.number.setSingleStep(1 / STEPS)
        self.number.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.number.setFixedWidth(46)
        self.number.setStyleSheet("padding: 1px 4px; min-width: 30px;")
        label = QLabel(words)
        label.setBuddy(self.slider)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(1)
        layout.addWidget(label, 0, 0, 1, 2)
        layout.addWidget(self.slider, 1, 0)
        layout.addWidget(self.number, 1, 1)
        self.explain(tip)
        for part in (self.slider, self.number):
            part.setAccessibleName(words)
        self.slider.valueChanged.connect(lambda value: self.number.setValue(value / STEPS))
        self.number.valueChanged.connect(self._on_number)

    def explain(self, tip: str) -> None:
        """Say what it does, wherever the mouse is over it."""
        for part in (self, self.slider, self.number):
            part.setToolTip(tip)

    def value(self) -> float:
        """The share."""
        return round(self.number.value(), 2)

    def set_value(self, share: float) -> None:
        """Set the share without a signal."""
        with QSignalBlocker(self):
            self.number.setValue(share)

    def _on_number(self, share: float) -> None:
        self.slider.setValue(round(share * STEPS))
        self.changed.emit()


class ThresholdSliders(QWidget):
    """The detection score and the glomerulus probability that a circle must reach to count."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.detection = ShareSlider("Detection score at least", DETECTION_TIP, LOWEST_SCORE)
        self.glomerulus = ShareSlider("Glomerulus probability at least", GLOMERULUS_TIP)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for row, slider in enumerate((self.detection, self.glomerulus)):
            layout.addWidget(slider, row, 0)
            slider.changed.connect(self._emit)
        self.value = Thresholds()

    @property
    def value(self) -> Thresholds:
        """The thresholds as they are set."""
        return Thresholds(self.detection.value(), self.glomerulus.value())

    @value.setter
    def value(self, thresholds: Thresholds) -> None:
        self.detection.set_value(thresholds.detection)
        self.glomerulus.set_value(thresholds.glomerulus)

    def let_filter(self, can_filter: bool) -> None:
        """Offer the glomerulus probability only if the classifier has a class for the others."""
        self.glomerulus.setEnabled(can_filter)
        self.glomerulus.explain(GLOMERULUS_TIP if can_filter else NO_FILTER_TIP)

    @qthrottled(timeout=LIVE_MS)
    def _emit(self) -> None:
        self.changed.emit(self.value)
