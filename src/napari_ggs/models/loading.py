"""Loading a model: verified against its card before anything is computed with it."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from napari_ggs.classification import Classifier, build_network
from napari_ggs.detection import Detector
from napari_ggs.detection.circlenet import CircleNet
from napari_ggs.errors import UserError
from napari_ggs.models.card import ModelCard, ModelError, Task, read_card
from napari_ggs.models.saving import card_path

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT_DETECTOR = "ggs-circlenet-lite0"
DEFAULT_CLASSIFIER = "ggs-lite0"


class LoadedDetector(NamedTuple):
    """A detector and its card."""

    detector: Detector
    card: ModelCard


class LoadedClassifier(NamedTuple):
    """A classifier and its card."""

    classifier: Classifier
    card: ModelCard


def available() -> list[ModelCard]:
    """Cards of the embedded models, by name."""
    return [read_card(path) for path in sorted(WEIGHTS.glob("*.json"))]


def load_detector(name_or_path: str | Path) -> LoadedDetector:
    """Load a detector by the name of an embedded model or the path of a .safetensors file.

    Raises
    ------
    ModelError
        If there is no such model, its weights do not match its card, or it is no detector.
    """
    path, card = _find(name_or_path, "detection")
    assert card.mpp is not None
    assert card.max_radius_um is not None
    network = _built(partial(CircleNet, card.architecture.backbone), card, path)
    _fill(network, _verified(path, card), path)
    detector = Detector(
        network=network,
        mpp=card.mpp,
        mean=card.mean,
        std=card.std,
        input_px=card.input_px,
        max_radius_um=card.max_radius_um,
    )
    return LoadedDetector(detector, card)


def load_classifier(name_or_path: str | Path) -> LoadedClassifier:
    """Load a classifier by the name of an embedded model or the path of a .safetensors file.

    Raises
    ------
    ModelError
        If there is no such model, its weights do not match its card, or it is no classifier.
    """
    path, card = _find(name_or_path, "classification")
    assert card.margin_um is not None
    blank = partial(build_network, card.architecture.backbone, len(card.classes))
    network = _built(blank, card, path)
    _fill(network, _verified(path, card), path)
    classifier = Classifier(
        network=network,
        scheme=card.scheme,
        margin_um=card.margin_um,
        input_px=card.input_px,
        mean=card.mean,
        std=card.std,
        temperature=card.temperature,
    )
    return LoadedClassifier(classifier, card)


def _find(name_or_path: str | Path, task: Task) -> tuple[Path, ModelCard]:
    path = _path_of(name_or_path)
    card = read_card(card_path(path))
    if card.task != task:
        raise ModelError(
            f"The model {card.name} is for {card.task}, not for {task}. {_choice(task)}"
        )
    return path, card


def _path_of(name_or_path: str | Path) -> Path:
    given = Path(name_or_path)
    if given.suffix == ".safetensors":
        if given.is_file():
            return given
        raise ModelError(f"There is no model file {given}. {_choice()}")
    embedded = WEIGHTS / f"{name_or_path}.safetensors"
    if given.name != str(name_or_path) or not embedded.is_file():
        raise ModelError(f"There is no model {str(name_or_path)!r}. {_choice()}")
    return embedded


def _choice(task: Task | None = None) -> str:
    names = [card.name for card in available() if task in (None, card.task)]
    there = f"Models that come with napari-ggs: {', '.join(names) or 'none'}"
    return f"{there}; or give the path of a .safetensors file."


def _built(blank: Callable[..., nn.Module], card: ModelCard, path: Path) -> nn.Module:
    parameters: dict[str, Any] = dict(card.architecture.parameters)
    try:
        return blank(**parameters)
    except (TypeError, ValueError, RuntimeError, UserError) as fault:
        raise ModelError(
            f"The card of {path} describes a network that this version of napari-ggs cannot build "
            f"({card.architecture.backbone}: {fault}). Update napari-ggs, or get the model again."
        ) from fault


def _verified(path: Path, card: ModelCard) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise ModelError(
            f"{path} cannot be read ({fault.strerror}): give a file that you may read."
        ) from fault
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"{path} is not the file that its card describes (SHA-256 {found[:12]}..., expected "
            f"{card.sha256[:12]}...): it is damaged or was changed. Get the model again."
        )
    try:
        return load(data)
    except SafetensorError as fault:
        raise ModelError(
            f"{path} is no .safetensors file ({fault}). Get the model again."
        ) from fault


def _fill(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Put the weights into the network, in single precision, if names and shapes are the same."""
    wanted = network.state_dict()
    strange = sorted(wanted.keys() ^ state.keys())
    strange += [key for key in wanted if key in state and wanted[key].shape != state[key].shape]
    if strange:
        raise ModelError(
            f"The weights in {path} do not fit the architecture of their card ({len(strange)} "
            f"tensors differ, first {strange[0]}). Get the model again, both files."
        )
    network.load_state_dict(
        {key: value.to(wanted[key].dtype) for key, value in state.items()}, strict=True
    )
    network.eval().to(memory_format=torch.channels_last)
