"""The sections of a slide: how many there are, shown on the slide to be drawn, found again."""

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import hint, row_of
from napari_ggs.viewer.sections_layer import SectionsLayer
from napari_ggs.viewer.slide_sections import SlideSections
from napari_ggs.viewer.style import wrapped

SHOW, HIDE = "Show and edit", "Done"
SHOW_TIP = (
    'Shows the outlines in the layer "sections". Drag a section or its corners, add one with the '
    "polygon tools, delete one with Delete; each change is kept at once."
)
UNDO_TIP = "Takes back what was last done to the sections (Ctrl+Z while their layer is active)."
FIND_TIP = "Replaces the sections by those that the tissue shows: pieces at least 0.3 mm apart."
EDITING = (
    "Select a section and drag it; the layer's tools above the layer list move corners and add "
    "polygons. Delete takes the selected ones out."
)


class SectionsPanel(QWidget):
    """A line and two buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections: SlideSections | None = None
        self._layer: SectionsLayer | None = None
        self.state = wrapped(style="font-weight: 600;")
        self.show_button, self.find_again = QPushButton(SHOW), QPushButton("Find again")
        self.undo = QPushButton("Undo")
        self.undo.setToolTip(UNDO_TIP)
        self.show_button.setToolTip(SHOW_TIP)
        self.find_again.setToolTip(FIND_TIP)
        self.editing = hint(EDITING)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.state)
        layout.addLayout(row_of(self.show_button, self.find_again, self.undo))
        layout.addWidget(self.editing)
        self.show_button.clicked.connect(self._on_show)
        self.find_again.clicked.connect(self._on_find)
        self.undo.clicked.connect(self._on_undo)
        self.follow(None, None)

    def follow(self, sections: SlideSections | None, layer: SectionsLayer | None) -> None:
        """Show the sections of a slide; None for none."""
        self._sections, self._layer = sections, layer
        if sections is not None and layer is not None:
            sections.changed.connect(self._show)
            layer.shown.connect(self._show)
        self._show()

    def _on_show(self) -> None:
        assert self._layer is not None
        if self._layer.layer is None:
            self._layer.show()
        else:
            self._layer.remove()

    def _on_find(self) -> None:
        assert self._sections is not None
        attempt(self._sections.find)

    def _on_undo(self) -> None:
        assert self._sections is not None
        attempt(self._sections.undo)

    def _show(self) -> None:
        there = self._sections is not None and self._sections.sections is not None
        shown = self._layer is not None and self._layer.layer is not None
        self.state.setText(self._words())
        self.show_button.setText(HIDE if shown else SHOW)
        self.show_button.setEnabled(there)
        self.find_again.setEnabled(there and self._sections is not None and not self._sections.busy)
        self.undo.setEnabled(self._sections is not None and self._sections.can_undo)
        self.editing.setVisible(shown)

    def _words(self) -> str:
        if self._sections is None:
            return "Sections"
        if self._sections.busy or self._sections.sections is None:
            return "Looking for sections …"
        number = len(self._sections.sections)
        return f"{number or 'No'} section{'' if number == 1 else 's'} on this slide"
