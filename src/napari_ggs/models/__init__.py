"""Models: cards, safe loading and saving, the embedded weights.

Loading and saving bring torch in only when they are used: napari's window reads the cards and
must stay without it (see `napari_ggs.viewer.worker`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_ggs.models.card import RESEARCH_ONLY, ModelCard, ModelError, read_card
from napari_ggs.models.choosing import in_use
from napari_ggs.models.embedded import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR, available
from napari_ggs.models.finding import Found, find, models_in
from napari_ggs.models.parts import (
    Architecture,
    DataSource,
    Kind,
    Member,
    PatientsSeen,
    TrainedWith,
)

if TYPE_CHECKING:
    from napari_ggs.models.composing import combine, composite_card, save_composite
    from napari_ggs.models.importing import ImportSettings, import_model
    from napari_ggs.models.loading import (
        LoadedClassifier,
        LoadedDetector,
        load_classifier,
        load_detector,
        verify,
    )
    from napari_ggs.models.saving import save_model

__all__ = [
    "DEFAULT_CLASSIFIER",
    "DEFAULT_DETECTOR",
    "RESEARCH_ONLY",
    "Architecture",
    "DataSource",
    "Found",
    "ImportSettings",
    "Kind",
    "LoadedClassifier",
    "LoadedDetector",
    "Member",
    "ModelCard",
    "ModelError",
    "PatientsSeen",
    "TrainedWith",
    "available",
    "combine",
    "composite_card",
    "find",
    "import_model",
    "in_use",
    "load_classifier",
    "load_detector",
    "models_in",
    "read_card",
    "save_composite",
    "save_model",
    "verify",
]

_WITH_TORCH = {
    "ImportSettings": "importing",
    "LoadedClassifier": "loading",
    "LoadedDetector": "loading",
    "combine": "composing",
    "composite_card": "composing",
    "import_model": "importing",
    "load_classifier": "loading",
    "load_detector": "loading",
    "save_composite": "composing",
    "save_model": "saving",
    "verify": "loading",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
