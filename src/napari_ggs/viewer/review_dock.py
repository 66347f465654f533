"""The Review dock: go through the circles of a slide by keyboard, and see the answer settle."""

from collections.abc import Callable
from functools import partial

import napari.viewer
from qtpy.QtCore import QEvent, QModelIndex, QObject, Qt, QTimer
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QFrame,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_ggs.review import Change
from napari_ggs.review.actions import Actions
from napari_ggs.review.answer import answer
from napari_ggs.review.queue import rank
from napari_ggs.store import Event
from napari_ggs.viewer.answer_panel import AnswerPanel
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import CirclePanel, act_button, hint
from napari_ggs.viewer.filter_row import FilterRow
from napari_ggs.viewer.gallery import HANDLE, Gallery
from napari_ggs.viewer.reopening import reopen
from napari_ggs.viewer.review_footer import ReviewFooter
from napari_ggs.viewer.review_keys import Key
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import ACCENT, button_style

SOON_MS = 60
"""The answer follows the edits so much later: a burst of them is answered once."""
WIDTH = 360
HINT = (
    "Click a circle in the slide or a picture here. Hold Tab to see the tissue without circles; "
    "Ctrl + drag draws a circle; drag a selected one to move it, its rim to resize it."
)


class ReviewDock(QScrollArea):
    """Headline, order and filters, gallery, the circle at hand.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.review: SlideReview | None = None
        self._keys: dict[QKeySequence, Key] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._show_answer)
        self._build()
        for layer in napari_viewer.layers:
            reopen(napari_viewer, layer)
        layers = napari_viewer.layers
        for event in (layers.events.inserted, layers.events.removed):
            event.connect(self._look_around_soon)
        layers.selection.events.active.connect(self._look_around_soon)
        self.look_around()

    def look_around(self) -> None:
        """Follow the review of the active layer's slide, else the latest one."""
        images = [layer for layer in self._viewer.layers if "review" in layer.metadata]
        reviews: list[SlideReview] = [image.metadata["review"] for image in images]
        active = self._viewer.layers.selection.active
        mine = [each for each in reviews if active is each.image or active in each.layers]
        if self.review in reviews and not mine:
            return
        found = mine or reviews
        self._follow(found[-1] if found else None)

    def sort(self) -> None:
        """Order the circles anew; stay at the one at hand."""
        if self.review is None:
            return
        session = self.review.session
        table = session.table
        chosen = rank(table, session.scheme, session.thresholds, self.filters.by())
        let = self.filters.filter().rows(table, session.scheme)
        self.review.walk.set_order([int(h) for h in chosen if let[h]])

    def _build(self) -> None:
        self.answer, self.filters = AnswerPanel(), FilterRow()
        self.gallery, self.circle = Gallery(), CirclePanel()
        self.confirm = QPushButton("Confirm and go on  [Space]")
        self.confirm.setStyleSheet(button_style(ACCENT))
        self.confirm.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.footer = ReviewFooter()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(7)
        layout.addWidget(self.answer)
        layout.addWidget(self.filters)
        layout.addWidget(self.gallery, 1)
        layout.addWidget(self.circle)
        layout.addWidget(self.confirm)
        layout.addWidget(self.footer)
        layout.addWidget(hint(HINT))
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(WIDTH)
        self.filters.changed.connect(self.sort)
        self.gallery.installEventFilter(self)
        self.gallery.clicked.connect(self._on_clicked)
        self.circle.labelled.connect(self._on_labelled)
        self.circle.noted.connect(lambda text: self._act(lambda actions: actions.note(text)))
        self.confirm.clicked.connect(lambda: self._act(Actions.confirm))

    def _look_around_soon(self) -> None:
        QTimer.singleShot(0, self.look_around)  # the review is made after its layers

    def _follow(self, review: SlideReview | None) -> None:
        if review is self.review is not None:
            return
        self._leave()
        self.review = review
        self.gallery.follow(review)
        self.footer.follow(review)
        if review is not None:
            self._join(review)
        self._show_answer()
        self._show_circle()
        self.circle.setEnabled(review is not None)
        self.confirm.setEnabled(review is not None)

    def _leave(self) -> None:
        if self.review is None:
            return
        session, walk = self.review.session, self.review.walk
        session.changed.disconnect(self._on_changed)
        session.recorded.disconnect(self._on_recorded)
        session.finished.disconnect(self.sort)
        walk.moved.disconnect(self._on_moved)
        walk.ordered.disconnect(self._on_ordered)
        self._keys.clear()

    def _join(self, review: SlideReview) -> None:
        session, walk = review.session, review.walk
        session.changed.connect(self._on_changed)
        session.recorded.connect(self._on_recorded)
        session.finished.connect(self.sort)
        walk.moved.connect(self._on_moved)
        walk.ordered.connect(self._on_ordered)
        self.circle.lay_out(session.scheme)
        self.filters.lay_out(session.scheme)
        self._bind(review.keys.keys)
        self.sort()

    def _bind(self, keys: list[Key]) -> None:
        """Let the keys of the review work in the dock, too, and give each a button."""
        self.circle.forget_acts()
        for key in keys:
            self._keys[QKeySequence(key.in_qt)] = key
            if key.short:
                button = act_button(key.short, key.cap, key.words)
                button.clicked.connect(partial(attempt, key.act))
                self.circle.add_act(button)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let keys that are pressed on the gallery act, before it searches by them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let keys that no part of the dock wants act."""
        if event is not None and not self._press(event):
            super().keyPressEvent(event)

    def _press(self, event: QKeyEvent) -> bool:
        key = self._keys.get(QKeySequence(event.keyCombination()))
        if key is not None:
            attempt(key.act)
        return key is not None

    def _act(self, act: Callable[[Actions], None]) -> None:
        if self.review is not None:
            actions = self.review.actions
            attempt(lambda: act(actions))

    def _on_labelled(self, name: str) -> None:
        self._act(lambda actions: actions.label(name))
        self._show_circle()

    def _on_clicked(self, index: QModelIndex) -> None:
        chosen = self.gallery.chosen()
        assert self.review is not None
        if len(chosen) > 1:
            self.review.layers.select(chosen)
        else:
            self.review.walk.visit(index.data(HANDLE))

    def _on_changed(self, change: Change) -> None:
        self.gallery.circles.touch([int(handle) for handle in change.handles])
        self._soon.start()

    def _on_recorded(self, event: Event) -> None:
        self.gallery.circles.touch([change.handle for change in event.changes])
        self._soon.start()
        self._show_circle()

    def _on_moved(self, handle: int | None) -> None:
        self.gallery.come_to(handle)
        self._show_circle()

    def _on_ordered(self) -> None:
        assert self.review is not None
        self.gallery.circles.show(self.review.walk.order)
        self.gallery.come_to(self.review.walk.current)
        self._show_circle()

    def _show_answer(self) -> None:
        if self.review is None or not len(self.review.session.table):
            self.answer.show_answer(None)
            return
        session = self.review.session
        self.answer.show_answer(answer(session.everything, session.scheme, session.thresholds))

    def _show_circle(self) -> None:
        if self.review is None:
            return
        session, walk = self.review.session, self.review.walk
        handle, place = walk.current, walk.place(walk.current)
        table = session.everything
        row = table.loc[handle] if handle in table.index else None
        where = f", {place + 1} of {len(walk.order)}" if place is not None else ""
        words = "No circle chosen" if row is None else f"Circle {row['id']}{where}"
        self.circle.show_circle(row, session.scheme, words, blind=self.review.blind)
