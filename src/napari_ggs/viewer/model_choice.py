"""Tells every dock of the window when another model is taken into use."""

from collections.abc import Callable

from psygnal import Signal
from qtpy.QtWidgets import QWidget

from napari_ggs.models.card import Task


class _Choice:
    changed = Signal(str)


_choice = _Choice()


def tell_chosen(task: Task) -> None:
    """Tell that another model is in use for a task now."""
    _choice.changed.emit(task)


def follow_choice(widget: QWidget, slot: Callable[[Task], None]) -> None:
    """Call `slot` with the task from now on, until the widget is gone."""
    _choice.changed.connect(slot)
    widget.destroyed.connect(lambda: _choice.changed.disconnect(slot))
