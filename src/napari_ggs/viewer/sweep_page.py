"""The sweep: all tissue of a slide, field by field, to find glomeruli that were missed."""

from collections.abc import Callable

import napari.viewer
from qtpy.compat import isalive
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_ggs.review.sweep import Sweep
from napari_ggs.slides import Slide
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.camera import sees, show_field
from napari_ggs.viewer.field_outline import FieldOutline
from napari_ggs.viewer.review_keys import Key
from napari_ggs.viewer.slide_review import SlideReview, unwrapped
from napari_ggs.viewer.survey import Survey, Surveyor
from napari_ggs.viewer.sweep_panel import BACK, ON, SweepPanel
from napari_ggs.viewer.swept import keep_swept, swept

NO_REVIEW = "Nothing to sweep yet: open a slide, then run “Detect & Classify”."
SEARCHING = "Looking for the tissue …"
NO_TISSUE = (
    "No tissue was found on this slide, so there is nothing to sweep. If you see tissue, it is "
    "too pale or too small to be found: look through the slide by hand."
)
NOT_KEPT = "Not kept on disk: where you looked is forgotten when the slide is closed."


class SweepPage(QWidget):
    """Goes through the fields of a slide and keeps where the reader has looked.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer

    Attributes
    ----------
    panel : SweepPanel
    keys : list of Key
        They do nothing while the page is hidden: a slip of the hand marks no field.
    """

    def __init__(
        self, napari_viewer: "napari.viewer.Viewer", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer = unwrapped(napari_viewer)
        self._review: SlideReview | None = None
        self._survey: Survey | None = None
        self._fault = ""
        self._camera = self._viewer.scene.camera.events
        self._outline = FieldOutline(self._viewer)
        self._surveyor, self.panel = Surveyor(), SweepPanel()
        self.keys = [
            Key(ON, "looked at, next field of the sweep", self._if_shown(self.go_on)),
            Key(BACK, "field of the sweep before", self._if_shown(self.go_back)),
        ]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self._surveyor.ended.connect(self._on_ended)
        self.panel.map.chosen.connect(self.visit)
        self.panel.on.clicked.connect(lambda: attempt(self.go_on))
        self.panel.back.clicked.connect(self.go_back)
        self._show()

    @property
    def sweep(self) -> Sweep | None:
        """Where one is; None until the tissue is found."""
        return None if self._survey is None else self._survey.sweep

    def follow(self, review: SlideReview | None) -> None:
        """Sweep the slide of a review."""
        self._review, self._survey, self._fault = review, None, ""
        self.panel.map.show_survey(None)
        self._search()
        self._show()

    def refresh(self) -> None:
        """Take in who reads now, and what was kept since."""
        review, sweep = self._review, self.sweep
        if review is not None and review.over:
            return
        if review is not None and sweep is not None:
            attempt(lambda: sweep.take(swept(review)))
        self._show()

    def go_on(self) -> None:
        """Keep that the field at hand was looked at, and go to the next one that was not.

        A field that is out of sight is gone to first.

        Raises
        ------
        StoreError
            If it cannot be kept; it stays at hand then.
        """
        review, sweep = self._review, self.sweep
        if review is None or sweep is None:
            return
        if not self._in_sight():
            self.visit(sweep.current)
            return
        if sweep.current is not None and not sweep.covered[sweep.current]:
            keep_swept(review, sweep.fields[sweep.current])
        sweep.take(swept(review))
        self.visit(sweep.next_left())

    def go_back(self) -> None:
        """Look at the field before once more."""
        if self.sweep is not None and (before := self.sweep.before()) is not None:
            self.visit(before)

    def visit(self, place: int | None) -> None:
        """Look at a field; at none once all were looked at."""
        assert self._review is not None
        assert self.sweep is not None
        self.sweep.current = place
        if place is not None:
            show_field(self._viewer, self._review.image, self.sweep.fields[place])
        self._show()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look for the tissue only once somebody wants to sweep."""
        super().showEvent(event)
        self._camera.connect(self._show_buttons)
        self._search()
        self.refresh()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Leave the canvas as it was."""
        super().hideEvent(event)
        self._camera.disconnect(self._show_buttons)
        self._outline.hide()

    def _search(self) -> None:
        if self._review is not None and self._survey is None and self.isVisible():
            self._surveyor.start(self._review.slide)

    def _on_ended(self, slide: Slide, found: Survey | str) -> None:
        if self._review is None or slide is not self._review.slide:
            return
        if isinstance(found, str):
            self._fault = found
        else:
            self._survey = found
            self.panel.map.show_survey(found)
        self.refresh()

    def _if_shown(self, act: Callable[[], None]) -> Callable[[], None]:
        return lambda: act() if isalive(self) and self.isVisible() else None

    def _in_sight(self) -> bool:
        """Whether the canvas shows the field at hand; it does if there is none."""
        if self._review is None or self.sweep is None or self.sweep.current is None:
            return True
        field = self.sweep.fields[self.sweep.current]
        return sees(self._viewer, self._review.image, field)

    def _show(self) -> None:
        review, sweep = self._review, self.sweep
        who = "" if review is None else review.session.who
        self.panel.show_sweep(sweep, who, self._notice())
        self._show_buttons()
        if review and sweep and sweep.current is not None and self.isVisible():
            self._outline.show(review.image, sweep.fields[sweep.current])
        else:
            self._outline.hide()

    def _show_buttons(self) -> None:
        self.panel.show_buttons(self.sweep, self._in_sight())

    def _notice(self) -> str:
        """What the reader must know."""
        if self._review is None:
            return NO_REVIEW
        if self.sweep is None:
            return self._fault or SEARCHING
        if not self.sweep.fields:
            return NO_TISSUE
        return NOT_KEPT if self._review.keeping is None else ""
