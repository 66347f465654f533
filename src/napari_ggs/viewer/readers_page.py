"""The readers of a slide: who read how much, blind or not, and their comparison."""

from html import escape

from qtpy.QtCore import QSignalBlocker, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QFrame, QPushButton, QVBoxLayout, QWidget

from napari_ggs.review import Settled
from napari_ggs.review.comparison import Comparison, compare, left_to_read
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.blinding import set_blind
from napari_ggs.viewer.circle_panel import hint
from napari_ggs.viewer.comparison_view import ComparisonView
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import WARNING, card_style, wrapped

SOON_MS = 60
"""The page follows the edits so much later: a burst of them is compared once."""
BLIND_HINT = (
    "Circles without your label all look alike and come by place: no class, probability, score or "
    "order of the model. What you say so is marked in the study."
)
BLIND_TIP = "Hides what the model says from you, on this slide and all others."
OPEN_TIP = "Shows what the others said, before you have read all circles."
NOT_KEPT = "Edits of this slide are not kept in a study, so that readers cannot be compared."
ALONE = (
    "For a second reading, another person enters their name as reviewer and reads the slide. "
    "Neither sees what the other says until they compare."
)


class ReadersPage(QWidget):
    """Reading blind, who has read, and, once it is opened, the comparison of the readers.

    It stays closed while circles are left for the reader to judge, unless they open it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self._found: Comparison | None = None
        self._opened_by: str | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        self._build()
        self.follow(None)

    def follow(self, review: SlideReview | None) -> None:
        """Show the readers of a review's slide."""
        if self._review is not None:
            for signal in _signals(self._review):
                signal.disconnect(self._refresh_soon)
            self._review.walk.moved.disconnect(self.comparison.disputes.come_to)
        self._review, self._opened_by = review, None
        if review is not None:
            for signal in _signals(review):
                signal.connect(self._refresh_soon)
            review.walk.moved.connect(self.comparison.disputes.come_to)
            self.comparison.disputes.lay_out(review.session.scheme)
        self.setEnabled(review is not None)
        self.refresh()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Show what was kept while the page was hidden."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Read anew from the study what the readers say."""
        self._found, review = None, self._review
        if review is not None and review.over:
            return
        if review is not None:
            attempt(lambda: self._read(review))
        with QSignalBlocker(self.blind):
            self.blind.setChecked(review is not None and review.layers.blind)
        self.who.setText("" if review is None else self._who(review))
        found = self._found
        if review is None or found is None or len(found.readers) < 2:
            self.closed.hide()
            self.comparison.hide()
            return
        left = _left(review)
        is_open = left == 0 or self._opened_by == review.session.who
        self.warning.setText(_warning(left))
        self.closed.setVisible(not is_open)
        self.comparison.setVisible(is_open)
        if is_open:
            self.comparison.show_comparison(found, review.walk.current)

    def _build(self) -> None:
        self.blind = QCheckBox("Blind to the model")
        self.blind.setToolTip(BLIND_TIP)
        self.who, self.warning = wrapped(), wrapped()
        self.open = QPushButton("Compare with the other readers")
        self.open.setToolTip(OPEN_TIP)
        self.closed = QFrame()
        self.closed.setObjectName("card")
        self.closed.setStyleSheet(card_style(WARNING))
        self.comparison = ComparisonView()
        _stack(self.closed, self.warning, self.open).setContentsMargins(9, 7, 9, 9)
        parts = self.blind, hint(BLIND_HINT), self.who, self.closed, self.comparison
        layout = _stack(self, *parts)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addStretch(1)
        self.blind.toggled.connect(self._on_blind)
        self.open.clicked.connect(self._on_open)
        disputes = self.comparison.disputes
        disputes.visited.connect(self._on_visited)
        disputes.settled.connect(self._on_settled)
        disputes.walked.connect(self._on_walked)

    def _refresh_soon(self, _: object) -> None:
        if self.isVisible():
            self._soon.start()

    def _read(self, review: SlideReview) -> None:
        keeping = review.keeping
        if keeping is not None and keeping.run is not None:
            self._found = compare(keeping.store, keeping.store.run(keeping.run))

    def _who(self, review: SlideReview) -> str:
        """Who has read how much, line by line."""
        if self._found is None:
            return NOT_KEPT
        me, blind = review.session.who, self._found.blind
        judged = {me: 0} | self._found.judged
        said = {who: _reader(who, n, blind.get(who, 0)) for who, n in judged.items()}
        mine = f"{said.pop(me)} · <b>{_left(review)} left</b> (you)"
        others = [*said.values()] or [ALONE]
        return "<br>".join(["<b>Who has read this slide</b>", mine, *others])

    def _on_blind(self, blind: bool) -> None:
        assert self._review is not None
        set_blind(self._review.session, self._review.layers, blind)

    def _on_open(self) -> None:
        assert self._review is not None
        self._opened_by = self._review.session.who
        self.refresh()

    def _on_visited(self, handle: int) -> None:
        """Look at a circle, with what others drew or settled since."""
        assert self._review is not None
        self._review.session.follow()
        self._review.walk.visit(handle)

    def _on_settled(self, handle: int, label: str) -> None:
        """Keep the consensus, and go on to the next circle that has none."""
        assert self._review is not None
        session = self._review.session
        if attempt(lambda: session.apply(Settled((handle,), label))) and label:
            self.refresh()
            self._go_on(handle)

    def _go_on(self, handle: int) -> None:
        disputes = self.comparison.disputes
        place = disputes.handles.index(handle)
        later = [h for h in disputes.unsettled() if disputes.handles.index(h) > place]
        if left := later or disputes.unsettled():
            self._on_visited(left[0])

    def _on_walked(self, handles: list[int]) -> None:
        assert self._review is not None
        self._review.session.follow()
        self._review.walk.set_order(handles)
        self._review.walk.visit(handles[0])


def _signals(review: SlideReview) -> tuple:
    """What tells that something here is out of date."""
    return review.session.recorded, review.session.changed, review.layers.blinded


def _left(review: SlideReview) -> int:
    """How many circles the reader has not judged yet."""
    return left_to_read(review.session.table, review.session.thresholds)


def _warning(left: int) -> str:
    return (
        f"<b>You have {left} circle{'' if left == 1 else 's'} left to read.</b> The comparison "
        "shows what the others said, of those too: what you read afterwards is no longer blind to "
        "them."
    )


def _reader(who: str, judged: int, blind: int) -> str:
    words = f", {blind} blind to the model" if blind else ""
    return f"{escape(who)}: {judged} circle{'' if judged == 1 else 's'} judged{words}"


def _stack(parent: QWidget, *parts: QWidget) -> QVBoxLayout:
    layout = QVBoxLayout(parent)
    layout.setSpacing(7)
    for part in parts:
        layout.addWidget(part)
    return layout
