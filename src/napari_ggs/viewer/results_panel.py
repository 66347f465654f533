"""The result at a glance: the headline, and a table of the classes that is also the legend."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_ggs import glomeruli
from napari_ggs.lesions import GGS, NON_GLOMERULUS, Scheme
from napari_ggs.review import Session
from napari_ggs.review.expectations import put_aside
from napari_ggs.viewer import preferences
from napari_ggs.viewer.style import MUTED, swatch, wrapped

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _counted(session: Session) -> dict[str, int]:
    """Glomeruli by class as the answer counts them, without what was put aside."""
    table = session.table
    kept = table[~put_aside(table, preferences.count_cut())]
    return glomeruli.counts(kept, session.scheme, session.thresholds)


class ResultsPanel(QWidget):
    """Number of glomeruli, %GGS and a row per class: letter, colour, name, count, share, key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.headline = wrapped(style="font-size: 20px; font-weight: 600;")
        self.sclerosis = wrapped(style="font-size: 14px;")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._cells: dict[str, tuple[QLabel, QLabel]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.headline)
        layout.addWidget(self.sclerosis)
        layout.addLayout(self._grid)
        self._scheme: Scheme | None = None
        self.show_nothing()

    def show_session(self, session: Session) -> None:
        """Show the numbers of a session as they stand."""
        if session.scheme is not self._scheme:
            self._lay_out(session.scheme)
        found = session.counts() | _counted(session)
        total = sum(found[name] for name in session.scheme.glomerular)
        sclerotic = sum(found[name] for name in session.scheme.sclerotic)
        percent = 100 * sclerotic / total if total else None
        self.headline.setText(f"{total} {'glomerulus' if total == 1 else 'glomeruli'}")
        self.sclerosis.setText(
            ""
            if percent is None
            else f"<b>{percent:.0f} %</b> globally sclerotic ({sclerotic} of {total})"
        )
        self.sclerosis.setVisible(percent is not None)
        for name, (count, share) in self._cells.items():
            count.setText(str(found[name]))
            counts = total and name != NON_GLOMERULUS
            share.setText(f"{100 * found[name] / total:.0f} %" if counts else "")

    def show_nothing(self, why: str = "No result yet") -> None:
        """Show the classes as a legend, without numbers."""
        self.show_session(Session(GGS))
        self.headline.setText(why)
        for count, _ in self._cells.values():
            count.setText("")

    def text(self) -> str:
        """What the panel says, line by line."""
        rows = [f"{name}: {count.text()}" for name, (count, _) in self._cells.items()]
        return "\n".join([self.headline.text(), self.sclerosis.text(), *rows])

    def _lay_out(self, scheme: Scheme) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if cell := item.widget():
                cell.deleteLater()
        self._scheme, self._cells = scheme, {}
        for row, lesion in enumerate(scheme.lesions):
            picture, count, share = QLabel(), QLabel(), QLabel()
            picture.setPixmap(swatch(lesion))
            picture.setAccessibleName(lesion.letter)
            name = wrapped(lesion.title)
            count.setAlignment(RIGHT)
            count.setStyleSheet("font-weight: 600;")
            share.setAlignment(RIGHT)
            share.setMinimumWidth(38)
            share.setStyleSheet(f"color: {MUTED};")
            tip = f"Key {row + 1} gives selected circles this class."
            if lesion.name == NON_GLOMERULUS:
                name.setText(f"{lesion.title} <span style='color:{MUTED}'>(not counted)</span>")
                tip += " Rejected by the classifier: not counted, and its layer starts hidden."
            for column, cell in enumerate((picture, name, count, share)):
                cell.setToolTip(tip)
                self._grid.addWidget(cell, row, column)
            self._cells[lesion.name] = (count, share)
