"""The fields of the form: choices, models, the pixel size."""

from napari.utils.notifications import show_warning
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox

from napari_ggs.models import ModelCard, ModelError, find, in_use
from napari_ggs.models.card import Task

DECIMALS = 4


def add_model(field: QComboBox, card: ModelCard, name_or_path: str) -> None:
    """Offer a model by its card's name, with what it is as a tooltip."""
    field.addItem(card.name, (card, name_or_path))
    seen = ", ".join(source.name for source in card.data)
    lines = [card.network, f"Trained on: {seen}" if seen else "", card.notes]
    tip = "\n".join(line for line in lines if line)
    field.setItemData(field.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)


def select_in_use(field: QComboBox, task: Task) -> None:
    """Select the model that was chosen for a task, and offer it first if it is not offered yet."""
    try:
        name = in_use(task)
        card = find(name, task).card
    except ModelError as fault:
        show_warning(str(fault))
        return
    offered = [field.itemData(index)[1] for index in range(field.count())]
    if name not in offered:
        add_model(field, card, name)
        offered.append(name)
    field.setCurrentIndex(offered.index(name))


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
