"""What the Sweep page shows: how far one is, the map, and the buttons."""

from math import floor, isnan

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ggs.review.sweep import Sweep
from napari_ggs.viewer.circle_panel import act_button, hint
from napari_ggs.viewer.style import ACCENT, MUTED, button_style, wrapped
from napari_ggs.viewer.sweep_map import SweepMap

ON, BACK = "L", "B"
"""Keys; N is the next circle."""
ON_TIP = f"Key {ON}: marks the field in view as looked at, and shows the next one."

PURPOSE = (
    "A sweep shows all tissue once, field by field, so that you find the glomeruli that the "
    "detector missed."
)
HINT = (
    "A glomerulus without a circle? Hold Ctrl and drag from its centre to its rim (or press D, "
    "then drag), then press the key of its class. On the map, blue has been looked at; click to "
    "go to another field. Each reviewer has a sweep of their own."
)


class SweepPanel(QWidget):
    """Labels, map and buttons; it knows of no review."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.progress = wrapped(style="font-size: 13px; font-weight: 600;")
        self.detail = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        self.notice = wrapped()
        self.map = SweepMap()
        self.on = QPushButton()
        self.on.setStyleSheet(button_style(ACCENT))
        self.on.setToolTip(ON_TIP)
        self.on.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.back = act_button("Back", BACK, f"Key {BACK}: look at the field before once more.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(7)
        parts = wrapped(PURPOSE), self.progress, self.detail, self.map, self.notice, self.on
        for part in (*parts, self.back, hint(HINT)):
            layout.addWidget(part)
        layout.addStretch(1)

    def show_sweep(self, sweep: Sweep | None, who: str, notice: str) -> None:
        """Show how far a reader is; None while there is nothing to sweep."""
        fields = len(sweep.fields) if sweep else 0
        self.progress.setText(progress_words(sweep) if sweep and fields else "")
        self.detail.setText(area_words(sweep, who) if sweep and fields else "")
        self.notice.setText(notice)
        for label in (self.progress, self.detail, self.notice):
            label.setVisible(bool(label.text()))
        self.map.setVisible(fields > 0)
        self.map.update()

    def show_buttons(self, sweep: Sweep | None, in_sight: bool) -> None:
        """Say what the buttons do next."""
        usable = sweep is not None and len(sweep.fields) > 0
        self.on.setText(next_words(sweep, in_sight) if sweep and usable else "Start the sweep")
        self.on.setEnabled(sweep is not None and not sweep.done)
        self.back.setEnabled(sweep is not None and sweep.before() is not None)


def progress_words(sweep: Sweep) -> str:
    """How many fields and how much of the tissue were looked at; percent are rounded down."""
    return (
        f"{int(sweep.covered.sum())} of {len(sweep.fields)} fields, "
        f"{floor(100 * sweep.share)} % of the tissue looked at"
    )


def area_words(sweep: Sweep, who: str) -> str:
    """The same in mm², where that is known, and by whom."""
    area = sweep.tissue.area_mm2
    known = "" if isnan(area) else f"{sweep.share * area:.1f} of {area:.1f} mm²"
    return ", ".join(filter(None, (known, f"by {who}" if who else "")))


def next_words(sweep: Sweep, in_sight: bool) -> str:
    """What the big button does next."""
    if sweep.done:
        return "All tissue has been looked at"
    if sweep.current is None:
        words = "Continue the sweep" if sweep.covered.any() else "Start the sweep"
    elif not in_sight:
        words = "Return to the field"
    else:
        words = "Next field" if sweep.covered[sweep.current] else "Looked at: next field"
    return f"{words}  [{ON}]"
