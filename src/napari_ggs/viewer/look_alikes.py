"""Look-alikes of a circle in the gallery, and the order by what teaches the model most."""

from collections.abc import Callable

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.review.expectations import put_aside
from napari_ggs.review.look_alikes import look_alikes
from napari_ggs.review.queue import rank
from napari_ggs.training.next_labels import teaching_order
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import act_button, row_of
from napari_ggs.viewer.review_keys import Key
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import BAR, MUTED, wrapped

FIND, LEAVE = "Look-alikes", "All circles"
FIND_TIP = (
    "Show the circles that the classifier finds most like the one at hand, labelled ones too, the "
    "most alike first."
)
BLIND = (
    "Look-alikes are what the model finds alike, and so tell what it would call them: not while "
    "you are blind to the model."
)
HOW = "Ctrl or Shift + click, or Ctrl+A, select several: a class key names all."
LEAVE_TIP = "Show all circles again, in the order chosen above."
LOOKING = "The classifier looks at the circles once: %v of %m"


class LookAlikes(QWidget):
    """A line over the gallery: a button, what is shown, and the way back.

    Attributes
    ----------
    keys : list of Key
    changed : Signal
        Emits when the circles are to be ordered anew.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self._order: tuple[int, ...] | None = None
        self._then: Callable[[], object] | None = None
        self.keys = [
            Key("K", "look-alikes of the circle at hand", self.find_alike),
            Key("Escape", "all circles again", self.leave),
        ]
        self.look, self.back = act_button(FIND, "K", FIND_TIP), act_button(LEAVE, "Esc", LEAVE_TIP)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Ends the search; the list stays as it is.")
        self.stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.progress, self.words = (
            QProgressBar(),
            wrapped(style=f"color: {MUTED}; font-size: 11px;"),
        )
        self.progress.setStyleSheet(BAR)
        self.progress.setFormat(LOOKING)
        self._lay_out()
        self.look.clicked.connect(lambda _: attempt(self.find_alike))
        self.back.clicked.connect(lambda _: self.leave())
        self.stop.clicked.connect(lambda _: self._stop())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(row_of(self.look, self.back))
        layout.addLayout(row_of(self.progress, self.stop))
        layout.addWidget(self.words)
        self._show()

    def follow(self, review: SlideReview | None) -> None:
        """Look for circles of this review from now on."""
        if self._review is not None:
            self._leave(self._review)
        self._review, self._order, self._then = review, None, None
        if review is not None:
            review.walk.ordered.connect(self._on_ordered)
            review.layers.blinded.connect(self._on_blinded)
            review.embeddings.stepped.connect(self._on_step)
            review.embeddings.ended.connect(self._on_ended)
        self._say("")

    def _leave(self, review: SlideReview) -> None:
        review.walk.ordered.disconnect(self._on_ordered)
        review.layers.blinded.disconnect(self._on_blinded)
        review.embeddings.stepped.disconnect(self._on_step)
        review.embeddings.ended.disconnect(self._on_ended)
        review.embeddings.stop()

    @property
    def shown(self) -> bool:
        """Whether look-alikes are shown, and not all circles."""
        return self._order is not None

    def find_alike(self) -> None:
        """Show the look-alikes of the circle at hand, as soon as the model has looked at all.

        Raises
        ------
        UserError
            If not one circle is at hand, the reader is blind to the model, or the model is gone.
        """
        if self._review is None:
            return
        if self._review.blind:
            raise UserError(BLIND)
        chosen = self._review.actions.handles
        if len(chosen) != 1:
            raise UserError(f"Choose one circle to see what looks like it, not {len(chosen)}.")
        self._find(chosen[0])

    def leave(self) -> None:
        """Show all circles again, with none selected but the one at hand."""
        pending, self._then = self._then is not None, None
        if self._review is None or not (self.shown or pending):
            return
        self._order, at = None, self._review.walk.current
        self._say("")
        self.changed.emit()
        self._review.layers.select([] if at is None else [at])

    def teaching(self, table: pd.DataFrame) -> list[int]:
        """Order circles by what their labels would teach the model; by entropy until it is known.

        Parameters
        ----------
        table : DataFrame
            Of a review.
        """
        assert self._review is not None
        session, count_cut = self._review.session, preferences.count_cut()
        ranked = rank(table, session.scheme, session.thresholds, "entropy", count_cut=count_cut)
        circles = table.loc[ranked]
        if not (len(circles) and attempt(lambda: self._begin(circles, self.changed.emit))):
            return ranked.tolist()
        if not self._complete(circles):
            return ranked.tolist()
        readable, features, probabilities = self._review.embeddings.of(circles)
        done = (circles["label"] != "").to_numpy() | put_aside(circles, count_cut)
        order = teaching_order(features, probabilities, done[readable])
        return [*ranked[readable][order].tolist(), *ranked[~readable].tolist()]

    def _find(self, handle: int) -> None:
        """Let the walk go through the look-alikes of a circle."""
        assert self._review is not None
        table = self._table()
        if handle not in table.index:
            raise UserError("This circle is not shown, so nothing is looked for that is like it.")
        self._begin(table, lambda: self._find(handle))
        if not self._complete(table):
            return
        readable, features, _ = self._review.embeddings.of(table)
        known = table.index[readable].tolist()
        if handle not in known:
            raise UserError("Some pixels of this circle cannot be read: nothing is like it.")
        self._order = tuple(known[i] for i in look_alikes(features, known.index(handle)))
        self._review.walk.set_order(self._order)
        number = int(table["id"][handle])
        self._say(f"<b>Like circle {number}</b>, the most alike first. {HOW}")

    def _table(self) -> pd.DataFrame:
        """All circles that are shown."""
        assert self._review is not None
        session = self._review.session
        table = session.table
        return table.loc[rank(table, session.scheme, session.thresholds, "place")]

    def _complete(self, table: pd.DataFrame) -> bool:
        assert self._review is not None
        return self._review.embeddings.complete(table, self._review.mpp)

    def _begin(self, table: pd.DataFrame, then: Callable[[], object]) -> None:
        """Let the model look at circles, if it has not, and do something then."""
        assert self._review is not None
        self._then = None
        if not self._complete(table):
            self._then = then
            self.words.clear()
            self._review.embeddings.begin(table, self._review.mpp)
            self._on_step(0, len(table))

    def _stop(self) -> None:
        assert self._review is not None
        self._review.embeddings.stop()

    def _on_ordered(self) -> None:
        """Somebody gave the walk another order: that is shown now."""
        assert self._review is not None
        if self.shown and self._order != self._review.walk.order:
            self._order = None
            self._say("")

    def _on_blinded(self, blind: bool) -> None:
        if blind:
            self._stop()
            self.leave()
        self._show()

    def _on_step(self, done: int, total: int) -> None:
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self._show()

    def _on_ended(self, fault: str) -> None:
        then, self._then = self._then, None
        self._say(fault)
        if then is not None and not fault:
            attempt(then)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self._show()

    def _show(self) -> None:
        """Make every part show what can be done now."""
        running = self._review is not None and self._review.embeddings.running
        blind = self._review is not None and self._review.blind
        self.look.setVisible(not running)
        self.look.setEnabled(not blind)
        self.look.setToolTip(BLIND if blind else FIND_TIP)
        self.back.setVisible(self.shown)
        for part in (self.progress, self.stop):
            part.setVisible(running)
        self.words.setVisible(bool(self.words.text()))
