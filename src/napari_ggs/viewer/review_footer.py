"""The foot of the Review dock: who reviews, and whether the case is finished."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_ggs.review.snapshot import snapshot
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.blinding import as_preferred
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview
from napari_ggs.viewer.style import MUTED, wrapped

FINISH, REOPEN = "Finish case", "Reopen case"
FINISH_TIP = (
    "Freezes the answer and every circle of this case as they are. Nothing of it can be changed "
    "until it is reopened; both are kept with your name and the time."
)
NOT_KEPT = (
    "Edits of this slide are not kept on disk, and two readers cannot be told apart. Choose a "
    "study in Preferences ▸ Glomerulosclerosis, and open the slide again."
)


def _frozen(review: SlideReview) -> dict[str, Any]:
    return snapshot(review.session, count_cut=preferences.count_cut())


class ReviewFooter(QWidget):
    """The reviewer's name, which is also whose labels are shown; finish and reopen.

    Attributes
    ----------
    read_by : Signal
        Emits the name of another reviewer from now on.
    """

    read_by = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: SlideReview | None = None
        self.reviewer = QLineEdit(preferences.reviewer())
        self.reviewer.setToolTip(
            "Edits are kept under this name. Each reviewer sees their own labels only."
        )
        self.finish = QPushButton(FINISH)
        self.finish.setToolTip(FINISH_TIP)
        self.state = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(row_of(QLabel("Reviewer"), self.reviewer, self.finish))
        layout.addWidget(self.state)
        self.reviewer.editingFinished.connect(self._on_reviewer)
        self.finish.clicked.connect(self._on_finish)

    def follow(self, review: SlideReview | None) -> None:
        """Stand below a review."""
        self._review = review
        self._show()

    @property
    def _keeping(self) -> Keeping | None:
        return None if self._review is None else self._review.keeping

    def _on_reviewer(self) -> None:
        name = self.reviewer.text().strip()
        if not name or (self._review is not None and name == self._review.session.who):
            self.reviewer.setText(preferences.reviewer())
            return
        if (keeping := self._keeping) is not None and self._review is not None:
            session, layers = self._review.session, self._review.layers
            if not attempt(lambda: keeping.read_as(name, session)):
                self.reviewer.setText(session.who)
                return
            as_preferred(session, layers)
        preferences.set_reviewer(name)
        self._show()
        self.read_by.emit(name)

    def _on_finish(self) -> None:
        keeping, review = self._keeping, self._review
        if keeping is not None and review is not None:
            if self.finish.text() == REOPEN:  # what was offered, whatever others did since
                attempt(keeping.reopen_case)
            else:
                attempt(lambda: keeping.finish_case(_frozen(review)))
        self._show()

    def _show(self) -> None:
        keeping, words = self._keeping, ""
        if keeping is not None and keeping.finished:
            words = f"Case {keeping.case} is finished: nothing of it can be changed."
        elif self._review is not None and keeping is None:
            words = NOT_KEPT
        self.reviewer.setEnabled(self._review is None or keeping is not None)
        self.finish.setEnabled(keeping is not None)
        self.finish.setText(REOPEN if keeping is not None and keeping.finished else FINISH)
        self.state.setText(words)
        self.state.setVisible(bool(words))
