"""How far a run is: a bar, the time left and what has been found so far."""

import time

from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_ggs.viewer.style import BAR, MUTED, wrapped


class ProgressPanel(QWidget):
    """A progress bar over a line of words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setStyleSheet(BAR)
        self.words = wrapped(style=f"color: {MUTED};")
        self._first: tuple[float, int] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.bar)
        layout.addWidget(self.words)

    def begin(self) -> None:
        """Show that the work has begun and nothing is known yet."""
        self._first = None
        self.bar.setRange(0, 1)  # no busy animation: it would redraw the whole window all the time
        self.bar.setValue(0)
        self.words.setText("Loading the models and looking for tissue …")

    def step(self, done: int, total: int) -> None:
        """Show how many tiles are done, and the time left at the pace so far."""
        now = time.monotonic()
        start, first = self._first = self._first or (now, done)
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        left = (now - start) / (done - first) * (total - done) if done > first else 0.0
        self.words.setText(f"Tile {done:,} of {total:,}{remaining(left)}")


def remaining(seconds: float) -> str:
    """The time left in words, with the dot that sets it apart; nothing when there is none."""
    if seconds <= 0:
        return ""
    if seconds < 90:
        return f" · {max(1, round(seconds))} s left"
    return f" · {round(seconds / 60)} min left"
