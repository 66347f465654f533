"""What a retraining starts from: a model that goes on learning, or a fresh network."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_ggs.backbone_names import BACKBONES, has_published_weights, in_words
from napari_ggs.errors import UserError
from napari_ggs.models import Found, ModelCard, available, find
from napari_ggs.models.choosing import history
from napari_ggs.models.finding import models_in
from napari_ggs.training.options import Task
from napari_ggs.viewer.attempt import attempt
from napari_ggs.viewer.circle_panel import row_of
from napari_ggs.viewer.fields import add_model, combo, select_in_use
from napari_ggs.viewer.style import MUTED, wrapped

FILE_TIP = "Start from a model that is not in the list: its .safetensors file, its card beside it."
FRESH_TIP = "A network that has seen no kidney: it learns all from the labels and the phantoms."


class StartChoice(QWidget):
    """Models of a task and, for a classifier, fresh networks.

    Attributes
    ----------
    words : QLabel
        Says which network it is; to be laid out below.
    changed : Signal
        Emits when another one is chosen.
    """

    changed = Signal()

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task: Task = "classification"
        self._own: list[Found] = []
        self.box, self.file = combo(tip), QPushButton("File …")
        self.file.setToolTip(FILE_TIP)
        self.words = wrapped(style=f"color: {MUTED}; font-size: 11px;")
        self.setToolTip(tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        row = row_of(self.box, self.file)
        row.setStretch(0, 1)
        row.setStretch(1, 0)
        layout.addLayout(row)
        self.file.clicked.connect(self._on_file)
        self.box.currentIndexChanged.connect(self._on_index)

    @property
    def card(self) -> ModelCard | None:
        """The card of the model that is chosen; None for a fresh network, or without a choice."""
        return None if self.box.currentData() is None else self.box.currentData()[0]

    @property
    def model(self) -> str:
        """Name or file of the model that is chosen; "" for a fresh network."""
        return "" if self.card is None else str(self.box.currentData()[1])

    @property
    def backbone(self) -> str:
        """The fresh network that is chosen; "" for a model."""
        fresh = self.card is None and self.box.currentData() is not None
        return str(self.box.currentData()[1]) if fresh else ""

    def offer(self, task: Task, folder: Path) -> None:
        """Offer what there is for a task, and select the model in use.

        Parameters
        ----------
        task : {"detection", "classification"}
        folder : Path
            Of the study's own models.
        """
        self._task = task
        with QSignalBlocker(self.box):
            self.box.clear()
            for card in available():
                if card.task == task:
                    add_model(self.box, card, card.name)
            select_in_use(self.box, task)
            for found, words in (*_of_study(task, folder), *_of_history(task)):
                self._add(found, words)
            for found in self._own:
                self._add(found, "your file")
            if task == "classification":
                self._offer_fresh()
        self._show()

    def _add(self, found: Found, words: str) -> None:
        """Offer a model that is not in the list yet and can be trained as one network."""
        path, card = found
        trains = card.task == self._task and not card.composite
        if trains and card.sha256 not in self._shas():
            add_model(self.box, card, str(path))
            self.box.setItemText(self.box.count() - 1, f"{card.name} ({words})")

    def _offer_fresh(self) -> None:
        for name in BACKBONES:
            self.box.addItem(f"Fresh: {in_words(name).split(',')[0].split(':')[0]}", (None, name))

    def take(self, path: Path) -> None:
        """Start from a model's file.

        Raises
        ------
        UserError
            If it is none, or cannot be trained further as one network.
        """
        found = find(path, self._task)
        if found.card.composite or found.card.is_child:
            raise UserError(f"{path.name} is no single network: choose one of its members.")
        self._own.append(found)
        with QSignalBlocker(self.box):
            self._add(found, "your file")
        self.box.setCurrentIndex(self._shas().index(found.card.sha256))

    def _shas(self) -> list[str]:
        """Of the models in the list; "" of fresh networks."""
        cards = (self.box.itemData(index)[0] for index in range(self.box.count()))
        return ["" if card is None else card.sha256 for card in cards]

    def _on_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Start from", "", "Models (*.safetensors)")
        if file:
            attempt(lambda: self.take(Path(file)))

    def _on_index(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        """Say which network it is, and where a fresh one has its weights from."""
        if self.card is not None:
            self.words.setText(f"Network: {in_words(self.card.network)}. It goes on learning.")
        elif self.backbone:
            there = has_published_weights(self.backbone)
            source = "" if there else "; they are not on this computer and are fetched once"
            self.words.setText(
                f"Network: {in_words(self.backbone)}. It begins anew from its ImageNet weights"
                f"{source}."
            )
        else:
            self.words.clear()
        self.words.setToolTip(FRESH_TIP if self.backbone else "")


def _of_study(task: Task, folder: Path) -> Iterator[tuple[Found, str]]:
    """Earlier models of the study, by name."""
    if not folder.is_dir():
        return
    for file in models_in(folder):
        with suppress(UserError):
            yield find(file, task), "this study"


def _of_history(task: Task) -> Iterator[tuple[Found, str]]:
    """Models that were in use, the latest first; those that are gone are passed over."""
    with suppress(UserError):
        for choice in reversed(history(task)):
            with suppress(UserError):
                yield find(choice.path, task), "in use before"
