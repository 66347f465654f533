"""Models: cards, safe loading and saving, the embedded weights."""

from napari_ggs.models.card import (
    RESEARCH_ONLY,
    Architecture,
    DataSource,
    ModelCard,
    ModelError,
    PatientsSeen,
    TrainedWith,
    read_card,
)
from napari_ggs.models.loading import (
    DEFAULT_CLASSIFIER,
    DEFAULT_DETECTOR,
    LoadedClassifier,
    LoadedDetector,
    available,
    load_classifier,
    load_detector,
)
from napari_ggs.models.saving import save_model

__all__ = [
    "DEFAULT_CLASSIFIER",
    "DEFAULT_DETECTOR",
    "RESEARCH_ONLY",
    "Architecture",
    "DataSource",
    "LoadedClassifier",
    "LoadedDetector",
    "ModelCard",
    "ModelError",
    "PatientsSeen",
    "TrainedWith",
    "available",
    "load_classifier",
    "load_detector",
    "read_card",
    "save_model",
]
