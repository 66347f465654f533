"""Classification: circles to calibrated class probabilities."""

from napari_ggs.classification.backbones import (
    BACKBONES,
    BackboneError,
    build_network,
    normalisation,
)
from napari_ggs.classification.classifier import AnyClassifier, Classifier, Embedded, as_input
from napari_ggs.classification.cropping import crop, crops
from napari_ggs.classification.embedding import embed_stream
from napari_ggs.classification.ensemble import Ensemble, Opinion
from napari_ggs.classification.hierarchy import Hierarchy
from napari_ggs.classification.stream import Classified, classify_stream

__all__ = [
    "BACKBONES",
    "AnyClassifier",
    "BackboneError",
    "Classified",
    "Classifier",
    "Embedded",
    "Ensemble",
    "Hierarchy",
    "Opinion",
    "as_input",
    "build_network",
    "classify_stream",
    "crop",
    "crops",
    "embed_stream",
    "normalisation",
]
