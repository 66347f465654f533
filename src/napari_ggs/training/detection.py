"""Training a detector: a recipe in, a model out."""

from collections.abc import Callable
from pathlib import Path

import torch

from napari_ggs.cancelling import never
from napari_ggs.classification import build_network, normalisation
from napari_ggs.detection import CircleNet, Detector
from napari_ggs.devices import DeviceName, device_of
from napari_ggs.models import load_detector, save_model
from napari_ggs.training.detection_card import card_of
from napari_ggs.training.detection_fitting import fit
from napari_ggs.training.detection_learning import DivergedError
from napari_ggs.training.detection_pixels import FINE
from napari_ggs.training.detection_places import Shares
from napari_ggs.training.detection_recipe import DetectorRecipe, Network
from napari_ggs.training.detection_sources import Fields, fields_of, one_side_each
from napari_ggs.training.detection_state import Best
from napari_ggs.training.detection_windows import Windows
from napari_ggs.training.origin import origin_of
from napari_ggs.training.places import check_place, refuse_finished
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import Progress, drawing, silent

PUBLISHED_NORMALISATION = ((0.470, 0.447, 0.408), (0.278, 0.274, 0.289))
"""Of the published DLA-34 network, here in the order RGB (its code has BGR)."""


def train_detector(
    recipe: Path,
    out: Path,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    *,
    resume: bool = True,
    device: DeviceName | None = None,
) -> Path:
    """Train a detector and save it with its card.

    Everything random follows from the recipe's seed. The state is kept beside `out` until the
    training is done (`state_path`); the same command goes on from it, to the same weights.

    Parameters
    ----------
    recipe : Path
        A TOML file; see `DetectorRecipe`.
    out : Path
        The model's .safetensors file.
    progress : callable
        Called with a `TrainingStep` as it goes.
    stopped : callable
        Asked after each batch; once it says True, the best network so far is what is saved. The
        same training can go on later. Also asked while phantoms are drawn.
    resume : bool
        Whether to go on from the state beside `out` of a training that was cut off or stopped;
        a finished model there is then refused.
    device : str, optional
        In place of the recipe's.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault, the state is of another
        training, the model is finished already, or the loss is no longer a number (then the best
        so far is saved).
    StoppedError
        If it was stopped while phantoms were drawn.
    """
    plan = load_recipe(recipe, DetectorRecipe)
    plan = plan.model_copy(update={"device": device}) if device else plan
    return train_detector_on(plan, out, progress, stopped, resume=resume, recipe=recipe.name)


def train_detector_on(
    plan: DetectorRecipe,
    out: Path,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    *,
    resume: bool = True,
    recipe: str = "",
) -> Path:
    """As `train_detector`, from a recipe that is read; `recipe` is its name for the card."""
    device_of(plan.device)
    check_place(out)
    out = out.with_suffix(".safetensors")
    state = state_path(out)
    if resume:
        refuse_finished([out], [state])
    else:
        state.unlink(missing_ok=True)
    sources = _gather(plan, progress, stopped)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        detector = build_detector(plan.network)
    selection = [field for source in sources for field in source.selection]
    try:
        best = fit(
            detector, plan, _windows(plan, sources), selection, out,
            progress=progress, stopped=stopped,
        )  # fmt: skip
    except DivergedError as fault:
        if not fault.best.step:
            raise
        _save(plan, sources, detector, fault.best, recipe, out)
        message = f"{fault} The best model so far is {out}."
        raise DivergedError(message, fault.best) from fault
    _save(plan, sources, detector, best, recipe, out)
    if not stopped():
        state.unlink(missing_ok=True)
    return out


def _save(
    plan: DetectorRecipe,
    sources: list[Fields],
    detector: Detector,
    best: Best,
    recipe: str,
    out: Path,
) -> None:
    detector.network.load_state_dict(best.state)
    detector.network.eval()
    save_model(best.state, card_of(plan, sources, detector, best, recipe), out)


def build_detector(wanted: Network) -> Detector:
    """A detector to be trained; its backbone is pretrained where the recipe says so.

    Raises
    ------
    BackboneError
        If there is no such backbone, or its weights are not to be had here.
    """
    network = CircleNet(wanted.backbone, wanted.width, wanted.deepest)
    if wanted.start is not None:
        _start_from(network, wanted.start)
    elif wanted.pretrained:
        _start_from_published(network, wanted.backbone, wanted.pretrained)
    mean, std = (
        PUBLISHED_NORMALISATION if wanted.backbone == "dla34" else normalisation(wanted.backbone)
    )
    return Detector(network, wanted.mpp, mean, std, wanted.input_px, wanted.max_radius_um)


def _start_from(network: CircleNet, model: Path) -> None:
    """Give the network all weights of another detector of its architecture."""
    loaded = load_detector(model, "cpu").detector
    try:
        if not isinstance(loaded, Detector):
            raise RuntimeError("it is several networks")
        network.load_state_dict(loaded.network.state_dict())
    except RuntimeError as fault:
        raise TrainingError(
            f"{model} is a detector of another architecture than the recipe's network: correct "
            "start, backbone, width or deepest."
        ) from fault


def _start_from_published(network: CircleNet, backbone: str, pretrained: bool | str) -> None:
    """Give the backbone the published weights, as far as it goes."""
    weights = build_network(backbone, 1, pretrained=pretrained).state_dict()
    start = network.get_submodule("base" if backbone == "dla34" else "features.model")
    start.load_state_dict({key: weights[key] for key in start.state_dict()})


def _gather(plan: DetectorRecipe, progress: Progress, stopped: Callable[[], bool]) -> list[Fields]:
    drawn, wanted = drawing(progress, stopped), plan.network
    origin = origin_of(wanted.start, "detection", wanted.backbone, wanted.pretrained)
    taught, mpp = origin.patients.training, wanted.mpp / FINE
    sources = [fields_of(source, mpp, drawn, taught) for source in plan.data]
    if not any(len(field.circles) for source in sources for field in source.training):
        raise TrainingError(
            "There is no glomerulus to learn from in the recipe's data: add labelled fields."
        )
    one_side_each(sources)
    choosing = (name for source in sources for field in source.selection for name in field.seen)
    testing = (name for source in sources for field in source.test for name in field.seen)
    origin.refuse(choosing=choosing, testing=testing)
    return sources


def _windows(plan: DetectorRecipe, sources: list[Fields]) -> Windows:
    pairs = [
        (source.training, entry.weight)
        for source, entry in zip(sources, plan.data, strict=True)
        if source.training
    ]
    fields, weights = zip(*pairs, strict=True)
    shares = Shares(plan.on_glomerulus, plan.on_hard_negative)
    return Windows(fields, weights, plan.window_px, plan.augmentation, shares, plan.seed)
