"""The models that come with the package: where they are and what their cards say."""

from pathlib import Path

from napari_ggs.models.card import ModelCard, read_card

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT_DETECTOR = "ggs-circlenet-lite0"
DEFAULT_CLASSIFIER = "ggs-lite0"


def available() -> list[ModelCard]:
    """Cards of the embedded models, by name."""
    return [read_card(path) for path in sorted(WEIGHTS.glob("*.json"))]
