"""What every training shares: how it reports, how it is stopped, how its weights move."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_ggs.training.recipe import Optimiser
from napari_ggs.training.splits import TrainingError

if TYPE_CHECKING:
    from torch import nn, optim


class Confusion(NamedTuple):
    """How often which class was answered for which.

    Attributes
    ----------
    classes : tuple of str
    counts : tuple of tuple of int
        Truth by answer.
    """

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


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
    confusion : Confusion or None
        Of a classifier's last validation.
    """

    stage: Literal["data", "training"]
    done: int
    total: int
    loss: float = math.nan
    merit: float = math.nan
    confusion: Confusion | None = None


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


def optimiser_of(network: "nn.Module", settings: Optimiser) -> "optim.Optimizer":
    """The optimiser that a recipe asks for, over the weights of a network."""
    from torch import optim  # late, so that a window can read steps without torch

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
