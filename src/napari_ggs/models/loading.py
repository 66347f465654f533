"""Loading a model: verified against its card before anything is computed with it."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from napari_ggs.classification import (
    AnyClassifier,
    Classifier,
    Ensemble,
    Hierarchy,
    build_network,
)
from napari_ggs.detection import AnyDetector, Detector, FusedDetector
from napari_ggs.detection.circlenet import CircleNet
from napari_ggs.errors import UserError
from napari_ggs.models.card import ModelCard, ModelError, Triple
from napari_ggs.models.finding import Found, find, members_of

Built = TypeVar("Built")


class LoadedDetector(NamedTuple):
    """A detector and its card."""

    detector: AnyDetector
    card: ModelCard


class LoadedClassifier(NamedTuple):
    """A classifier and its card."""

    classifier: AnyClassifier
    card: ModelCard


def load_detector(name_or_path: str | Path) -> LoadedDetector:
    """Load a detector, or several as one, by the name of an embedded model or its file.

    Parameters
    ----------
    name_or_path : str or Path
        See `napari_ggs.models.find`.

    Raises
    ------
    ModelError
        If there is no such model, its weights or members do not match its card, or it is no
        detector.
    """
    found = find(name_or_path, "detection")
    return LoadedDetector(build_detector(found), found.card)


def load_classifier(name_or_path: str | Path) -> LoadedClassifier:
    """Load a classifier, or several as one, by the name of an embedded model or its file.

    Parameters
    ----------
    name_or_path : str or Path
        See `napari_ggs.models.find`.

    Raises
    ------
    ModelError
        If there is no such model, its weights or members do not match its card, it is no
        classifier, or it is a child of a hierarchy, which knows too few classes to answer alone.
    """
    found = find(name_or_path, "classification")
    if found.card.is_child:
        raise ModelError(
            f"The model {found.card.name} knows only {', '.join(found.card.classes)}: it is a "
            "child of a hierarchy. Load the hierarchy (.json)."
        )
    return LoadedClassifier(build_classifier(found), found.card)


def verify(name_or_path: str | Path) -> ModelCard:
    """Check a model's SHA-256 and its members', and that it loads; return its card.

    Raises
    ------
    ModelError
        If it does not.
    """
    found = find(name_or_path)
    build(found)
    return found.card


def build(found: Found) -> AnyDetector | AnyClassifier:
    """Make what a card describes, from its weights or its members."""
    return build_detector(found) if found.card.task == "detection" else build_classifier(found)


def build_detector(found: Found) -> AnyDetector:
    """Make a detector; see `build`."""
    path, card = found
    if card.composite:
        parts = tuple(map(build_detector, members_of(found)))
        return _together(path, partial(FusedDetector, parts))
    assert card.mpp is not None
    assert card.max_radius_um is not None
    mean, std = _normalisation(card)
    network = _built(partial(CircleNet, card.architecture.backbone), card, path)
    _fill(network, _verified(path, card), path)
    return Detector(
        network=network,
        mpp=card.mpp,
        mean=mean,
        std=std,
        input_px=card.input_px,
        max_radius_um=card.max_radius_um,
    )


def build_classifier(found: Found) -> AnyClassifier:
    """Make a classifier; see `build`."""
    path, card = found
    if card.composite:
        first, *others = map(build_classifier, members_of(found))
        if card.architecture.kind == "hierarchy":
            return _together(path, partial(Hierarchy, first, tuple(others)))
        return _together(path, partial(Ensemble, (first, *others)))
    assert card.margin_um is not None
    mean, std = _normalisation(card)
    blank = partial(build_network, card.architecture.backbone, len(card.classes))
    network = _built(blank, card, path)
    _fill(network, _verified(path, card), path)
    return Classifier(
        network=network,
        scheme=card.scheme,
        margin_um=card.margin_um,
        input_px=card.input_px,
        mean=mean,
        std=std,
        temperature=card.temperature,
    )


def _together(path: Path, combine: Callable[[], Built]) -> Built:
    try:
        return combine()
    except ValueError as fault:
        raise ModelError(f"The members of {path} do not go together: {fault}.") from fault


def _normalisation(card: ModelCard) -> tuple[Triple, Triple]:
    assert card.mean is not None
    assert card.std is not None
    return card.mean, card.std


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
