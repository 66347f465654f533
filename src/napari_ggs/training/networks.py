"""Training one network, from published weights or from a parent, and saving what was trained."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from napari_ggs.cancelling import never
from napari_ggs.classification import Classifier, build_network
from napari_ggs.lesions import SCHEMES
from napari_ggs.models import Kind, composite_card, load_classifier, save_composite, save_model
from napari_ggs.training.classifier_card import card_of, notes_of, trained_with
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.fitting import fit
from napari_ggs.training.judging import Fitted
from napari_ggs.training.learning import DivergedError
from napari_ggs.training.origin import Origin, origin_of
from napari_ggs.training.splits import Split, TrainingError
from napari_ggs.training.state import State
from napari_ggs.training.steps import Progress, part_of, silent


class Run(NamedTuple):
    """What goes with a training beside its recipe and data.

    Attributes
    ----------
    progress : callable
        Called with a `TrainingStep` as it goes.
    stopped : callable
        Asked after each batch.
    recipe : str
        Name of the recipe's file, for the card.
    """

    progress: Progress = silent
    stopped: Callable[[], bool] = never
    recipe: str = ""

    def part(self, number: int, parts: int) -> "Run":
        """One of several trainings, counted from 0, of the same run."""
        return self._replace(progress=part_of(self.progress, number, parts))


def child_network(plan: ClassifierRecipe, parent: State, rows: Sequence[int]) -> nn.Module:
    """A parent's network that answers for some of its classes only (`rows` of its head)."""
    network = build_network(plan.network.backbone, len(rows), plan.network.dropout)
    own, chosen = network.state_dict(), list(rows)
    weights = {
        key: value if value.shape == own[key].shape else value[chosen]
        for key, value in parent.items()
    }
    network.load_state_dict(weights)
    return network


def train_new_network(plan: ClassifierRecipe, split: Split, out: Path, run: Run) -> Fitted:
    """Train a network for all classes of the recipe's scheme; its head follows from the seed.

    Where the recipe names a classifier to start from, all weights are its.
    """
    wanted, classes = plan.network, SCHEMES[plan.scheme].classes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        published = wanted.pretrained if wanted.start is None else False
        network = build_network(wanted.backbone, len(classes), wanted.dropout, published)
    origin = known_origin(plan, split)
    if wanted.start is not None:
        _start_from(network, wanted.start)
    return train_network(network, plan, split, classes, out, run, origin)


def known_origin(plan: ClassifierRecipe, split: Split) -> Origin:
    """The origin of a recipe's network, whose patients do not flatter the model's figures.

    Raises
    ------
    TrainingError
        If they would; see `Origin.refuse`.
    """
    wanted = plan.network
    origin = origin_of(wanted.start, "classification", wanted.backbone, wanted.pretrained)
    origin.refuse(choosing=split.validation.seen, testing=split.test.seen)
    return origin


def _start_from(network: nn.Module, model: Path) -> None:
    """Give a network all weights of a classifier."""
    classifier = load_classifier(model, "cpu").classifier
    try:
        if not isinstance(classifier, Classifier):
            raise RuntimeError("it is several networks")
        network.load_state_dict(classifier.network.state_dict())
    except RuntimeError as fault:
        raise TrainingError(
            f"{model} is a classifier of another architecture or other classes than the recipe's: "
            "correct start, backbone or scheme."
        ) from fault


def train_network(
    network: nn.Module,
    plan: ClassifierRecipe,
    split: Split,
    classes: Sequence[str],
    out: Path,
    run: Run,
    origin: Origin,
) -> Fitted:
    """Train a network, calibrate it and save it with its card at its best.

    Also if the loss is no longer a number: the best before that is saved, then the error goes
    on its way.
    """
    try:
        fitted = fit(network, plan, split, classes, out, progress=run.progress, stopped=run.stopped)
    except DivergedError as fault:
        if fault.best is None:
            raise
        _save(fault.best, plan, split, classes, out, run, origin)
        raise DivergedError(f"{fault} The best model so far is {out}.") from fault
    _save(fitted, plan, split, classes, out, run, origin)
    return fitted


def _save(
    fitted: Fitted,
    plan: ClassifierRecipe,
    split: Split,
    classes: Sequence[str],
    out: Path,
    run: Run,
    origin: Origin,
) -> None:
    save_model(fitted.state, card_of(fitted, plan, classes, split, run.recipe, origin), out)


def save_together(
    plan: ClassifierRecipe, kind: Kind, members: Sequence[Path], out: Path, run: Run, **about: Any
) -> Path:
    """Save a composite of models beside them, as ``out`` ending in .json."""
    about |= {"notes": notes_of(plan), "trained_with": trained_with(run.recipe)}
    card = composite_card(plan.name, kind, members, **about)
    return save_composite(card, out.with_suffix(".json"))
