"""Whose a slide is: the names of its patient and of its case, which a reader may give."""

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.keeping import Keeping

CASE_TIP = (
    "Slides with the same case are counted together above. Names stay in the study: exports and "
    "reports have pseudonyms unless names are asked for."
)


class CaseRow(QWidget):
    """Two fields; what is entered is kept at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keeping: Keeping | None = None
        self.patient, self.case = QLineEdit(), QLineEdit()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for column, (title, field) in enumerate((("Patient", self.patient), ("Case", self.case))):
            field.setToolTip(CASE_TIP)
            field.setAccessibleName(title)
            field.editingFinished.connect(self._on_edited)
            layout.addWidget(QLabel(title), 0, 2 * column)
            layout.addWidget(field, 0, 2 * column + 1)

    def follow(self, keeping: Keeping | None) -> None:
        """Show whose the slide is; without a study, nobody can say."""
        self._keeping = keeping
        self.setEnabled(keeping is not None)
        self._show()

    def _show(self) -> None:
        patient, case = ("", "") if self._keeping is None else self._keeping.owner
        with QSignalBlocker(self.patient), QSignalBlocker(self.case):
            self.patient.setText(patient)
            self.case.setText(case)

    def _on_edited(self) -> None:
        keeping = self._keeping
        patient, case = self.patient.text().strip(), self.case.text().strip()
        if keeping is None or (patient, case) == keeping.owner:
            return
        if patient and case:
            attempt(lambda: keeping.assign(patient, case))
        self._show()
