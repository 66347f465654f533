"""The Review dock: the answer at the top, what one does to it on pages below."""

import napari.viewer
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QFrame, QTabWidget, QVBoxLayout

from napari_ggs.review.answer import answer
from napari_ggs.review.comparison import judged, left_to_read
from napari_ggs.store import StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.viewer import preferences
from napari_ggs.viewer.answer_page import AnswerPage
from napari_ggs.viewer.answer_panel import AnswerPanel
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circles_page import CirclesPage
from napari_ggs.viewer.export_page import ExportPage
from napari_ggs.viewer.extent import extent_of
from napari_ggs.viewer.hold_to_hide import HoldToHide
from napari_ggs.viewer.readers_page import ReadersPage
from napari_ggs.viewer.reopening import reopen
from napari_ggs.viewer.review_footer import ReviewFooter
from napari_ggs.viewer.review_keys import Key
from napari_ggs.viewer.slide_review import SlideReview, unwrapped
from napari_ggs.viewer.style import scrolling
from napari_ggs.viewer.sweep_page import SweepPage

SOON_MS = 60
"""The answer follows the edits so much later: a burst of them is answered once."""
WIDTH = 384


class ReviewDock(QFrame):
    """Headline, pages, footer, over the review of one slide.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
    """

    def __init__(self, napari_viewer: "napari.viewer.Viewer") -> None:
        super().__init__()
        self._viewer = unwrapped(napari_viewer)
        self.review: SlideReview | None = None
        self._keys: dict[QKeySequence, Key] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._show_answer)
        self._build()
        for layer in self._viewer.layers:
            reopen(self._viewer, layer)
        layers = self._viewer.layers
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

    def _build(self) -> None:
        self.answer, self.footer = AnswerPanel(), ReviewFooter()
        self.circles, self.sweep = CirclesPage(), SweepPage(self._viewer)
        self.details, self.readers = AnswerPage(self._viewer), ReadersPage()
        self.export = ExportPage(self._viewer)
        self._pages = {
            "Circles": self.circles,
            "Sweep": scrolling(self.sweep),
            "Answer": self.details,
            "Readers": scrolling(self.readers),
            "Export": scrolling(self.export),
        }
        self.pages = QTabWidget()
        for title, page in self._pages.items():
            self.pages.addTab(page, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(7)
        layout.addWidget(self.answer)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.footer)
        self.setMinimumWidth(WIDTH)
        self.circles.gallery.installEventFilter(self)
        self._hold = HoldToHide(self._hide, self, self.circles.gallery)
        self.footer.read_by.connect(self._on_reader)
        self.details.walking.connect(lambda: self.pages.setCurrentIndex(0))
        self.details.audited.connect(self.circles.say_next)
        self.circles.end.sweeping.connect(lambda: self.pages.setCurrentIndex(1))
        self.details.counting_changed.connect(self._on_counting)
        self.circles.next.opening.connect(self._open)

    def _open(self, slide: StoredSlide) -> None:
        """Go to a slide of the study, which may be open already."""
        for layer in self._viewer.layers:
            if getattr(layer.metadata.get("slide"), "fingerprint", "") == slide.fingerprint:
                self._viewer.layers.selection.active = layer
                return
        if attempt(lambda: open_stored(slide).close()):
            self._viewer.open(slide.path, plugin="napari-ggs")

    def _look_around_soon(self) -> None:
        QTimer.singleShot(0, self.look_around)  # the review is made after its layers

    def _follow(self, review: SlideReview | None) -> None:
        if review is self.review is not None:
            return
        self._leave()
        self.review = review
        if review is not None:
            self._join(review)
        parts = self.circles, self.sweep, self.details, self.readers, self.export, self.footer
        for part in parts:
            part.follow(review)
        self._show_answer()

    def _leave(self) -> None:
        self._keys.clear()
        if self.review is not None:
            self.review.session.changed.disconnect(self._answer_soon)
            self.review.session.recorded.disconnect(self._answer_soon)
            self.review.session.finished.disconnect(self._answer_soon)
            self.review.layers.blinded.disconnect(self._answer_soon)
            self.review.keys.borrow([])

    def _join(self, review: SlideReview) -> None:
        review.session.changed.connect(self._answer_soon)
        review.session.recorded.connect(self._answer_soon)
        review.session.finished.connect(self._answer_soon)
        review.layers.blinded.connect(self._answer_soon)
        mine = [*self.sweep.keys, *self.circles.alike.keys]
        review.keys.borrow(mine)
        self._keys = {QKeySequence(k.in_qt): k for k in (*review.keys.keys, *mine)}

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

    def _hide(self, held: bool) -> None:
        if self.review is not None and not self.review.over:
            self.review.layers.hide(held)

    def _answer_soon(self, _: object = None) -> None:
        self._soon.start()

    def _on_reader(self, _: str) -> None:
        """Begin again for the person who reads now."""
        if self.review is not None:
            self.review.walk.go(None)
            self.review.layers.select([])
        self.circles.sort()
        self.circles.gallery.setFocus()
        self.sweep.refresh()
        self.details.refresh()
        self.readers.follow(self.review)
        self._answer_soon(None)

    def _on_counting(self) -> None:
        self.circles.sort()
        self._show_answer()

    def _show_answer(self) -> None:
        if self.review is None or not len(self.review.session.table):
            self.answer.show_answer(None)
            return
        session = self.review.session
        table, left = session.everything, None
        if self.review.blind:
            table, left = judged(table), left_to_read(session.table, session.thresholds)
        count_cut = preferences.count_cut()
        said = answer(table, session.scheme, session.thresholds, count_cut=count_cut)
        self.answer.show_answer(said, left, extent_of(self.review))
