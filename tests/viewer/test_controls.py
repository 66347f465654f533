"""Every control of the three docks says what it does: to the mouse, and to a screen reader."""

from collections.abc import Iterator

import pytest
from napari.components import ViewerModel
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from napari_ggs.viewer.detect_dock import DetectDock
from napari_ggs.viewer.retrain_dock import RetrainDock
from napari_ggs.viewer.review_dock import ReviewDock
from napari_ggs.viewer.slide_run import SlideRun

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit,
)  # fmt: skip
LONGEST = 240
"""Letters of a tooltip: four lines or so. What a card of a model says is not ours to cut."""


def controls(dock: QWidget) -> Iterator[QWidget]:
    """Those that a person uses, hidden ones too; not the parts of which Qt makes them."""
    for part in dock.findChildren(QWidget):
        made_by_qt = isinstance(part, (QHeaderView, QScrollBar)) or isinstance(
            part.parentWidget(), (QAbstractSpinBox, QAbstractItemView)
        )
        in_list = type(part.parentWidget()).__name__ == "QFrame" and isinstance(
            part, QAbstractItemView
        )  # what a QComboBox drops down
        named_by_qt = part.objectName().startswith(("qt_", "Scroll"))
        if isinstance(part, CONTROLS) and not (made_by_qt or in_list or named_by_qt):
            yield part


@pytest.fixture(params=[DetectDock, ReviewDock, RetrainDock])
def any_dock(
    request: pytest.FixtureRequest, viewer: ViewerModel, run: SlideRun, qtbot: QtBot
) -> QWidget:
    """Each dock, over a run that has found some circles."""
    assert run.image in viewer.layers
    dock: QWidget = request.param(viewer)
    qtbot.addWidget(dock)
    return dock


def test_every_control_says_what_it_does(any_dock: QWidget) -> None:
    silent = [
        f"{type(part).__name__} {getattr(part, 'text', str)()!r} in {type(part.parent()).__name__}"
        for part in controls(any_dock)
        if not (part.toolTip() or part.accessibleDescription())
    ]
    assert len(list(controls(any_dock))) > 8
    assert not silent


def test_no_tooltip_is_a_page_to_read(any_dock: QWidget) -> None:
    long = {
        part.toolTip(): len(part.toolTip())
        for part in controls(any_dock)
        if not isinstance(part, QComboBox) and len(part.toolTip()) > LONGEST
    }
    assert not long


def test_buttons_that_have_a_key_name_it(viewer: ViewerModel, run: SlideRun, qtbot: QtBot) -> None:
    dock = ReviewDock(viewer)
    qtbot.addWidget(dock)
    assert dock.review is run.review
    shown = [b.text() + b.toolTip() for b in dock.findChildren(QAbstractButton)]
    keys = {"Space", "⌫", "Del", "K", "Esc", "B", "L", "1", "5", "Ctrl+Z", "Ctrl+⇧Z"}
    unnamed = {key for key in keys if not any(f"[{key}]" in t or f"ey {key}" in t for t in shown)}
    assert not unnamed
