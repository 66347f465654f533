"""Hold Tab to see the tissue without circles."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QOpenGLWidget, QWidget


class HoldToHide(QObject):
    """Hides for as long as Tab is held over the canvas or another of some widgets.

    Qt takes Tab for a step to the next field before the widget, and so napari, hears of it.

    Parameters
    ----------
    hide : callable
        Told True when the key goes down, and False when it comes up.
    *widgets : QWidget
        Beside the canvas; fields to write in keep their Tab.
    """

    def __init__(self, hide: Callable[[bool], None], *widgets: QWidget) -> None:
        super().__init__(widgets[0])
        self._hide, self._widgets, self._held = hide, widgets, False
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Catch Tab where it hides."""
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Tab:
            return False
        if event.type() == QEvent.Type.KeyRelease and self._held:
            return self._now(held=event.isAutoRepeat())
        here = isinstance(watched, QOpenGLWidget) or watched in self._widgets
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and here:
            return self._now(held=True)
        return False

    def _now(self, *, held: bool) -> bool:
        if held != self._held:
            self._held = held
            self._hide(held)
        return True
