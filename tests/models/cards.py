"""Models that are a card and weights of nothing: enough for whatever only reads cards."""

import hashlib
from pathlib import Path

from napari_ggs.lesions import GGS
from napari_ggs.models import Architecture, Found, ModelCard, PatientsSeen, find
from napari_ggs.models.saving import as_json


def classifier_card(name: str, patients: tuple[str, ...] = ("p",), **about: object) -> ModelCard:
    """The card of a classifier that learnt from some patients."""
    fields = {
        "name": name,
        "task": "classification",
        "architecture": Architecture(kind="classifier", backbone="efficientnet_lite0"),
        "classes": GGS.classes,
        "margin_um": 12.5,
        "input_px": 8,
        "mean": (0.5,) * 3,
        "std": (0.5,) * 3,
        "patients_seen": PatientsSeen(training=patients),
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
    }
    return ModelCard.model_validate(fields | about)


def detector_card(name: str, patients: tuple[str, ...] = ("p",)) -> ModelCard:
    """The card of a detector that learnt from some patients."""
    return classifier_card(
        name,
        patients,
        task="detection",
        architecture=Architecture(kind="circlenet", backbone="tf_efficientnet_lite0"),
        classes=("glomerulus",),
        margin_um=None,
        mpp=4.0,
        max_radius_um=200.0,
        input_px=512,
    )


def written(folder: Path, card: ModelCard) -> Found:
    """Write a card and weights of nothing into a folder."""
    file = folder / f"{card.name}.safetensors"
    file.write_bytes(card.name.encode())
    file.with_suffix(".json").write_text(as_json(card), encoding="utf-8")
    return find(file)
