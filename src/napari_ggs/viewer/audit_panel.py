"""The audit: ten random circles whose review tells how far the model can be trusted here."""

from math import isnan

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_ggs.review.audit import SIZE, Audited
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import hint
from napari_ggs.viewer.slide_audit import SlideAudit
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import wrapped

DRAW, GO_ON, ANOTHER = f"Audit: {SIZE} random circles", "Go on with the audit", "Another audit"
BUTTON_TIP = "Shows you these circles one after the other; review them as all others."
BLIND = "What it says of the model is shown once you are not blind to it."
WHY = (
    "The queue shows you what the model doubts. A random sample also shows where it is sure and "
    "wrong; its review corrects the estimate for all circles."
)


class AuditPanel(QWidget):
    """A button, how far the audit is, and what it found.

    Attributes
    ----------
    walking : Signal
        Emits when the review walks through the circles of an audit from now on.
    ended : Signal
        Emits what an audit found once the last of its circles is reviewed.
    """

    walking = Signal()
    ended = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self._audit: SlideAudit | None = None
        self._before: tuple[int, ...] | None = None
        self.button, self.state = QPushButton(DRAW), wrapped()
        self.button.setToolTip(BUTTON_TIP)
        title = QLabel("Can the model be trusted on this slide?")
        title.setStyleSheet("font-weight: 600;")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for part in (title, self.state, self.button, hint(WHY)):
            layout.addWidget(part)
        self.button.clicked.connect(self._on_button)

    def follow(self, review: SlideReview | None) -> None:
        """Show the latest audit of a review."""
        self._review, self._before = review, None
        self._audit = None if review is None else SlideAudit(review)

    def show_audit(self) -> None:
        """Show it as it stands; once it is done, the review goes through all circles again."""
        audit = None if self._audit is None else self._audit.audit
        self.button.setEnabled(self._audit is not None)
        self.state.setVisible(audit is not None)
        if self._audit is None or audit is None:
            self.button.setText(DRAW)
            return
        left, size = len(self._audit.left(preferences.count_cut())), len(audit.handles)
        self.button.setText(GO_ON if left else ANOTHER)
        if left:
            self.state.setText(f"Audit {audit.number}: {size - left} of {size} reviewed.")
        else:
            self.state.setText(f"Audit {audit.number} is reviewed. {self._found()}")
            self._walk_back(self.state.text())

    def _found(self) -> str:
        """What the audit found; the model's errors are nothing for who is blind to the model."""
        assert self._audit is not None
        if self._review is not None and self._review.layers.blind:
            return BLIND
        return words(self._audit.found(preferences.count_cut()))

    def _on_button(self) -> None:
        assert self._audit is not None
        audit, count_cut = self._audit, preferences.count_cut()
        if audit.left(count_cut) or attempt(lambda: audit.draw(count_cut)):
            self._walk(audit.left(count_cut))
        self.show_audit()

    def _walk(self, left: list[int]) -> None:
        """Go through the circles of the audit, from the first that is left."""
        assert self._review is not None
        assert self._audit is not None
        walk = self._review.walk
        order = tuple(self._audit.handles)
        if walk.order != order:
            self._before = walk.order
            walk.set_order(order)
        walk.visit(left[0])
        self.walking.emit()

    def _walk_back(self, found: str) -> None:
        if self._before is not None and self._review is not None:
            before, self._before = self._before, None
            self._review.walk.set_order(before)
            self.ended.emit(found)


def words(found: Audited) -> str:
    """What an audit found, for a pathologist."""
    theta, wrong = found.theta, found.wrong
    if isnan(theta.value):
        return "It holds too few glomeruli to tell: draw another one."
    low, high = (f"{100 * end:.0f}" for end in (theta.low, theta.high))
    said = (
        f"By it, reviewing every circle would find <b>{100 * theta.value:.0f} %</b> globally "
        f"sclerotic (95 %: {low} to {high} %)."
    )
    if not wrong.n:
        return f"{said} None of its circles got a class."
    errors = round(wrong.value * wrong.n)
    return (
        f"{said} Of {wrong.n} circles the model named <b>{errors}</b> wrongly (sclerotic, not "
        f"sclerotic or no glomerulus): on this slide it may be wrong about {100 * wrong.low:.0f} "
        f"to {100 * wrong.high:.0f} %."
    )
