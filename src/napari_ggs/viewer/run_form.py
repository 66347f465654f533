"""What to run on what: the slide, its microns per pixel, the region and the models."""

from collections.abc import Callable
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Shapes
from napari.utils.events import EventEmitter
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.models import ModelCard, available
from napari_ggs.models.card import Task
from napari_ggs.slides import Slide, open_slide
from napari_ggs.viewer.coordinates import region_around, region_in_view
from napari_ggs.viewer.fields import DECIMALS, add_model, combo, microns, select_in_use
from napari_ggs.viewer.messages import Rectangle
from napari_ggs.viewer.model_choice import follow_choice
from napari_ggs.viewer.style import WARNING, wrapped

WHOLE, VIEW, DRAWN = "Whole slide", "What is in view", "Drawn rectangle"
REGION_LAYER = "region to analyse"
NO_MPP = (
    "This slide does not say how large a pixel is. Enter the microns per pixel: "
    "0.25 for a 40x scan, 0.5 for 20x."
)


def is_slide(layer: Any) -> bool:
    """Whether a layer is a slide that our reader opened."""
    return isinstance(layer, Image) and isinstance(layer.metadata.get("slide"), Slide)


class RunForm(QWidget):
    """The fields of a run.

    Attributes
    ----------
    slide_changed : Signal
        Emits the chosen slide's layer, or None.
    models_changed : Signal
        Emits when another model is chosen.
    changed : Signal
        Emits when anything that a run depends on has changed.
    """

    slide_changed = Signal(object)
    models_changed = Signal()
    changed = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._build()
        self._fill_models()
        for event in ("inserted", "removed", "renamed"):
            _follow(self, viewer.layers.events[event], self._follow_layers)
        self.slide.currentIndexChanged.connect(self._on_slide)
        self.detector.currentIndexChanged.connect(self._on_model)
        self.classifier.currentIndexChanged.connect(self._on_model)
        follow_choice(self, self._on_chosen)
        self.mpp.valueChanged.connect(self._on_mpp)
        self.region.currentTextChanged.connect(self._on_region)
        self._on_model()
        self._follow_layers()

    @property
    def image(self) -> Image | None:
        """The layer of the chosen slide."""
        layer: Image | None = self.slide.currentData()
        return layer

    def missing(self) -> str:
        """What a run still needs, in plain words; "" if it can begin."""
        if self.image is None:
            return "Open a slide first."
        if not self.mpp.value():
            return "Enter the pixel size first."
        if not (self.detector.count() and self.classifier.count()):
            return "No models are installed: install napari-ggs again."
        return ""

    def slides(self) -> list[Image]:
        """The layers of all open slides."""
        return [layer for layer in self._viewer.layers if is_slide(layer)]

    def chosen_slide(self) -> Slide:
        """The chosen slide with the microns per pixel of the field."""
        assert self.image is not None
        slide: Slide = self.image.metadata["slide"]
        if slide.mpp is None or round(slide.mpp, DECIMALS) != self.mpp.value():
            slide = open_slide(slide.path, self.mpp.value())
            self.image.metadata["slide"] = slide
        return slide

    def models(self) -> tuple[str, str]:
        """The chosen detector and classifier, by name or file."""
        return self.detector.currentData()[1], self.classifier.currentData()[1]

    def cards(self) -> dict[str, ModelCard]:
        """The cards of the chosen models, by role."""
        return {
            "detector": self.detector.currentData()[0],
            "classifier": self.classifier.currentData()[0],
        }

    def thresholds(self) -> Thresholds:
        """What the chosen models were tuned for."""
        if not (self.detector.count() and self.classifier.count()):
            return Thresholds()
        cards = self.cards()
        return Thresholds(cards["detector"].t_det, cards["classifier"].t_glom)

    @property
    def can_filter(self) -> bool:
        """Whether the chosen classifier knows what is no glomerulus."""
        return not self.classifier.count() or self.cards()["classifier"].scheme.can_filter

    def chosen_region(self) -> Rectangle | None:
        """The part of the slide to look at, in level-0 pixels; None is the whole slide.

        Raises
        ------
        UserError
            If a rectangle was to be drawn and there is none.
        """
        assert self.image is not None
        if self.region.currentText() == WHOLE:
            return None
        if self.region.currentText() == VIEW:
            return region_in_view(self._viewer, self.image)
        drawn = self._region_layer()
        if drawn is None or not drawn.data:
            raise UserError("There is no rectangle yet: draw one on the slide, then press again.")
        corners = [drawn.data_to_world(point) for point in drawn.data[-1]]
        return region_around([self.image.world_to_data(corner) for corner in corners])

    def _build(self) -> None:
        self.slide = combo("Slides that are open in napari.")
        self.mpp = microns()
        self.need_mpp = wrapped(NO_MPP, f"color: {WARNING};")
        self.region = combo("The part of the slide to look at.")
        self.region.addItems([WHOLE, VIEW, DRAWN])
        self.detector, self.classifier = combo(""), combo("")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(5)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Slide", self.slide)
        form.addRow("&Pixel size", self.mpp)
        form.addRow(self.need_mpp)
        form.addRow("&Region", self.region)
        form.addRow("De&tector", self.detector)
        form.addRow("&Classifier", self.classifier)

    def _fill_models(self) -> None:
        for card in available():
            add_model(self._models_of(card.task), card, card.name)
        self._on_chosen("detection")
        self._on_chosen("classification")

    def _models_of(self, task: Task) -> QComboBox:
        return self.detector if task == "detection" else self.classifier

    def _on_chosen(self, task: Task) -> None:
        """Select the model that is in use now."""
        select_in_use(self._models_of(task), task)

    def _follow_layers(self, event: Any = None) -> None:
        """Offer the slides of the layer list; keep the choice, or take the newest."""
        chosen = self.image
        slides = self.slides()
        before = [self.slide.itemData(index) for index in range(self.slide.count())]
        newest = event.value if event is not None and event.type == "inserted" else None
        with QSignalBlocker(self.slide):
            self.slide.clear()
            for layer in slides:
                self.slide.addItem(layer.name, layer)
            wanted = next(
                (s for s in (newest, chosen) if s in slides), slides[-1] if slides else None
            )
            if wanted is not None:
                self.slide.setCurrentIndex(slides.index(wanted))
        if self.image is not chosen or event is None:
            self._on_slide()
        elif slides != before:
            self.changed.emit()

    def _on_slide(self) -> None:
        with QSignalBlocker(self.mpp):
            self.mpp.setValue(0 if self.image is None else _mpp_of(self.image))
        self._show_need()
        self.slide_changed.emit(self.image)
        self.changed.emit()

    def _on_mpp(self, mpp: float) -> None:
        self._show_need()
        if self.image is not None:
            self.image.metadata["mpp"] = mpp
            if mpp > 0:
                self._scale(self.image, mpp)
        self.changed.emit()

    def _scale(self, image: Image, mpp: float) -> None:
        """Give a slide its size; the region to analyse keeps its place on it."""
        drawn = self._region_layer()
        if drawn is not None:
            drawn.units = ("um", "um")
            drawn.scale = drawn.scale * mpp / image.scale
        image.units = ("um", "um")
        image.scale = (mpp, mpp)

    def _show_need(self) -> None:
        needed = self.image is not None and not self.mpp.value()
        self.need_mpp.setVisible(needed)
        self.mpp.setEnabled(self.image is not None)
        self.mpp.setStyleSheet(f"border: 2px solid {WARNING};" if needed else "")

    def _on_model(self) -> None:
        for field in (self.detector, self.classifier):
            field.setToolTip(field.currentData(Qt.ItemDataRole.ToolTipRole) or "")
        self.models_changed.emit()
        self.changed.emit()

    def _on_region(self, choice: str) -> None:
        if choice == DRAWN and self.image is not None:
            layer = self._region_layer() or self._viewer.add_shapes(
                name=REGION_LAYER,
                ndim=2,
                scale=self.image.scale,
                units=self.image.units,
                face_color="transparent",
                edge_color=WARNING,
                edge_width=8,
            )
            self._viewer.layers.selection.active = layer
            layer.mode = "add_rectangle"
        self.changed.emit()

    def _region_layer(self) -> Shapes | None:
        shapes = (layer for layer in self._viewer.layers if isinstance(layer, Shapes))
        return next((layer for layer in shapes if layer.name == REGION_LAYER), None)


def _mpp_of(image: Image) -> float:
    """Microns per pixel of a slide's layer, those that were typed first; 0 if not known."""
    return float(image.metadata.get("mpp", image.metadata["slide"].mpp) or 0)


def _follow(widget: QWidget, events: EventEmitter, slot: Callable[..., None]) -> None:
    """Follow napari's events until the widget is gone."""
    events.connect(slot)
    widget.destroyed.connect(lambda: events.disconnect(slot))
