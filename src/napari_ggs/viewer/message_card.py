"""A framed text in plain words, in the colour of good news or of bad."""

from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_ggs.viewer.style import ACCENT, WARNING, card_style, wrapped


class MessageCard(QFrame):
    """A framed text; gone when there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._label = wrapped()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 7, 9, 7)
        layout.addWidget(self._label)
        self.hide()

    def say(self, words: str, good: bool = True) -> None:
        """Say something, framed as good news or as bad."""
        self.setStyleSheet(card_style(ACCENT if good else WARNING))
        self._label.setText(words)
        self.setVisible(bool(words))

    def text(self) -> str:
        """What it says."""
        return self._label.text()
