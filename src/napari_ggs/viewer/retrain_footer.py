"""What can be done next in the Retrain dock: always in sight, below its pages."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ggs.training.options import Options
from napari_ggs.viewer.message_card import MessageCard
from napari_ggs.viewer.retrain_estimate import RetrainEstimate
from napari_ggs.viewer.style import ACCENT, MUTED, STOP, button_style, wrapped

RETRAIN, STOP_IT, STOPPING = "Retrain", "Stop (keeps the best)", "Stopping …"
RETRAIN_TIP = "Makes a new model. The one in use stays in use until you take the new one."
STOP_TIP = "Ends the training and keeps the best model until now."
GO_ON_TIP = "Goes on with this training where it was cut off."


class RetrainFooter(QWidget):
    """A message, what is missing or how long it takes, and the button.

    Attributes
    ----------
    pressed : Signal
        Emits when a training is to begin or to stop.
    going_on : Signal
        Emits when the one that was cut off is to go on.
    """

    pressed = Signal()
    going_on = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message, self.estimate = MessageCard(), RetrainEstimate()
        self.hint = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        self.go_on, self.button = QPushButton(), QPushButton(RETRAIN)
        self.go_on.setToolTip(GO_ON_TIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 8)
        layout.setSpacing(6)
        for part in (self.message, self.go_on, self.hint, self.estimate, self.button):
            layout.addWidget(part)
        self.button.clicked.connect(lambda _: self.pressed.emit())
        self.go_on.clicked.connect(lambda _: self.going_on.emit())

    def rest(self, options: Options, labels: int, missing: str, *, offered: bool) -> None:
        """Offer to train, unless something is missing.

        Parameters
        ----------
        options : Options
        labels : int
            How many of the study are learnt from.
        missing : str
            What keeps the training from beginning; "" if nothing does.
        offered : bool
            Whether one is at the page where a training begins.
        """
        self._show_button(RETRAIN, ACCENT, enabled=not missing)
        self.button.setToolTip(missing or RETRAIN_TIP)
        self.button.setVisible(offered)
        self.hint.setText(missing)
        self.hint.setVisible(offered and bool(missing))
        self.estimate.about(None if missing else options, labels)
        self.estimate.setVisible(offered and not missing)

    def train(self, *, stopping: bool) -> None:
        """Offer to stop the training that goes on."""
        self._show_button(STOPPING if stopping else STOP_IT, STOP, enabled=not stopping)
        self.button.setToolTip(STOP_TIP)
        self.button.show()
        self.hint.hide()
        self.estimate.about(None)
        self.estimate.hide()

    def offer_to_go_on(self, name: str) -> None:
        """Offer to go on with a model; with none if it has no name."""
        self.go_on.setText(f"Go on with {name}")
        self.go_on.setVisible(bool(name))

    def _show_button(self, words: str, colour: str, *, enabled: bool) -> None:
        self.button.setText(words)
        self.button.setStyleSheet(button_style(colour))
        self.button.setEnabled(enabled)
