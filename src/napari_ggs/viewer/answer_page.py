"""The page of the answer: counts by section, slide and case, and how firm they are."""

from napari.components import ViewerModel
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_ggs.review.case_slides import WHOLE, CaseSlides, OtherSlide
from napari_ggs.review.conventions import conventions
from napari_ggs.review.count_rows import count_rows
from napari_ggs.review.crossing import reach
from napari_ggs.review.placing import Placing, in_one
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.audit_panel import AuditPanel
from napari_ggs.viewer.case_row import CaseRow
from napari_ggs.viewer.counts_table import CountsTable
from napari_ggs.viewer.crossing_panel import CrossingPanel
from napari_ggs.viewer.sections_layer import SectionsLayer
from napari_ggs.viewer.sections_panel import SectionsPanel
from napari_ggs.viewer.slide_review import SlideReview, unwrapped
from napari_ggs.viewer.slide_sections import SlideSections
from napari_ggs.viewer.style import MUTED, wrapped

SOON_MS = 60
"""The page follows the edits so much later: a burst of them is answered once."""
CUT = "Count glomeruli cut by the edge of the tissue"
CUT_TIP = "Whether circles that you assessed as cut are in the counts, in %GGS and in its interval."
ALONE = "The case has no other slide in this study: slides of one case name are added up."
COPY = "Ctrl+C copies the table, or what is selected of it."
BLIND = "You read blind to the model: only what you named is counted."


class AnswerPage(QScrollArea):
    """Shows the answer of a review in detail.

    Parameters
    ----------
    viewer : ViewerModel

    Attributes
    ----------
    counting_changed : Signal
        Emits when a person chose whether cut glomeruli count (`preferences.count_cut`).
    walking : Signal
        Emits when the review walks through the circles of an audit from now on.
    audited : Signal
        Emits what an audit found once the last of its circles is reviewed.
    """

    counting_changed = Signal()
    walking = Signal()
    audited = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = unwrapped(viewer)
        self.review: SlideReview | None = None
        self.sections: SlideSections | None = None
        self.layer: SectionsLayer | None = None
        self._placing = Placing(())
        self._case: CaseSlides | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        self._stale = False
        self._build()
        self.follow(None)

    def follow(self, review: SlideReview | None) -> None:
        """Show the answer of another review; None for none."""
        self._leave()
        self.review = review
        self.audit.follow(review)
        self.owner.follow(None if review is None else review.keeping)
        if review is not None:
            self._join(review)
        else:
            self.section_panel.follow(None, None)
        self._body.setEnabled(review is not None)
        self.refresh()

    def refresh(self) -> None:
        """Bring the page up to date: the audit at once, the rest once it is seen."""
        if self.review is not None and self.review.over:
            return
        self.audit.show_audit()
        self._stale = not self.isVisible()
        if self._stale:
            return
        if self.review is None:
            self.crossing.show_reach(None)
            self.counts.setRowCount(0)
            return
        self._show_counts(self.review)
        self._show_crossing(self.review)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Catch up."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def _build(self) -> None:
        self.counts, self.cut, self.owner = CountsTable(), QCheckBox(CUT), CaseRow()
        self.section_panel, self.crossing, self.audit = (
            SectionsPanel(),
            CrossingPanel(),
            AuditPanel(),
        )
        self.remark = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        self.cut.setToolTip(CUT_TIP)
        self.cut.setChecked(preferences.count_cut())
        self._body = QWidget()
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        for part in (self.counts, self.remark, self.owner, self.cut):
            layout.addWidget(part)
        for panel in (self.section_panel, self.crossing, self.audit):
            layout.addSpacing(8)
            layout.addWidget(panel)
        layout.addStretch(1)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.cut.toggled.connect(self._on_cut)
        for field in (self.owner.patient, self.owner.case):
            field.editingFinished.connect(self._refresh_soon)
        self.counts.renamed.connect(self._on_renamed)
        self.crossing.changed.connect(self.refresh)
        self.audit.walking.connect(self.walking)
        self.audit.ended.connect(self.audited)

    def _join(self, review: SlideReview) -> None:
        session, keeping = review.session, review.keeping
        session.changed.connect(self._refresh_soon)
        session.recorded.connect(self._refresh_soon)
        session.finished.connect(self._refresh_soon)
        review.layers.blinded.connect(self._refresh_soon)
        self.sections = SlideSections(review, self)
        self.sections.changed.connect(self._on_sections)
        self.layer = SectionsLayer(self._viewer, review.image, self.sections, self)
        self.section_panel.follow(self.sections, self.layer)
        self._placing = Placing(self.sections.sections or ())
        self.counts.lay_out(session.scheme)
        if keeping is not None:
            self._case = CaseSlides(keeping.store, keeping.slide, session.scheme)

    def _leave(self) -> None:
        self._soon.stop()
        self._case = None
        if self.review is None or self.layer is None or self.sections is None:
            return
        session = self.review.session
        session.changed.disconnect(self._refresh_soon)
        session.recorded.disconnect(self._refresh_soon)
        session.finished.disconnect(self._refresh_soon)
        self.review.layers.blinded.disconnect(self._refresh_soon)
        self.layer.remove()
        self.layer.deleteLater()
        self.sections.deleteLater()
        self.layer = self.sections = None

    def _refresh_soon(self) -> None:
        self._soon.start()

    def _on_sections(self) -> None:
        assert self.sections is not None
        self._placing = Placing(self.sections.sections or ())
        self.refresh()

    def _on_cut(self, count: bool) -> None:
        preferences.set_count_cut(count)
        self.counting_changed.emit()
        self.refresh()

    def _on_renamed(self, old: str, new: str) -> None:
        sections = self.sections
        assert sections is not None
        attempt(lambda: sections.rename(old, new))

    def _show_counts(self, review: SlideReview) -> None:
        assert self.sections is not None
        session, sections = review.session, self.sections.sections
        table, names = in_one(session.everything, WHOLE), [WHOLE]
        if sections is not None:
            table, names = self._placing.placed(table), [one.name for one in sections]
        if review.layers.blind:
            table = table[table["label"] != ""]
        count_cut = preferences.count_cut()
        found = conventions(table, session.scheme, session.thresholds, names, count_cut=count_cut)
        others = self._others(review, count_cut)
        self.counts.show_rows(count_rows(found, sections or (), others, session.scheme))
        alone = ALONE if self._case is not None and not others else ""
        self.remark.setText(BLIND if review.layers.blind else f"{alone} {COPY}".strip())

    def _others(self, review: SlideReview, count_cut: bool) -> list[OtherSlide]:
        if self._case is None or review.layers.blind:
            return []
        return self._case.others(review.session.who, count_cut=count_cut)

    def _show_crossing(self, review: SlideReview) -> None:
        session = review.session
        found = reach(
            session.everything,
            session.scheme,
            session.thresholds,
            preferences.threshold(),
            count_cut=preferences.count_cut(),
        )
        self.crossing.show_reach(found.without_interval() if review.layers.blind else found)
