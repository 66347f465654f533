"""One click back to the model before, or to any earlier one."""

from functools import partial

from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_ggs.models.card import Task
from napari_ggs.models.choosing import go_back, history
from napari_ggs.models.decisions import Choice
from napari_ggs.viewer import preferences
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.model_choice import tell_chosen
from napari_ggs.viewer.style import MUTED, wrapped


class EarlierModels(QWidget):
    """Says which model is in use, and offers those before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task: Task = "classification"
        self._places: list[int] = []
        self.words = wrapped(style=f"color: {MUTED};")
        self.back = QToolButton()
        self.back.setStyleSheet(f"padding: 4px; border: 1px solid {MUTED}; border-radius: 3px;")
        self.back.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.back.setToolTip("The arrow offers all earlier models.")
        self.back.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.menu = QMenu(self)
        self.back.setMenu(self.menu)
        self.back.clicked.connect(lambda: self._go(self._places[0]))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.back)

    def show_for(self, task: Task) -> None:
        """Show the models of a task."""
        self._task, past = task, history(task)
        now = past[-1]
        latest = {one.sha256: place for place, one in enumerate(past) if one.sha256 != now.sha256}
        self._places = sorted(latest.values(), reverse=True)
        self.words.setText(f"In use: <b>{now.name}</b> ({_how(now)})")
        self.menu.clear()
        for place in self._places:
            action = QAction(f"{past[place].name} ({_how(past[place])})", self.menu)
            self.menu.addAction(action)
            action.triggered.connect(partial(self._go, place))
        self.back.setVisible(bool(self._places))
        if self._places:
            self.back.setText(f"Go back to {past[self._places[0]].name}")

    def _go(self, place: int, _: bool = False) -> None:
        task = self._task
        if attempt(lambda: go_back(task, preferences.reviewer(), place)):
            tell_chosen(task)


def _how(one: Choice) -> str:
    """How it came into use, by the day."""
    if not one.at:
        return one.told
    how = {"better": "found better", "override": one.reason, "back": "gone back to"}[one.why]
    return f"since {one.at[:10]}, {one.who}: {how}"
