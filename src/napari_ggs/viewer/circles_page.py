"""The circles of a review one by one: order and filters, gallery, the circle at hand."""

from collections.abc import Callable, Iterable
from functools import partial

import pandas as pd
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ggs.review import Change
from napari_ggs.review.actions import Actions
from napari_ggs.review.comparison import left_to_read
from napari_ggs.review.queue import rank
from napari_ggs.review.session import HIDDEN
from napari_ggs.store import Event
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import CirclePanel, act_button, hint
from napari_ggs.viewer.circle_words import words_of, words_of_several
from napari_ggs.viewer.filter_row import TEACHING, FilterRow
from napari_ggs.viewer.gallery import Gallery
from napari_ggs.viewer.list_end import ListEnd
from napari_ggs.viewer.look_alikes import LookAlikes
from napari_ggs.viewer.next_slide import NextSlide
from napari_ggs.viewer.review_keys import DRAW
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import ACCENT, button_style, scrolling

SOON_MS = 300
"""Circles that appear while a run goes on come to the gallery so much later, many at once."""
CONFIRM_TIP = "Space: the class is right; keeps that under your name, and goes on."
HINT = (
    "Click a circle in the slide or a picture here. Hold Tab to see the tissue without circles; "
    "Ctrl + drag draws a circle; drag a selected one to move it, its rim to resize it."
)


class CirclesPage(QWidget):
    """A gallery to choose from, and what can be said of the circle that is chosen.

    Attributes
    ----------
    end : ListEnd
        What to do next, where the list ends.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self._fresh: set[int] = set()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._take_in)
        self.filters, self.gallery, self.circle = FilterRow(), Gallery(), CirclePanel()
        self.confirm = QPushButton("Confirm and go on  [Space]")
        self.confirm.setStyleSheet(button_style(ACCENT))
        self.confirm.setToolTip(CONFIRM_TIP)
        self.confirm.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.end, self.alike, self.next = ListEnd(), LookAlikes(), NextSlide()
        self._lay_out()
        self.filters.changed.connect(self.sort)
        self.alike.changed.connect(self.sort)
        self.next.chosen.connect(self.sort)
        self.gallery.clicked.connect(lambda _: self._on_clicked())
        self.circle.labelled.connect(self._on_labelled)
        self.circle.noted.connect(self._on_noted)
        self.circle.note.returnPressed.connect(self.gallery.setFocus)
        self.confirm.clicked.connect(self._on_confirm)
        self.end.resting.connect(self._on_rest)

    def follow(self, review: SlideReview | None) -> None:
        """Show the circles of a review."""
        self._leave()
        self._review = review
        self.gallery.follow(review)
        self.alike.follow(review)
        self.next.follow(review)
        if review is not None:
            self._join(review)
        self._show_circle()
        self.setEnabled(review is not None)

    def _lay_out(self) -> None:
        """All scrolls where the window is low, but for the button that is wanted most."""
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(6, 4, 6, 0)
        inner.addWidget(self.filters)
        inner.addWidget(self.next)
        inner.addWidget(self.alike)
        inner.addWidget(self.gallery, 1)
        inner.addWidget(self.circle)
        inner.addWidget(hint(HINT))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.addWidget(scrolling(body), 1)
        layout.addWidget(self.end)
        layout.addWidget(self.confirm)

    def sort(self) -> None:
        """Order the circles anew; stay at the one at hand."""
        if self._review is None:
            return
        self._review.walk.set_order(self._wanted())

    def _wanted(self) -> list[int]:
        """The circles that the filters let through, in the order that is chosen."""
        assert self._review is not None
        table = self._review.session.table
        let = self.filters.filter().rows(table, self._review.session.scheme)
        return [int(h) for h in self._ranked(table) if let[h]]

    def _ranked(self, table: pd.DataFrame) -> Iterable[int]:
        """Handles in the order that is chosen."""
        assert self._review is not None
        session, by = self._review.session, self.filters.by()
        self.next.offer(by == TEACHING)
        if by == TEACHING:
            order = self.alike.teaching(table)
            shown = set(order)
            first = [handle for handle in self.next.first(table) if handle in shown]
            return dict.fromkeys([*first, *order])
        count_cut = preferences.count_cut()
        return rank(table, session.scheme, session.thresholds, by, count_cut=count_cut)

    def say_next(self, found: str = "") -> None:
        """Say what is to be done at the end of a list, below what came of it."""
        if self._review is not None:
            session = self._review.session
            self.end.say(left_to_read(session.table, session.thresholds), found)

    def _leave(self) -> None:
        if self._review is None:
            return
        session, walk = self._review.session, self._review.walk
        session.changed.disconnect(self._on_changed)
        session.recorded.disconnect(self._on_recorded)
        session.finished.disconnect(self.sort)
        self._review.layers.blinded.disconnect(self._on_blinded)
        walk.moved.disconnect(self._on_moved)
        walk.ordered.disconnect(self._on_ordered)
        walk.ended.disconnect(self.say_next)
        self._review.layers.chosen.disconnect(self._on_chosen)
        self._review.picker.toggled.disconnect(self._on_drawing)

    def _join(self, review: SlideReview) -> None:
        session, walk = review.session, review.walk
        session.changed.connect(self._on_changed)
        session.recorded.connect(self._on_recorded)
        session.finished.connect(self.sort)
        walk.moved.connect(self._on_moved)
        walk.ordered.connect(self._on_ordered)
        walk.ended.connect(self.say_next)
        review.picker.toggled.connect(self._on_drawing)
        self.circle.lay_out(session.scheme)
        self.filters.lay_out(session.scheme)
        self._lay_out_acts(review)
        review.layers.blinded.connect(self._on_blinded)
        review.layers.chosen.connect(self._on_chosen)
        self._on_blinded(review.blind)
        self.sort()

    def _lay_out_acts(self, review: SlideReview) -> None:
        """Give each key of the review a button."""
        self.circle.forget_acts()
        for key in review.keys.keys:
            if key.short:
                button = act_button(key.short, key.cap, key.words)
                button.clicked.connect(partial(attempt, key.act))
                button.clicked.connect(self._show_circle)
                self.circle.add_act(button, key.short)
                if key.key == DRAW:
                    button.setCheckable(True)
                    self.draw = button

    def _act(self, act: Callable[[Actions], None]) -> bool:
        if self._review is None:
            return False
        actions = self._review.actions
        return attempt(lambda: act(actions))

    def _on_noted(self, text: str) -> None:
        if not self._act(lambda actions: actions.note(text)):
            self.circle.refuse_note()

    def _on_rest(self) -> None:
        """Begin with the first circle that is not reviewed."""
        self.filters.show_unreviewed()
        if self._review is not None:
            self._review.walk.go(None)
            self._review.walk.next()

    def _on_drawing(self, drawing: bool) -> None:
        self.draw.setChecked(drawing)

    def _on_confirm(self) -> None:
        if self._review is not None:
            attempt(self._review.confirm)

    def _on_blinded(self, blind: bool) -> None:
        self.filters.set_blind(blind)
        self.confirm.setVisible(not blind)
        self._show_circle()

    def _on_labelled(self, name: str) -> None:
        self._act(lambda actions: actions.label(name))
        self._show_circle()

    def _on_clicked(self) -> None:
        chosen = self.gallery.chosen()
        assert self._review is not None
        if len(chosen) == 1:
            self._review.walk.visit(chosen[0])
            return
        self._review.layers.choose(chosen)

    def _on_changed(self, change: Change) -> None:
        self.gallery.circles.touch([int(handle) for handle in change.handles])
        appeared = (change.before == HIDDEN) & (change.after != HIDDEN)
        self._fresh.update(int(handle) for handle in change.handles[appeared])
        if self._fresh and not self._soon.isActive():
            self._soon.start()

    def _take_in(self) -> None:
        """Circles that came while one reviews go to the end of the order."""
        fresh, self._fresh = self._fresh, set()
        if self._review is None or self._review.over:
            return
        walk = self._review.walk
        new = [h for h in self._wanted() if h in fresh and walk.place(h) is None]
        if new:
            walk.set_order((*walk.order, *new))

    def _on_chosen(self, handles: list[int]) -> None:
        if len(handles) > 1:
            self.gallery.mark(handles)
        elif handles and len(self.gallery.chosen()) > 1:
            self.gallery.come_to(handles[0])
        self._show_circle()

    def _on_recorded(self, event: Event) -> None:
        self.gallery.circles.touch([change.handle for change in event.changes])
        self._show_circle()

    def _on_moved(self, handle: int | None) -> None:
        self.end.hide()
        assert self._review is not None
        chosen = [int(one) for one in self._review.layers.selected()]
        if len(chosen) > 1 and handle in chosen:
            self.gallery.mark(chosen)  # a key acts on all of them still
        else:
            self.gallery.come_to(handle)
        self._show_circle()

    def _on_ordered(self) -> None:
        assert self._review is not None
        self.end.hide()
        self.gallery.circles.show(self._review.walk.order)
        self._let_go(self._review)
        self.gallery.come_to(self._review.walk.current)
        self._show_circle()

    @staticmethod
    def _let_go(review: SlideReview) -> None:
        """End a selection of several: another order may not show all of them together."""
        at = review.walk.current
        if len(review.layers.selected()) > 1:
            review.layers.select([] if at is None else [at])

    def _show_circle(self, *_: object) -> None:
        if self._review is None:
            return
        session, walk = self._review.session, self._review.walk
        handle, place = walk.current, walk.place(walk.current)
        chosen, row = self._review.layers.selected(), None
        if len(chosen) < 2 and handle is not None and session.knows(handle):
            row = session.rows([handle]).iloc[0]
        words = words_of(row, session.scheme, place, len(walk.order))
        words = words_of_several(len(chosen)) if len(chosen) > 1 else words
        self.circle.show_circle(row, session.scheme, words, blind=self._review.blind)
