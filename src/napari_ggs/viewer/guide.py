"""Three steps for someone who opens the dock for the first time."""

from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_ggs.viewer.style import ACCENT, card_style, wrapped

STEPS = (
    "Drag a slide into the window, or File ▸ Open Sample ▸ PAS kidney phantom.",
    "Press <b>Detect &amp; Classify</b>. Circles appear while it works.",
    "Check them: <b>Plugins ▸ Glomerulosclerosis ▸ Review</b> goes through them by keyboard. Or "
    "click a circle: keys 1 to 5 give it another class, Ctrl+Z undoes. An eye icon hides a class.",
)


class Guide(QFrame):
    """The steps; the one to take next stands out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setStyleSheet(card_style(ACCENT))
        self._lines = [wrapped() for _ in STEPS]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 7, 9, 7)
        layout.setSpacing(4)
        for line in self._lines:
            layout.addWidget(line)
        self.point_to(0)

    def point_to(self, step: int) -> None:
        """Make a step (0, 1 or 2) the next one to take."""
        for index, (line, text) in enumerate(zip(self._lines, STEPS, strict=True)):
            mark = "✓" if index < step else str(index + 1)
            line.setText(f"<b>{mark}</b>&nbsp; {text}")
            line.setVisible(index >= step)
