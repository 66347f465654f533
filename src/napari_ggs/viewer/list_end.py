"""What to do next, said where a list of circles ends."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from napari_ggs.viewer.style import ACCENT, card_style, wrapped

ALL_DONE = (
    "<b>Every circle is reviewed.</b> Next: look for glomeruli without a circle, then "
    "<b>Finish case</b>."
)
TO_SWEEP, TO_THE_REST = "Sweep the tissue", "Show what is not reviewed"
GO_TIP = "Goes on with what is left of this slide."


class ListEnd(QFrame):
    """A card above the button that goes on; gone until there is something to say.

    Attributes
    ----------
    sweeping : Signal
        Emits when the tissue is to be swept.
    resting : Signal
        Emits when the circles that are not reviewed are to be shown.
    """

    sweeping = Signal()
    resting = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setStyleSheet(card_style(ACCENT))
        self.words, self.go = wrapped(), QPushButton()
        self.go.setToolTip(GO_TIP)
        self.go.clicked.connect(self._on_go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 7, 9, 7)
        layout.setSpacing(5)
        layout.addWidget(self.words)
        layout.addWidget(self.go)
        self.hide()

    def say(self, left: int, found: str = "") -> None:
        """Say what is next.

        Parameters
        ----------
        left : int
            How many circles of the slide are not reviewed.
        found : str
            What came of the list; without it, only that it ends here.
        """
        heading = found or "<b>This is the last circle of the list.</b>"
        rest = f"{left} circle{'' if left == 1 else 's'} of the slide {_are(left)} not reviewed."
        self.words.setText(f"{heading} {rest}" if left else f"{found} {ALL_DONE}".strip())
        self.go.setText(TO_THE_REST if left else TO_SWEEP)
        self.show()

    def _on_go(self) -> None:
        self.hide()
        if self.go.text() == TO_SWEEP:
            self.sweeping.emit()
        else:
            self.resting.emit()


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
