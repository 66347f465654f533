"""The recipe of a classifier; see ``recipes/classifier_*.toml``."""

from typing import Literal

from pydantic import Field, PositiveInt

from napari_ggs.training.recipe import Augmentation, Optimiser, Recipe, Section
from napari_ggs.training.sources import Source


class Stage(Section):
    """Epochs at one size of the input; small sizes first save time."""

    px: PositiveInt
    epochs: PositiveInt


class Schedule(Section):
    """How long to train.

    Attributes
    ----------
    stages : list of Stage
        One after the other.
    batches_per_epoch : int
    decay : {"cosine", "none"}
        "cosine" raises the learning rate over the first twentieth and lowers it to 0; "none" keeps
        it.
    """

    stages: tuple[Stage, ...] = Field(min_length=1)
    batches_per_epoch: PositiveInt
    decay: Literal["cosine", "none"] = "none"


class Network(Section):
    """What is trained.

    Attributes
    ----------
    backbone : str
        See `napari_ggs.classification.BACKBONES`.
    input_px : int
        Of the finished model, and of validation.
    dropout : float
        Before the head.
    pretrained : bool
    """

    backbone: str
    input_px: PositiveInt = 256
    dropout: float = Field(default=0.5, ge=0, lt=1)
    pretrained: bool = True


class Loss(Section):
    """Focal loss; gamma 0 is cross entropy."""

    gamma: float = Field(default=2.5, ge=0)
    class_weights: bool = False


class ClassifierRecipe(Recipe):
    """Everything that makes a classifier.

    Attributes
    ----------
    scheme : str
        The class scheme.
    data : list of Source
    network, optimiser, schedule, loss, augmentation
    sampling : {"balanced", "plain"}
        Whether the classes are even in each mini-batch.
    labelled_by : str
        Who named the classes, for the card.
    """

    task: Literal["classification"]
    scheme: Literal["ggs", "circlemix", "binary"] = "ggs"
    data: tuple[Source, ...] = Field(min_length=1)
    network: Network
    optimiser: Optimiser = Optimiser()
    schedule: Schedule
    loss: Loss = Loss()
    sampling: Literal["balanced", "plain"] = "balanced"
    augmentation: Augmentation = Augmentation()
    labelled_by: str = ""
