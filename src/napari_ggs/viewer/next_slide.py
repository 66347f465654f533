"""Which slide of the study to label next: chosen over all slides, one button opens it."""

from html import escape
from pathlib import Path

import pandas as pd
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ggs.store import StoredSlide
from napari_ggs.training.next_list import NextList
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.command import Command
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import MUTED, wrapped

CHOOSE, STOP, OPEN = "Choose over all slides", "Stop", "Open it"
CHOOSE_TIP = (
    "The model in use looks at the circles of all slides of the study and chooses 200 that are to "
    "be labelled first. You can go on meanwhile."
)
OPEN_TIP = "Opens the next slide that has circles of the list."
CHOOSING = "The model looks at the circles of all slides of the study …"
DONE = "No other slide has circles of the list left."


def list_path(study: Path) -> Path:
    """Where the list of a study is: ``trial.ggs.next.csv``."""
    return study.with_name(f"{study.name}.next.csv")


class NextSlide(QWidget):
    """A button, and a line that names the next slide; there while circles come in that order.

    Attributes
    ----------
    opening : Signal
        Emits the `StoredSlide` that is to be opened.
    chosen : Signal
        Emits when there is a new list.
    """

    opening = Signal(object)
    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self._list: NextList | None = None
        self._next: StoredSlide | None = None
        self._command = Command(self)
        self._command.ended.connect(self._on_ended)
        self.choose, self.open = QPushButton(CHOOSE), QPushButton(OPEN)
        self.choose.setToolTip(CHOOSE_TIP)
        self.open.setToolTip(OPEN_TIP)
        self.words = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        for button in (self.choose, self.open):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(row_of(self.choose, self.open))
        layout.addWidget(self.words)
        self.choose.clicked.connect(lambda _: self._on_choose())
        self.open.clicked.connect(lambda _: self.opening.emit(self._next))
        self.hide()

    @property
    def _keeping(self) -> Keeping | None:
        return None if self._review is None else self._review.keeping

    def follow(self, review: SlideReview | None) -> None:
        """Stand over the circles of a review, with the list of its study if there is one."""
        self._review, self._list = review, None
        keeping = self._keeping
        if keeping is not None and (path := list_path(keeping.store.path)).is_file():
            attempt(lambda: self._read(path))

    def offer(self, wanted: bool) -> None:
        """Be there or not; say anew what is left."""
        self.setVisible(wanted and self._keeping is not None)
        if self.isVisibleTo(self.parentWidget()):
            self._show()

    def first(self, table: pd.DataFrame) -> list[int]:
        """Handles of the circles of a review's table that the list names and nobody has reviewed.

        In the order of the list.
        """
        slide = self._slide()
        if slide is None or self._list is None:
            return []
        left = table[(table["label"] == "") & (table["assessment"] == "")]
        handles = dict(zip(left["id"].tolist(), left.index.tolist(), strict=True))
        return [handles[number] for number in self._list.circles(slide) if number in handles]

    def _slide(self) -> StoredSlide | None:
        keeping = self._keeping
        if keeping is None:
            return None
        return next(slide for slide in keeping.store.slides() if slide.id == keeping.slide)

    def _read(self, path: Path) -> None:
        self._list = NextList.read(path)

    def _on_choose(self) -> None:
        if self._command.running:
            self._command.stop()
        elif (keeping := self._keeping) is not None:
            attempt(lambda: self._begin(keeping.store.path))

    def _begin(self, study: Path) -> None:
        assert self._review is not None
        out, beside = list_path(study), self._review.slide.path.parent
        words = ["study", "next", str(study), "--out", str(out), "--slides", str(beside)]
        self._command.start(words)
        self.choose.setText(STOP)
        self.words.setText(CHOOSING)
        self.words.show()
        self.open.hide()

    def _on_ended(self, fault: str) -> None:
        """Show the new list, and beside it what could not be looked at."""
        self.choose.setText(CHOOSE)
        self.follow(self._review)
        if self._list is not None:
            self.chosen.emit()
        else:
            self._show()
        if fault:
            self.words.setText(f"{self.words.text()} {escape(fault)}".strip())
            self.words.show()

    def _show(self) -> None:
        """Say how many of the list are left here, and which slide is next."""
        if self._command.running:
            return
        keeping, slide, lines = self._keeping, self._slide(), []
        self._next = None
        if keeping is not None and slide is not None and self._list is not None:
            total = len(self._list.table)
            lines.append(f"Here: {self._list.left(keeping.store, slide)} of {total} to label.")
            found = self._list.next_slide(keeping.store, slide.id)
            if found is not None:
                self._next, left = found
                lines.append(
                    f"<b>Next slide to label: {escape(self._next.name)}</b> ({left} of {total})."
                )
            else:
                lines.append(DONE)
        self.open.setVisible(self._next is not None)
        self.words.setText(" ".join(lines))
        self.words.setVisible(bool(lines))
