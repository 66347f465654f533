"""Classification: circles to calibrated class probabilities."""

from napari_ggs.classification.backbones import (
    BACKBONES,
    BackboneError,
    build_network,
    normalisation,
)
from napari_ggs.classification.classifier import Classifier, as_input
from napari_ggs.classification.cropping import MARGIN_UM, crop, crops
from napari_ggs.classification.stream import Classified, classify_circles, classify_stream

__all__ = [
    "BACKBONES",
    "MARGIN_UM",
    "BackboneError",
    "Classified",
    "Classifier",
    "as_input",
    "build_network",
    "classify_circles",
    "classify_stream",
    "crop",
    "crops",
    "normalisation",
]
