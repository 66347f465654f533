"""How long a training will take, told before it begins."""

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.training.at_hand import estimate
from napari_ggs.training.options import Options
from napari_ggs.viewer.command import Command
from napari_ggs.viewer.style import MUTED, wrapped

SOON_MS = 400
UNKNOWN = "How long it takes is seen once it goes."


class RetrainEstimate(QWidget):
    """From earlier trainings on this machine, else a few steps are timed in a process."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted: Options | None = None
        self._labels = 0
        self._asked: Options | None = None
        self.words = wrapped(style=f"color: {MUTED};")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        self._command, self._soon = Command(self), QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._look)
        self._command.ended.connect(self._on_timed)

    def about(self, options: Options | None, labels: int = 0) -> None:
        """Tell it for other options and so many labels of the study, or for none."""
        self._wanted, self._labels = options, labels
        if options is None:
            self._soon.stop()
            self.words.clear()
        else:
            self._soon.start()

    def _look(self) -> None:
        options = self._wanted
        if options is None:
            return
        try:
            seconds = estimate(options, measure=False, labels=self._labels)
        except UserError as fault:
            self.words.setText(str(fault))
            return
        if seconds is not None:
            self.words.setText(f"It will take about <b>{duration(seconds)}</b> here.")
        elif options == self._asked:
            self.words.setText(UNKNOWN)
        elif not self._command.running:
            self._time(options)

    def _time(self, options: Options) -> None:
        """Time a few steps, once for the same options."""
        self._asked = options
        self.words.setText("Timing a few steps to see how long it takes …")
        self._command.start([*options.words(), "--dry-run"])

    def _on_timed(self, _: str) -> None:
        self._look()


def duration(seconds: float) -> str:
    """A time in words."""
    minutes = seconds / 60
    if minutes < 1:
        return f"{max(1, round(seconds))} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
