"""How the docks look, in napari's dark and light theme alike."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPixmap
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from napari_ggs.lesions import Lesion

ACCENT = "#0072B2"
STOP = "#B3401F"
WARNING = "#E69F00"
MUTED = "#7f8288"
UNNAMED_COLOUR = "#5f646b"
"""Of circles without a class: no class has it."""
ALIKE, UNLIKE = "rgba(0, 114, 178, 90)", "rgba(230, 159, 0, 110)"
"""Where readers agree (`ACCENT`), and where they do not (`WARNING`)."""

BUTTON = """
QPushButton {{ background: {colour}; color: white; font-size: 15px; font-weight: 600;
  padding: 9px; border-radius: 4px; border: 2px solid transparent; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:focus {{ border: 2px solid palette(highlight); }}
QPushButton:disabled {{ background: rgba(128, 128, 128, 70); color: rgba(128, 128, 128, 255); }}
"""
BAR = f"QProgressBar::chunk {{ background: {ACCENT}; border-radius: 2px; }}"
CARD = """
QFrame#card {{ border: 1px solid {colour}; border-radius: 5px;
  background: {background}; }}
QFrame#card QLabel {{ background: transparent; }}
"""


def button_style(colour: str) -> str:
    """Style sheet of the one big button."""
    return BUTTON.format(colour=colour, hover=QColor(colour).lighter(115).name())


def card_style(colour: str) -> str:
    """Style sheet of a framed box (object name ``card``) tinted in a colour."""
    tint = QColor(colour)
    background = f"rgba({tint.red()}, {tint.green()}, {tint.blue()}, 40)"
    return CARD.format(colour=colour, background=background)


def wrapped(text: str = "", style: str = "", parent: QWidget | None = None) -> QLabel:
    """A label that breaks its lines instead of widening the dock."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setStyleSheet(style)
    return label


def scrolling(page: QWidget) -> QScrollArea:
    """A page that scrolls up and down where the window is too low for it."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    return area


def swatch(lesion: Lesion, side: int = 22, ratio: float = 2.0) -> QPixmap:
    """A disc in the class colour with the class letter on it."""
    pixmap = QPixmap(int(side * ratio), int(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(MUTED))
    painter.setBrush(QColor(lesion.colour))
    painter.drawEllipse(1, 1, side - 2, side - 2)
    painter.setPen(QColor("white" if QColor(lesion.colour).lightness() < 120 else "black"))
    font = QFont()
    font.setPixelSize(int(side * 0.55))
    font.setBold(True)
    painter.setFont(font)
    painter.drawText(0, 0, side, side, Qt.AlignmentFlag.AlignCenter, lesion.letter)
    painter.end()
    return pixmap
