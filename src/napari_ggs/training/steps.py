"""What every training shares: how it reports, how it is stopped, how its weights move."""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import nn, optim

from napari_ggs.training.recipe import Optimiser
from napari_ggs.training.splits import TrainingError


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


class StoppedError(TrainingError):
    """A training that was stopped before there was anything to save."""


def drawing(progress: Progress, stopped: Callable[[], bool]) -> Callable[[int, int], None]:
    """What is called as phantoms are drawn, with how many are done and how many there are.

    It reports them, and raises `StoppedError` once somebody stops the training.
    """

    def drawn(done: int, total: int) -> None:
        progress(TrainingStep("data", done, total))
        if stopped():
            raise StoppedError(
                "Stopped before there was anything to save: the data were not all drawn yet. The "
                "same command begins again."
            )

    return drawn


def optimiser_of(network: nn.Module, settings: Optimiser) -> optim.Optimizer:
    """The optimiser that a recipe asks for, over the weights of a network."""
    weights, lr, decay = network.parameters(), settings.lr, settings.weight_decay
    if settings.name == "sgd":
        return optim.SGD(weights, lr=lr, momentum=settings.momentum, weight_decay=decay)
    return optim.Adam(weights, lr=lr, weight_decay=decay)


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """Report a training that is one of several (counted from 0) as a part of the whole."""

    def report(step: TrainingStep) -> None:
        done = number * step.total + step.done
        progress(step._replace(done=done, total=parts * step.total))

    return report
