"""In which order circles are gone through, and which ones."""

from typing import Final, Literal, get_args

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QPushButton, QSpinBox, QWidget

from napari_ggs.lesions import Scheme
from napari_ggs.review.filters import STATUSES, Filter
from napari_ggs.review.queue import Order

TEACHING: Final = "teaching"
"""The order that needs more than the table: see `napari_ggs.viewer.look_alikes`."""
ORDERS = {
    "answer": "what could change the answer",
    "class": "by class",
    "probability": "least sure first",
    "score": "by detection score",
    "size": "largest first",
    "place": "by place",
    "entropy": "by entropy",
    TEACHING: "what teaches the model most",
}
assert set(ORDERS) == {*get_args(Order), TEACHING}
ALL = "all classes"
UNREVIEWED = "not reviewed"
TELLING = "against the model"
"""The status that tells a reader who is blind to the model what it says."""
ORDER_TIP = "The order in which circles come."
BLIND_TIP = "By place, so that the order tells nothing of what the model says."


class FilterRow(QWidget):
    """Order, class, status, probability, and a button that sorts anew.

    Attributes
    ----------
    changed : Signal
        Emits when the circles are to be ordered anew.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.order, self.lesion, self.status = QComboBox(), QComboBox(), QComboBox()
        self._blind, self._before = False, 0
        for name, words in ORDERS.items():
            self.order.addItem(words, name)
        self.status.addItems(STATUSES)
        self.sure = QSpinBox()
        self.sure.setRange(1, 100)
        self.sure.setValue(100)
        self.sure.setPrefix("≤ ")
        self.sure.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.sure.setStyleSheet("min-width: 30px;")
        self.sure.setSuffix(" %")
        self.again = QPushButton("Sort again")
        self._explain()
        layout = self._grid = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for column in range(3):
            layout.setColumnStretch(column, 1)
        layout.addWidget(self.order, 0, 0, 1, 2)
        layout.addWidget(self.again, 0, 2)
        for column, part in enumerate((self.lesion, self.status, self.sure)):
            layout.addWidget(part, 1, column)
        for box in (self.order, self.lesion, self.status):
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.sure.valueChanged.connect(lambda _: self.changed.emit())
        self.again.clicked.connect(lambda _: self.changed.emit())

    def lay_out(self, scheme: Scheme) -> None:
        """Offer the classes of a scheme."""
        with QSignalBlocker(self.lesion):
            self.lesion.clear()
            self.lesion.addItem(ALL, "")
            for lesion in scheme.lesions:
                self.lesion.addItem(lesion.title, lesion.name)

    def set_blind(self, blind: bool) -> None:
        """Offer nothing that tells a reader what the model says: all circles come by place."""
        if blind == self._blind:
            return
        self._blind = blind
        with QSignalBlocker(self.order), QSignalBlocker(self.status):
            self._offer_order(blind)
            self._offer_statuses(blind)
        for part in (self.lesion, self.sure):
            part.setVisible(not blind)
        self._grid.addWidget(self.status, 1, 0 if blind else 1, 1, 3 if blind else 1)
        self.changed.emit()

    def show_unreviewed(self) -> None:
        """Let all circles through that are not reviewed, and order them anew."""
        with QSignalBlocker(self.lesion), QSignalBlocker(self.status), QSignalBlocker(self.sure):
            self.lesion.setCurrentIndex(0)
            self.status.setCurrentText(UNREVIEWED)
            self.sure.setValue(self.sure.maximum())
        self.changed.emit()

    def by(self) -> Order | Literal["teaching"]:
        """The order that is chosen."""
        chosen: Order | Literal["teaching"] = self.order.currentData()
        return chosen

    def filter(self) -> Filter:
        """What is let through."""
        if self._blind:
            return Filter(status=self.status.currentText())
        return Filter(
            self.lesion.currentData() or "", self.status.currentText(), self.sure.value() / 100
        )

    def _offer_order(self, blind: bool) -> None:
        """Only that by place; the one that was chosen before comes back afterwards."""
        if blind:
            self._before = self.order.currentIndex()
        by_place = self.order.findData("place")
        self.order.setCurrentIndex(by_place if blind else self._before)
        self.order.setEnabled(not blind)
        self.order.setToolTip(BLIND_TIP if blind else ORDER_TIP)

    def _offer_statuses(self, blind: bool) -> None:
        chosen = self.status.currentText()
        self.status.clear()
        self.status.addItems([status for status in STATUSES if not (blind and status == TELLING)])
        self.status.setCurrentIndex(max(self.status.findText(chosen), 0))

    def _explain(self) -> None:
        self.order.setToolTip(ORDER_TIP)
        self.lesion.setToolTip("Only circles of this class.")
        self.status.setToolTip("Only circles of which this has been said.")
        self.sure.setToolTip("Only circles whose class the classifier finds at most so probable.")
        self.again.setToolTip("Order anew: what you have reviewed goes to the end.")
