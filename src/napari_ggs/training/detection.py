"""Training a detector: a recipe in, a model out."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from napari_ggs.classification import build_network, normalisation
from napari_ggs.detection import CircleNet, Detector
from napari_ggs.files import make_folder
from napari_ggs.models import (
    RESEARCH_ONLY,
    Architecture,
    ModelCard,
    PatientsSeen,
    TrainedWith,
    save_model,
)
from napari_ggs.training.circles_data import FINE, Field
from napari_ggs.training.detection_fitting import fit
from napari_ggs.training.detection_recipe import DetectorRecipe, Network
from napari_ggs.training.detection_scores import figures, find
from napari_ggs.training.detection_sources import Fields, described, fields_of
from napari_ggs.training.detection_state import Best
from napari_ggs.training.detection_windows import Windows
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.steps import Progress, TrainingStep, never, silent

PUBLISHED_NORMALISATION = ((0.470, 0.447, 0.408), (0.278, 0.274, 0.289))
"""Of the published DLA-34 network, here in the order RGB (its code has BGR)."""

State = dict[str, torch.Tensor]


def train_detector(
    recipe: Path, out: Path, progress: Progress = silent, stopped: Callable[[], bool] = never
) -> Path:
    """Train a detector and save it with its card.

    Everything random follows from the recipe's seed. The state is kept beside `out`, as
    ``<out>.training.safetensors``, until the model is saved; the same command goes on from it.

    Parameters
    ----------
    recipe : Path
        A TOML file; see `DetectorRecipe`.
    out : Path
        The model's .safetensors file.
    progress : callable
        Called with a `TrainingStep` as it goes.
    stopped : callable
        Asked after each batch; then the best network so far is what is saved.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault.
    """
    plan = load_recipe(recipe, DetectorRecipe)
    _check_place(out)
    sources = _gather(plan, progress)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        detector = build_detector(plan.network)
    kept = out.with_name(f"{out.stem}.training.safetensors")
    selection = [field for source in sources for field in source.selection]
    windows = _windows(plan, sources)
    best = fit(detector, plan, windows, selection, kept, progress=progress, stopped=stopped)
    detector.network.load_state_dict(best.state)
    detector.network.eval()
    save_model(best.state, _card(plan, sources, detector, best, recipe.name), out)
    kept.unlink(missing_ok=True)
    return out


def _check_place(out: Path) -> None:
    """Find out now, and not after half an hour, that the model cannot be saved."""
    if out.suffix != ".safetensors":
        raise TrainingError(f"{out} is no name for a model: end it in .safetensors.")
    make_folder(out.parent)


def build_detector(wanted: Network) -> Detector:
    """A detector to be trained; its backbone is pretrained where the recipe says so.

    Raises
    ------
    BackboneError
        If there is no such backbone, or its weights are not to be had here.
    """
    network = CircleNet(wanted.backbone, wanted.width, wanted.deepest)
    if wanted.pretrained:
        _start_from_published(network, wanted.backbone)
    mean, std = (
        PUBLISHED_NORMALISATION if wanted.backbone == "dla34" else normalisation(wanted.backbone)
    )
    return Detector(network, wanted.mpp, mean, std, wanted.input_px, wanted.max_radius_um)


def _start_from_published(network: CircleNet, backbone: str) -> None:
    """Give the backbone the published weights, as far as it goes."""
    weights = build_network(backbone, 1, pretrained=True).state_dict()
    start = network.get_submodule("base" if backbone == "dla34" else "features.model")
    start.load_state_dict({key: weights[key] for key in start.state_dict()})


def _gather(plan: DetectorRecipe, progress: Progress) -> list[Fields]:
    def drawn(done: int, total: int) -> None:
        progress(TrainingStep("data", done, total))

    sources = [fields_of(source, plan.network.mpp / FINE, drawn) for source in plan.data]
    if not any(len(field.circles) for source in sources for field in source.training):
        raise TrainingError(
            "There is no glomerulus to learn from in the recipe's data: add labelled fields."
        )
    return sources


def _windows(plan: DetectorRecipe, sources: list[Fields]) -> Windows:
    pairs = [
        (source.training, entry.weight)
        for source, entry in zip(sources, plan.data, strict=True)
        if source.training
    ]
    fields, weights = zip(*pairs, strict=True)
    return Windows(
        fields, weights, plan.window_px, plan.augmentation, plan.on_glomerulus, plan.seed
    )


def _card(
    plan: DetectorRecipe, sources: list[Fields], detector: Detector, best: Best, recipe: str
) -> ModelCard:
    wanted = plan.network
    return ModelCard(
        name=plan.name,
        task="detection",
        architecture=Architecture(
            kind="circlenet",
            backbone=wanted.backbone,
            parameters={"width": wanted.width, "deepest": wanted.deepest},
        ),
        classes=("glomerulus",),
        mpp=detector.mpp,
        max_radius_um=detector.max_radius_um,
        input_px=detector.input_px,
        mean=detector.mean,
        std=detector.std,
        t_det=plan.t_det,
        data=tuple(described(source) for source in plan.data),
        labelled_by=plan.labelled_by,
        metrics=_metrics(plan, sources, detector, best),
        parents=(f"{wanted.backbone} (ImageNet)",) if wanted.pretrained else (),
        patients_seen=PatientsSeen(
            training=_names(field for source in sources for field in source.training),
            selection=_names(field for source in sources for field in source.selection),
        ),
        notes=f"{RESEARCH_ONLY} {plan.notes}".strip(),
        trained_with=TrainedWith(recipe=recipe, command=" ".join(sys.argv)),
    )


def _metrics(
    plan: DetectorRecipe, sources: list[Fields], detector: Detector, best: Best
) -> dict[str, float]:
    """Figures on the fields that chose the model, and on those that it never saw."""
    metrics = {"step": float(best.step)}
    for prefix in ("selection", "test"):
        fields = [field for source in sources for field in getattr(source, prefix)]
        if fields:
            found = [find(detector, field) for field in fields]
            metrics |= figures(found, plan.t_det, prefix)
    return metrics


def _names(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(field.name for field in fields))
