"""Published checkpoints become models of ours; what cannot is refused with the reason."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from napari_ggs.classification import build_network
from napari_ggs.detection import CircleNet
from napari_ggs.glomeruli import MARGIN_UM
from napari_ggs.lesions import SCHEMES, Scheme, part_of
from napari_ggs.models.card import RESEARCH_ONLY, ModelCard, ModelError
from napari_ggs.models.checkpoints import State, read_checkpoint
from napari_ggs.models.layouts import (
    HALF,
    IMAGENET,
    LAYOUTS,
    Layout,
    Normalisation,
    layout_of,
    resemblance,
)
from napari_ggs.models.saving import save_model
from napari_ggs.tile_size import too_small

NORMALISATIONS: Mapping[str, Normalisation] = MappingProxyType(
    {"imagenet": IMAGENET, "half": HALF, "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))}
)
"""What is done to pixels of 0..1: ImageNet's mean and deviation, to -1..1, nothing."""

MAX_RADIUS_UM = 200.0


@dataclass(frozen=True)
class ImportSettings:
    """What a checkpoint does not say.

    Attributes
    ----------
    classes : tuple of str
        The class of each output of a classifier, in the file's order: the sources number them
        differently. The model has them in the order of their scheme.
    mpp : float
        Microns per pixel of a detector's images; CircleNet's authors ran it at 4.
    margin_um : float
        Margin of a classifier's crops.
    input_px : int or None
        Side of the input; 512 for a detector and 224 for a classifier, as the authors', if None.
    normalisation : {"imagenet", "half", "none"} or None
        What images were normalised with; what the layout's makers use, if None.
    """

    classes: tuple[str, ...] = ()
    mpp: float = 4.0
    margin_um: float = MARGIN_UM
    input_px: int | None = None
    normalisation: str | None = None


def import_model(source: Path, out: Path, settings: ImportSettings | None = None) -> Path:
    """Turn a published checkpoint into a model with a card, its weights in single precision.

    Parameters
    ----------
    source : Path
        CircleNet over DLA-34 (.pth), or a classifier: BiT (.npz, .pth.tar), ResNet or
        EfficientNet (.pth.tar). See `napari_ggs.models.layouts` and REFERENCE.md sections 2, 3.
    out : Path
        The model's .safetensors file; its stem is the model's name.
    settings : ImportSettings, optional

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ModelError
        If the file holds no network that is known here, or the classes do not fit it.
    """
    given = settings or ImportSettings()
    state = read_checkpoint(source)
    layout = layout_of(state)
    if layout is None:
        raise ModelError(_unknown(source, state))
    backbone, weights = _fitted(source, layout, layout.renamed(state))
    task = _classifier if layout.head else _detector
    weights, about = task(source, layout, weights, given)
    choice = given.normalisation
    mean, std = NORMALISATIONS[choice] if choice else layout.normalisation
    about |= {"name": out.stem, "mean": mean, "std": std, "notes": _notes(layout)}
    about |= {"parents": (f"{source.name} (SHA-256 {_sha256(source)})",)}
    about["architecture"] |= {"backbone": backbone}
    return save_model(weights, ModelCard.model_validate(about), out, torch.float32)


def _notes(layout: Layout) -> str:
    return f"{RESEARCH_ONLY} Imported: {layout.title}. The file does not say what it learnt from."


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _detector(
    source: Path, _: Layout, weights: State, given: ImportSettings
) -> tuple[State, dict[str, Any]]:
    if given.classes:
        raise ModelError(
            f"{source} holds a detector, which has no classes to name: leave them out."
        )
    side = given.input_px or 512
    if fault := too_small(given.mpp, side):
        raise ModelError(f"{source} cannot be imported so: {fault}.")
    return weights, {
        "task": "detection",
        "architecture": {"kind": "circlenet"},
        "classes": ("glomerulus",),
        "mpp": given.mpp,
        "max_radius_um": MAX_RADIUS_UM,
        "input_px": side,
    }


def _classifier(
    source: Path, layout: Layout, weights: State, given: ImportSettings
) -> tuple[State, dict[str, Any]]:
    last = [f"{layout.head}.weight", f"{layout.head}.bias"]
    scheme = _scheme(source, len(weights[last[1]]), given.classes)
    order = [given.classes.index(name) for name in scheme.classes]
    return weights | {name: weights[name][order] for name in last}, {
        "task": "classification",
        "architecture": {"kind": "classifier"},
        "classes": scheme.classes,
        "margin_um": given.margin_um,
        "input_px": given.input_px or 224,
    }


def _scheme(source: Path, outputs: int, classes: tuple[str, ...]) -> Scheme:
    """The scheme, or the part of one, that has the given classes in another order perhaps."""
    if len(classes) != outputs:
        raise ModelError(
            f"{source} has {outputs} outputs, and {len(classes)} classes are named. Name the class "
            f"of each output in the file's order, such as: {', '.join(SCHEMES['ggs'].classes)}."
        )
    for scheme in SCHEMES.values():
        ordered = tuple(name for name in scheme.classes if name in classes)
        if sorted(ordered) == sorted(classes):
            return part_of(ordered)
    known = "; ".join(f"{s.name}: {', '.join(s.classes)}" for s in SCHEMES.values())
    raise ModelError(f"No scheme has the classes {', '.join(classes)}. Known schemes: {known}.")


def _fitted(source: Path, layout: Layout, weights: State) -> tuple[str, State]:
    """The backbone that the weights fit, and they with counters that old files lack."""
    head = weights.get(f"{layout.head}.bias")
    outputs = 1 if head is None else len(head)
    closest: tuple[str, list[str]] | None = None
    for backbone in layout.backbones:
        wanted = _blank(layout, backbone, outputs)
        counters = {name for name in wanted if name.endswith("num_batches_tracked")}
        whole = {name: torch.tensor(0) for name in counters} | weights
        differences = _differences(whole, wanted)
        if not differences:
            return backbone, whole
        if closest is None or len(differences) < len(closest[1]):
            closest = backbone, differences
    assert closest is not None
    backbone, differences = closest
    raise ModelError(
        f"{source} is named as {layout.title}, but is no {backbone}, the closest that can be "
        f"imported: {len(differences)} weights differ, such as {'; '.join(differences[:3])}."
    )


def _blank(layout: Layout, backbone: str, outputs: int) -> dict[str, Tensor]:
    """Names and shapes of one of our networks."""
    with torch.device("meta"):
        network = build_network(backbone, outputs) if layout.head else CircleNet(backbone)
        return dict(network.state_dict())


def _differences(found: State, wanted: Mapping[str, Tensor]) -> list[str]:
    strange = [f"unexpected {_seen(name, found)}" for name in found if name not in wanted]
    missing = [f"missing {_seen(name, wanted)}" for name in wanted if name not in found]
    other = [
        f"{_seen(name, found)} in place of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    return other + strange + missing


def _seen(name: str, state: Mapping[str, Tensor]) -> str:
    return f"{name} {tuple(state[name].shape)}"


def _unknown(source: Path, state: State) -> str:
    known = "; ".join(layout.title for layout in LAYOUTS)
    return (
        f"{source} cannot be imported: it looks like {resemblance(state)} ({len(state)} weights, "
        f"first {_seen(next(iter(state)), state)}). What can be: {known}."
    )
