"""What every training shares: how it reports, how it is stopped, how its weights move."""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import nn, optim

from napari_ggs.training.recipe import Optimiser


class TrainingStep(NamedTuple):
    """Where a training is.

    Attributes
    ----------
    stage : {"data", "training"}
    done, total : int
        Phantom slides or batches.
    loss : float
        A running mean; NaN before there is one.
    merit : float
        Of the last validation: AP50 of a detector, balanced accuracy of a classifier; NaN before
        there is one.
    """

    stage: Literal["data", "training"]
    done: int
    total: int
    loss: float = math.nan
    merit: float = math.nan


Progress = Callable[[TrainingStep], None]


def silent(_: TrainingStep) -> None:
    """Nobody watches."""


def never() -> bool:
    """Nobody stops it."""
    return False


def optimiser_of(network: nn.Module, settings: Optimiser) -> optim.Optimizer:
    """The optimiser that a recipe asks for, over the weights of a network."""
    weights, lr, decay = network.parameters(), settings.lr, settings.weight_decay
    if settings.name == "sgd":
        return optim.SGD(weights, lr=lr, momentum=settings.momentum, weight_decay=decay)
    return optim.Adam(weights, lr=lr, weight_decay=decay)
