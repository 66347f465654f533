"""Loading a model: verified against its card before anything is computed with it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from napari_ggs.classification import (
    AnyClassifier,
    Classifier,
    Ensemble,
    Hierarchy,
    build_network,
)
from napari_ggs.detection import AnyDetector, Detector, FusedDetector
from napari_ggs.detection.circlenet import CircleNet
from napari_ggs.devices import DeviceName, device_of
from napari_ggs.models.card import ModelCard, ModelError, Triple
from napari_ggs.models.engines import Engine
from napari_ggs.models.finding import Found, find, members_of
from napari_ggs.models.networks import network_of

Built = TypeVar("Built")


class LoadedDetector(NamedTuple):
    """A detector and its card."""

    detector: AnyDetector
    card: ModelCard


class LoadedClassifier(NamedTuple):
    """A classifier and its card."""

    classifier: AnyClassifier
    card: ModelCard


def load_detector(name_or_path: str | Path, device: DeviceName = "auto") -> LoadedDetector:
    """Load a detector, or several as one, by the name of an embedded model or its file.

    Parameters
    ----------
    name_or_path : str or Path
        See `napari_ggs.models.find`.
    device : {"auto", "cpu", "cuda"}
        Where it computes; "auto" takes a GPU if there is one.

    Raises
    ------
    ModelError
        If there is no such model, its weights or members do not match its card, or it is no
        detector.
    UserError
        If a GPU is asked for and there is none.
    """
    found = find(name_or_path, "detection")
    return LoadedDetector(build_detector(found, device_of(device)), found.card)


def load_classifier(name_or_path: str | Path, device: DeviceName = "auto") -> LoadedClassifier:
    """Load a classifier, or several as one, by the name of an embedded model or its file.

    Parameters
    ----------
    name_or_path : str or Path
        See `napari_ggs.models.find`.
    device : {"auto", "cpu", "cuda"}
        Where it computes; "auto" takes a GPU if there is one.

    Raises
    ------
    ModelError
        If there is no such model, its weights or members do not match its card, it is no
        classifier, or it is a child of a hierarchy, which knows too few classes to answer alone.
    UserError
        If a GPU is asked for and there is none.
    """
    found = find(name_or_path, "classification")
    if found.card.is_child:
        raise ModelError(
            f"The model {found.card.name} knows only {', '.join(found.card.classes)}: it is a "
            "child of a hierarchy. Load the hierarchy (.json)."
        )
    return LoadedClassifier(build_classifier(found, device_of(device)), found.card)


def verify(name_or_path: str | Path) -> ModelCard:
    """Check a model's SHA-256 and its members', and that it loads; return its card.

    Raises
    ------
    ModelError
        If it does not.
    """
    found = find(name_or_path)
    build(found, device_of("cpu"))
    return found.card


def build(found: Found, device: torch.device) -> AnyDetector | AnyClassifier:
    """Make what a card describes, from its weights or its members, to compute on a device."""
    maker = build_detector if found.card.task == "detection" else build_classifier
    return maker(found, device)


def build_detector(found: Found, device: torch.device) -> AnyDetector:
    """Make a detector; see `build`."""
    path, card = found
    if card.composite:
        parts = tuple(build_detector(member, device) for member in members_of(found))
        return _together(path, partial(FusedDetector, parts))
    assert card.mpp is not None
    assert card.max_radius_um is not None
    mean, std = _normalisation(card)
    blank = partial(CircleNet, card.architecture.backbone)
    network = network_of(blank, card, path, device)
    return Detector(
        network=network,
        mpp=card.mpp,
        mean=mean,
        std=std,
        input_px=card.input_px,
        max_radius_um=card.max_radius_um,
        engine=_engine(network, card, device),
    )


def build_classifier(found: Found, device: torch.device) -> AnyClassifier:
    """Make a classifier; see `build`."""
    path, card = found
    if card.composite:
        first, *others = (build_classifier(member, device) for member in members_of(found))
        if card.architecture.kind == "hierarchy":
            return _together(path, partial(Hierarchy, first, tuple(others)))
        return _together(path, partial(Ensemble, (first, *others)))
    assert card.margin_um is not None
    mean, std = _normalisation(card)
    blank = partial(build_network, card.architecture.backbone, len(card.classes))
    network = network_of(blank, card, path, device)
    return Classifier(
        network=network,
        scheme=card.scheme,
        margin_um=card.margin_um,
        input_px=card.input_px,
        mean=mean,
        std=std,
        temperature=card.temperature,
        engine=_engine(network, card, device),
    )


def _together(path: Path, combine: Callable[[], Built]) -> Built:
    try:
        return combine()
    except ValueError as fault:
        raise ModelError(f"The members of {path} do not go together: {fault}.") from fault


def _engine(network: nn.Module, card: ModelCard, device: torch.device) -> Engine | None:
    """What computes a network, if that is the processor."""
    if device.type != "cpu":
        return None
    return Engine(network, *_normalisation(card), card.input_px)


def _normalisation(card: ModelCard) -> tuple[Triple, Triple]:
    assert card.mean is not None
    assert card.std is not None
    return card.mean, card.std
