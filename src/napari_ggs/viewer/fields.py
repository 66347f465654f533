"""The fields of the form: choices, models, the pixel size."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox

from napari_ggs.models import ModelCard

DECIMALS = 4


def add_model(field: QComboBox, card: ModelCard, name_or_path: str) -> None:
    """Offer a model by its card's name, with what it is as a tooltip."""
    field.addItem(card.name, (card, name_or_path))
    seen = ", ".join(source.name for source in card.data)
    lines = [card.network, f"Trained on: {seen}" if seen else "", card.notes]
    tip = "\n".join(line for line in lines if line)
    field.setItemData(field.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)


def combo(tip: str) -> QComboBox:
    """A choice that does not widen the dock."""
    field = QComboBox()
    field.setToolTip(tip)
    field.setMinimumContentsLength(8)
    field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return field


def microns() -> QDoubleSpinBox:
    """The pixel size of a slide; 0 is unknown."""
    field = QDoubleSpinBox()
    field.setRange(0, 20)
    field.setDecimals(DECIMALS)
    field.setSingleStep(0.01)
    field.setSuffix(" µm per pixel")
    field.setSpecialValueText("unknown")
    field.setKeyboardTracking(False)
    field.setToolTip("Read from the slide; change it if the slide is wrong.")
    return field
