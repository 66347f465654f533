"""Three steps for someone who opens the dock for the first time."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QPushButton, QToolButton, QVBoxLayout, QWidget

from napari_ggs.viewer import preferences
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.style import ACCENT, card_style, wrapped

STEPS = (
    "Drag a slide into the window, or begin with a synthetic one:",
    "Press <b>Detect &amp; Classify</b>. Circles appear while it works.",
    "Press <b>Review</b> to go through the circles. <b>1</b> to <b>5</b> name a circle, "
    "<b>Space</b> confirms it, <b>Ctrl+Z</b> undoes.",
)
OPEN_TIP = "Opens SVS, NDPI, MRXS, SCN, TIFF and other slides. Folders: drag them into the window."
SAMPLE_TIP = "Draws a synthetic field of kidney cortex, in some seconds, and opens it."
HIDE_TIP = "Hides these steps for good. Preferences ▸ Glomerulosclerosis ▸ Hints brings them back."
QUIET = "border: none; background: transparent; text-decoration: underline;"


class Guide(QFrame):
    """The steps that are left, with a button for the first; gone once they were hidden.

    Attributes
    ----------
    opening, sampling : Signal
        Emit when a slide, or the sample, is to be opened.
    """

    opening = Signal()
    sampling = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setStyleSheet(card_style(ACCENT))
        self._lines = [wrapped() for _ in STEPS]
        self.open, self.sample = QPushButton("Open a slide …"), QPushButton("Open the sample")
        self.hide_steps = QToolButton()
        self._lay_out()
        self.open.clicked.connect(lambda _: self.opening.emit())
        self.sample.clicked.connect(lambda _: self.sampling.emit())
        self.hide_steps.clicked.connect(lambda _: preferences.set_first_steps(False))
        preferences.follow_first_steps(self, self.setVisible)
        self.point_to(0)
        self.setVisible(preferences.first_steps())

    def _lay_out(self) -> None:
        self.open.setToolTip(OPEN_TIP)
        self.sample.setToolTip(SAMPLE_TIP)
        self.hide_steps.setText("Hide these steps")
        self.hide_steps.setToolTip(HIDE_TIP)
        self.hide_steps.setStyleSheet(QUIET)
        self._buttons = QWidget()
        self._buttons.setLayout(row_of(self.open, self.sample))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 7, 9, 5)
        layout.setSpacing(4)
        first, *others = self._lines
        for part in (first, self._buttons, *others, self.hide_steps):
            layout.addWidget(part)

    def point_to(self, step: int) -> None:
        """Make a step (0, 1 or 2) the next one to take."""
        for index, (line, text) in enumerate(zip(self._lines, STEPS, strict=True)):
            line.setText(f"<b>{index + 1}</b>&nbsp; {text}")
            line.setVisible(index >= step)
        self._buttons.setVisible(step == 0)
