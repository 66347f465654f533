"""The page of what leaves the study: tables, annotations and patches, as a reader left them."""

from html import escape
from pathlib import Path

from napari.components import ViewerModel
from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices, QShowEvent
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.review.export_study import Wanted
from napari_ggs.review.readings import readers
from napari_ggs.store import StoredSlide
from napari_ggs.store.pseudonyms import Names, key_path
from napari_ggs.viewer.export_form import ExportForm
from napari_ggs.viewer.export_messages import Order, Outcome
from napari_ggs.viewer.exporting import Exporter
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.message_card import MessageCard
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import ACCENT, BAR, MUTED, STOP, button_style, wrapped

EXPORT, CANCEL = "Export", "Stop"
EXPORT_TIP = "Writes what is ticked, from the study on disk; the review goes on meanwhile."
CANCEL_TIP = "Ends the export; files that are complete stay."
NOTHING = "Nothing to export yet: open a slide and press Detect & Classify."
NOT_KEPT = "The edits of this slide are not kept in a study, so there is nothing to export."
REPLACES = (
    "What an earlier export wrote of the same slides in that folder is replaced; other files stay "
    "as they are."
)
SHOWN = 8
"""Lines of the outcome; the rest is counted."""


class ExportPage(QWidget):
    """Choose what, whose and where; one button; then what was written.

    The study's file is read, where every edit is, by the functions of ``napari-ggs study review``.

    Parameters
    ----------
    viewer : ViewerModel
    """

    def __init__(self, viewer: ViewerModel) -> None:  # noqa: ARG002  as all pages are made
        super().__init__()
        self._review: SlideReview | None = None
        self._exporter = Exporter()
        self.form = ExportForm()
        self.button, self.open = QPushButton(EXPORT), QPushButton("Open folder")
        self.open.setToolTip("Shows what was written, in the file manager.")
        self.progress, self.outcome = QProgressBar(), MessageCard()
        self.progress.setStyleSheet(BAR)
        self._outcomes: list[Outcome] = []
        self._folder: Path | None = None
        self._running = False
        self._lay_out()
        self.form.changed.connect(self._offer)
        self.button.clicked.connect(self._on_button)
        self.open.clicked.connect(self._on_open)
        self._exporter.stepped.connect(self._on_step)
        self._exporter.ended.connect(self._on_ended)
        self._show()

    def _lay_out(self) -> None:
        self.hint = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(8)
        for part in (self.form, self.button, self.hint, self.progress, self.outcome, self.open):
            layout.addWidget(part)
        layout.addStretch(1)

    def follow(self, review: SlideReview | None) -> None:
        """Export a review from now on."""
        self._review = review
        self.form.leica.setChecked(
            review is not None and review.slide.path.suffix.lower() == ".scn"
        )
        self._offer()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look anew who has said what so far."""
        super().showEvent(event)
        self._offer()

    @property
    def _keeping(self) -> Keeping | None:
        return None if self._review is None else self._review.keeping

    def _slides(self) -> list[StoredSlide]:
        """The slides that are chosen."""
        keeping = self._keeping
        assert keeping is not None
        everything = bool(self.form.slides.currentData())
        return [s for s in keeping.store.slides() if everything or s.id == keeping.slide]

    def _on_button(self) -> None:
        if self._running:
            self._exporter.stop()
            return
        try:
            order = self._order()
        except (UserError, OSError) as fault:
            self.outcome.say(str(fault), good=False)
            return
        self._begin(order)

    def _order(self) -> Order:
        """What is wanted, as the form says it."""
        keeping, review, form = self._keeping, self._review, self.form
        assert keeping is not None
        assert review is not None
        wanted = Wanted(
            out=form.chosen_folder(),
            names=Names.of(keeping.store.path, form.names.isChecked()),
            tables=form.chosen_tables(),
            leica=form.leica.isChecked(),
            patches="png" if form.patches.isChecked() else None,
            slides=(review.slide.path.parent,),
            reviewer=form.labels.currentData(),
        )
        fingerprints = tuple(slide.fingerprint for slide in self._slides())
        return Order(keeping.store.path, fingerprints, wanted)

    def _begin(self, order: Order) -> None:
        self._running, self._outcomes, self._folder = True, [], order.wanted.out
        self.progress.setRange(0, len(order.slides))
        self.progress.setValue(0)
        self.progress.setFormat("%v of %m slides" if len(order.slides) > 1 else "Writing …")
        self.outcome.say("")
        self._show()
        self._exporter.start(order)

    def _on_step(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self.progress.setValue(len(self._outcomes))

    def _on_ended(self, fault: str) -> None:
        self._running = False
        written = [outcome for outcome in self._outcomes if outcome.written]
        faults = [outcome.fault for outcome in self._outcomes if outcome.fault]
        faults = list(dict.fromkeys([*faults, fault] if fault else faults))
        lines = [f"{outcome.slide}: {outcome.written}" for outcome in written]
        texts = _few([escape(line) for line in lines]), _few([escape(line) for line in faults])
        title = [f"<b>Written to {escape(str(self._folder))}:</b>"] if written else []
        self.outcome.say("<br>".join([*title, *texts[0], *texts[1]]), good=not faults)
        self._show()

    def _on_open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))

    def _show(self) -> None:
        """Make every part show what can be done now."""
        words = NOTHING if self._review is None else NOT_KEPT if self._keeping is None else ""
        missing = "" if self._running else words or self.form.missing()
        self.form.setEnabled(not words and not self._running)
        self.button.setText(CANCEL if self._running else EXPORT)
        self.button.setStyleSheet(button_style(STOP if self._running else ACCENT))
        self.button.setEnabled(not missing)
        self.button.setToolTip(missing or (CANCEL_TIP if self._running else EXPORT_TIP))
        self.hint.setText(missing or REPLACES)
        self.progress.setVisible(self._running)
        self.open.setVisible(any(outcome.written for outcome in self._outcomes))

    def _offer(self) -> None:
        """Offer what the study has now."""
        keeping = self._keeping
        if keeping is not None and self.isVisible():
            store = keeping.store
            self.form.offer_slides(len(store.slides()))
            standing = [store.standing_run(slide.id) for slide in self._slides()]
            said = {who for run in standing if run for who in readers(store.events(run.id))}
            self.form.offer_labels(keeping.who, sorted(said))
            self.form.explain(key_path(store.path).name)
        self._show()


def _few(lines: list[str]) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"… and {more} more"] if more > 0 else lines
