"""The answer of a review at a glance: %GGS with its intervals, what is left, what to beware of."""

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from napari_ggs.evaluation import Estimate
from napari_ggs.review.answer import ADEQUATE, Answer
from napari_ggs.viewer.style import ACCENT, BAR, MUTED, WARNING, wrapped

SECTION_TIP = (
    "What a review of every circle of this slide would find: the 95 % interval narrows with "
    "each circle that you review."
)
SHIFT_TIP = (
    "The interval above trusts the model on this slide. A stain or a scanner can mislead it about "
    "a whole slide, and this one allows for that. Reviewed circles make the two the same."
)
FIRST = (
    "Open a slide, then press <b>Detect &amp; Classify</b> in the dock of that name "
    "(<i>Plugins ▸ Glomerulosclerosis</i>). Its circles come here."
)
OF_READ = "Blind to the model: these are the glomeruli that you have read."
KIDNEY_TIP = (
    "What is likely in the kidney from which this tissue is a sample: wider, since few glomeruli "
    "say little about all."
)


class IntervalPlot(QWidget):
    """Two intervals of a share on a line from 0 to 100 %: this section, this kidney."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._estimates: tuple[Estimate, Estimate] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"Thick: {SECTION_TIP}\nThin: {KIDNEY_TIP}")

    def sizeHint(self) -> QSize:
        """Flat."""
        return QSize(200, 34)

    def show_answer(self, section: Estimate, kidney: Estimate) -> None:
        """Draw the intervals of an answer."""
        self._estimates = section, kidney
        self.update()

    def paintEvent(self, event: object) -> None:  # noqa: ARG002  Qt's name
        """Draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, right = 14, self.width() - 14
        painter.setPen(QPen(QColor(MUTED), 1))
        painter.drawLine(left, 16, right, 16)
        for percent in (0, 25, 50, 75, 100):
            x = left + (right - left) * percent / 100
            painter.drawLine(QPointF(x, 13), QPointF(x, 19))
            box = QRectF(x - 20, 20, 40, 13)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(percent))
        if self._estimates is not None and self._estimates[0].value >= 0:
            self._draw(painter, left, right - left, *self._estimates)

    def _draw(
        self, painter: QPainter, left: int, width: int, section: Estimate, kidney: Estimate
    ) -> None:
        for estimate, thickness in ((kidney, 2), (section, 7)):
            low, high = left + width * estimate.low, left + width * estimate.high
            painter.setPen(QPen(QColor(ACCENT), thickness, cap=Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(low, 16), QPointF(max(high, low + 1), 16))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(WARNING))
        painter.drawEllipse(QPointF(left + width * section.value, 16), 4.5, 4.5)


class AnswerPanel(QWidget):
    """Headline, intervals, progress, remarks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.headline = wrapped(style="font-size: 16px; font-weight: 600;")
        self.section, self.shifted = wrapped(), wrapped(style=f"color: {MUTED};")
        self.kidney = wrapped(style=f"color: {MUTED};")
        self.plot = IntervalPlot()
        self.progress = QProgressBar()
        self.progress.setStyleSheet(BAR)
        self.progress.setFormat("reviewed %v of %m")
        self.remarks = wrapped(style=f"color: {WARNING};")
        self.first = wrapped(FIRST)
        self.section.setToolTip(SECTION_TIP)
        self.shifted.setToolTip(SHIFT_TIP)
        self.kidney.setToolTip(KIDNEY_TIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        figures = (self.section, self.shifted, self.kidney, self.plot, self.progress)
        for part in (self.headline, self.first, *figures, self.remarks):
            layout.addWidget(part)
        self.show_answer(None)

    def show_answer(self, answer: Answer | None, left: int | None = None, extent: str = "") -> None:
        """Show an answer; None if there is nothing to review yet.

        To a reader who is blind to the model, `answer` is of what they have read, and `left` is
        how many circles are to be read still. `extent` says if it is not of all the tissue.
        """
        for part in (self.section, self.shifted, self.kidney, self.plot):
            part.setVisible(answer is not None and left is None)
        self.progress.setVisible(answer is not None)
        self.first.setVisible(answer is None)
        if answer is None:
            self.headline.setText("Nothing to review yet")
            self.remarks.setText("")
            return
        self.headline.setText(_headline(answer))
        self.section.setText(f"this section: {_range(answer.section)}")
        self.shifted.setText(_if_misled(answer))
        self.shifted.setVisible(bool(self.shifted.text()) and left is None)
        self.kidney.setText(f"this kidney: {_range(answer.kidney)}")
        self.plot.show_answer(answer.section, answer.kidney)
        self.progress.setMaximum(max(answer.total if left is None else answer.reviewed + left, 1))
        self.progress.setValue(answer.reviewed)
        blind = [] if left is None else [OF_READ]
        self.remarks.setText(" ".join([extent, *blind, *remarks(answer)]).strip())
        self.remarks.setVisible(bool(self.remarks.text()))


def remarks(answer: Answer) -> list[str]:
    """What to beware of, in sentences."""
    said = []
    if not answer.adequate:
        said.append(f"Fewer than {ADEQUATE} glomeruli: too few to judge a biopsy by.")
    aside = answer.aside
    counts = {
        "uncertain": aside.uncertain,
        "ungradable": aside.ungradable,
        "cut": aside.cut,
        "duplicate": aside.duplicate,
        "without a class (pixels could not be read)": aside.unclassified,
    }
    if apart := [f"{number} {what}" for what, number in counts.items() if number]:
        said.append(f"Apart: {', '.join(apart)}.")
    return said


def _headline(answer: Answer) -> str:
    what = "glomerulus" if answer.count == 1 else "glomeruli"
    percent = "" if answer.percent is None else f" · {answer.percent:.0f} % globally sclerotic"
    return f"{answer.count} {what}{percent}"


def _if_misled(answer: Answer) -> str:
    """The section's interval that allows for a shift, if it is the wider one to a percent."""
    plain, shifted = answer.section, answer.section_with_shift
    if not plain.value >= 0:
        return ""
    low, high = round(100 * shifted.low), round(100 * shifted.high)
    wider = low < round(100 * plain.low) or high > round(100 * plain.high)
    return f"if the stain misleads the model: {low} to {high} %" if wider else ""


def _range(estimate: Estimate) -> str:
    if not estimate.value >= 0:
        return "no glomerulus"
    return (
        f"<b>{100 * estimate.value:.0f} %</b> "
        f"(95 %: {100 * estimate.low:.0f} to {100 * estimate.high:.0f} %)"
    )
