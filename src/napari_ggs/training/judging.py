"""Judging a network on the validation patches, after each epoch."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_ggs.classification import as_input, normalisation
from napari_ggs.evaluation import balanced_accuracy, confusion, cross_entropy_at, macro_f1
from napari_ggs.training.augment import Images
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.jitter import varied
from napari_ggs.training.moving import crops_of, moved_crops
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.state import State


@dataclass(frozen=True)
class Fitted:
    """A network after some epoch, and what it answers on the validation patches.

    Attributes
    ----------
    state : dict of str to Tensor
    logits : ndarray, shape (n, k)
    truth : ndarray of int, shape (n,)
    epoch : int
        Counted from 1.
    """

    state: State
    logits: NDArray[np.float64]
    truth: NDArray[np.intp]
    epoch: int

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """Truth by answer."""
        return confusion(self.truth, self.logits.argmax(axis=1), range(self.logits.shape[1]))

    @property
    def balanced_accuracy(self) -> float:
        """By which the best network is chosen."""
        return balanced_accuracy(self.matrix)

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that occur or are answered."""
        return macro_f1(self.matrix)

    @property
    def merit(self) -> tuple[float, float]:
        """Balanced accuracy; where that is equal, the smaller loss."""
        return self.balanced_accuracy, -cross_entropy_at(self.logits, self.truth)


class Judge:
    """The validation patches, ready for the network.

    Parameters
    ----------
    patches : PatchSet
    truth : ndarray of int, shape (n,)
    recipe : ClassifierRecipe
    """

    def __init__(
        self, patches: PatchSet, truth: NDArray[np.intp], recipe: ClassifierRecipe
    ) -> None:
        self.truth, self.recipe = truth, recipe
        self.normalisation = normalisation(recipe.network.backbone)
        self.images = _images(patches, recipe)

    def __call__(self, network: nn.Module, epoch: int) -> Fitted:
        """Judge a network as it is after an epoch."""
        network.eval()
        device = next(network.parameters()).device
        starts = range(0, len(self.images), self.recipe.batch)
        parts = (self.images[i : i + self.recipe.batch] for i in starts)
        with torch.inference_mode():
            answers = [network(as_input(part, *self.normalisation, device)) for part in parts]
        logits = torch.cat(answers).double().cpu().numpy()
        state = {key: _copy(value) for key, value in network.state_dict().items()}
        return Fitted(state, logits, self.truth, epoch)


def _copy(value: Tensor) -> Tensor:
    return value.detach().to("cpu", copy=True)


def _images(patches: PatchSet, recipe: ClassifierRecipe) -> Images:
    px, settings = recipe.network.input_px, recipe.augmentation
    if not settings.validation:
        return crops_of(patches, px)
    rng = np.random.default_rng([recipe.seed, 1])
    return varied(moved_crops(patches, px, rng, settings), rng, settings)
