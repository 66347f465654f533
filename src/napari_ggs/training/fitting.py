"""The training loop of a classifier: mini-batches, epochs, the best network so far."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_ggs.classification import as_input
from napari_ggs.lesions import Scheme
from napari_ggs.training.augment import Images, appearance
from napari_ggs.training.batches import Batch, batches
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.losses import class_weights, focal_loss
from napari_ggs.training.moving import moved_crops
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.scores import balanced_accuracy, confusion, cross_entropy_at
from napari_ggs.training.splits import Split, TrainingError
from napari_ggs.training.steps import Progress, TrainingStep, optimiser_of

WARM_UP = 0.05
"""Share of the training in which a cosine schedule raises the learning rate."""

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Fitted:
    """The best network of a training, and what it answers on the validation patches.

    Attributes
    ----------
    state : dict of str to Tensor
    logits : ndarray, shape (n, k)
    truth : ndarray of int, shape (n,)
    epoch : int
        Counted from 1.
    """

    state: dict[str, Tensor]
    logits: NDArray[np.float64]
    truth: NDArray[np.intp]
    epoch: int

    @property
    def merit(self) -> tuple[float, float]:
        """Balanced accuracy; where that is equal, the smaller loss."""
        k = self.logits.shape[1]
        matrix = confusion(self.truth, self.logits.argmax(axis=1), k)
        return balanced_accuracy(matrix), -cross_entropy_at(self.logits, self.truth)


def fit(
    network: nn.Module,
    recipe: ClassifierRecipe,
    split: Split,
    scheme: Scheme,
    normalisation: tuple[Triple, Triple],
    *,
    progress: Progress,
    stopped: Callable[[], bool],
    improved: Callable[[Fitted], object],
) -> Fitted:
    """Train a network and return it at its best on the validation patches.

    Validation patches are moved and varied too, by one fixed draw, so that what is chosen also
    holds for other stains and imperfect circles.

    Parameters
    ----------
    improved : callable
        Called with each new best.

    Raises
    ------
    TrainingError
        If the loss is no longer a number.
    """
    loop = _Loop(network, recipe, split, scheme, normalisation)
    best: Fitted | None = None
    for fitted in loop.epochs(progress, stopped):
        if best is None or fitted.merit > best.merit:
            best = fitted
            improved(best)
    assert best is not None, "a recipe has at least one epoch"
    return best


class _Loop:
    def __init__(
        self,
        network: nn.Module,
        recipe: ClassifierRecipe,
        split: Split,
        scheme: Scheme,
        normalisation: tuple[Triple, Triple],
    ) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.recipe, self.split, self.normalisation = recipe, split, normalisation
        self.targets = _indices(split.training, scheme)
        self.optimiser = optimiser_of(network, recipe.optimiser)
        self.total = sum(s.epochs for s in recipe.schedule.stages)
        self.total *= recipe.schedule.batches_per_epoch
        self.weights = (
            class_weights(torch.from_numpy(self.targets), len(scheme.classes))
            if recipe.loss.class_weights
            else None
        )
        self.truth = _indices(split.validation, scheme)
        self.held_out = self._validation_images()

    def epochs(self, progress: Progress, stopped: Callable[[], bool]) -> Iterator[Fitted]:
        length, accuracy = self.recipe.schedule.batches_per_epoch, math.nan
        drawn = batches(self.split.training, self.targets, self.recipe)
        losses: list[float] = []
        for done, batch in enumerate(drawn, start=1):
            losses.append(self._step(batch, done))
            progress(TrainingStep("training", done, self.total, float(np.mean(losses)), accuracy))
            last = stopped()
            if done % length == 0 or last:
                fitted = self._validate(math.ceil(done / length))
                accuracy = fitted.merit[0]
                losses.clear()
                yield fitted
            if last:
                return

    def _step(self, batch: Batch, done: int) -> float:
        """Learn from one batch; returns its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.optimiser.lr * self._rate(done)
        self.network.train()
        logits = self.network(as_input(batch.images, *self.normalisation))
        targets = torch.from_numpy(batch.targets)
        loss = focal_loss(logits, targets, self.recipe.loss.gamma, self.weights)
        if not bool(loss.isfinite()):
            raise TrainingError(
                "The loss is no longer a number: lower the recipe's learning rate "
                f"(now {self.recipe.optimiser.lr:g}). The best model so far is kept."
            )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def _rate(self, done: int) -> float:
        """The share of the learning rate at a batch."""
        if self.recipe.schedule.decay == "none":
            return 1.0
        falling = (1 + math.cos(math.pi * done / self.total)) / 2
        return min(done / (WARM_UP * self.total), 1.0) * falling

    def _validation_images(self) -> Images:
        rng = np.random.default_rng([self.recipe.seed, 1])
        held_out, settings = self.split.validation, self.recipe.augmentation
        parts = np.array_split(np.arange(len(held_out)), math.ceil(len(held_out) / 32))
        crops = (
            moved_crops(held_out.where(part), self.recipe.network.input_px, rng, settings)
            for part in parts
        )
        return np.concatenate([appearance(part, rng, settings) for part in crops])

    def _validate(self, epoch: int) -> Fitted:
        self.network.eval()
        batches = np.array_split(self.held_out, math.ceil(len(self.held_out) / 8))
        with torch.inference_mode():
            answers = [self.network(as_input(part, *self.normalisation)) for part in batches]
        logits = torch.cat(answers).double().numpy()
        state = {key: value.detach().clone() for key, value in self.network.state_dict().items()}
        return Fitted(state, logits, self.truth, epoch)


def _indices(patches: PatchSet, scheme: Scheme) -> NDArray[np.intp]:
    return np.array([scheme.classes.index(label) for label in patches.labels], dtype=np.intp)
