"""A network that learns: one mini-batch, one step, all random parts by its number."""

import math

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_ggs.classification import as_input, normalisation
from napari_ggs.training.batches import Batch
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.judging import Fitted
from napari_ggs.training.losses import class_weights, focal_loss
from napari_ggs.training.mixing import mix
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.state import State, optimiser_tensors, restore_optimiser
from napari_ggs.training.steps import optimiser_of

WARM_UP = 0.05
"""Share of the training in which a cosine schedule raises the learning rate."""


class DivergedError(TrainingError):
    """A loss that is no longer a number; ``best`` is the best network before, if there is one."""

    best: Fitted | None = None


class Learner:
    """A network, its optimiser and what they follow.

    Parameters
    ----------
    network : nn.Module
    recipe : ClassifierRecipe
    targets : ndarray of int, shape (n,)
        Class indices of all examples, for the weights of the classes.
    classes : int
    total : int
        Steps of the whole training.
    device : torch.device
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: ClassifierRecipe,
        targets: NDArray[np.intp],
        classes: int,
        total: int,
        device: torch.device,
    ) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.recipe, self.classes, self.total, self.device = recipe, classes, total, device
        self.optimiser = optimiser_of(network, recipe.optimiser)
        self.weights = (
            class_weights(torch.from_numpy(targets), classes).to(device)
            if recipe.loss.class_weights
            else None
        )
        self.normalisation = normalisation(recipe.network.backbone)

    def rate(self, step: int) -> float:
        """The learning rate of a step (counted from 0)."""
        lr, done = self.recipe.optimiser.lr, (step + 1) / self.total
        match self.recipe.schedule.decay:
            case "cosine":
                return lr * min(done / WARM_UP, 1.0) * (1 + math.cos(math.pi * done)) / 2
            case "half":
                return lr if 2 * step < self.total else lr / 10
        return lr

    def learn(self, batch: Batch, step: int) -> float:
        """Learn from a batch; return its loss.

        Raises
        ------
        DivergedError
            If the loss is no longer a number.
        """
        rng = self._seeded(step)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(step)
        loss = self.loss(batch, rng)
        if not bool(loss.isfinite()):
            raise DivergedError(
                "The loss is no longer a number: lower the recipe's learning rate "
                f"(now {self.recipe.optimiser.lr:g}), then begin again with --no-resume."
            )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def loss(self, batch: Batch, rng: Generator) -> Tensor:
        """The loss of a batch, mixed as the recipe says."""
        self.network.train()
        images = as_input(batch.images, *self.normalisation, self.device)
        shares = nn.functional.one_hot(torch.from_numpy(batch.targets), self.classes)
        mixed = mix(images, shares.float().to(self.device), rng, self.recipe.mixing)
        return focal_loss(
            self.network(mixed.images), mixed.shares, self.recipe.loss.gamma, self.weights
        )

    def _seeded(self, step: int) -> Generator:
        """Let dropout, and what the generator draws, follow from the step's number alone."""
        seeds = np.random.SeedSequence([self.recipe.seed, step, 1])
        torch.manual_seed(int(seeds.generate_state(1)[0]))
        return np.random.default_rng(seeds)

    def parts(self) -> dict[str, State]:
        """What goes into the state on disk."""
        return {
            "network": self.network.state_dict(),
            "optimiser": optimiser_tensors(self.optimiser),
        }

    def restore(self, parts: dict[str, State]) -> None:
        """Take back what `parts` gave."""
        self.network.load_state_dict(parts["network"])
        restore_optimiser(self.optimiser, parts.get("optimiser", {}))
