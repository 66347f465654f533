"""The recipe of a classifier; see ``recipes/classifier_*.toml`` and ``recipes/paper_*.toml``."""

from itertools import combinations
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from napari_ggs.lesions import SCHEMES
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
    batches_per_epoch : int, optional
        As many as it takes to see each patch once, if not given.
    decay : {"none", "cosine", "half"}
        "cosine" raises the learning rate over the first twentieth and lowers it to 0; "half"
        divides it by ten half way; "none" keeps it.
    """

    stages: tuple[Stage, ...] = Field(min_length=1)
    batches_per_epoch: PositiveInt | None = None
    decay: Literal["none", "cosine", "half"] = "none"


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
    pretrained : bool or str
        See `napari_ggs.classification.build_network`.
    start : Path or None
        A classifier of the same architecture and classes whose weights it starts from, instead.
    """

    backbone: str
    input_px: PositiveInt = 256
    dropout: float = Field(default=0.5, ge=0, lt=1)
    pretrained: bool | str = True
    start: Path | None = None


class Loss(Section):
    """Focal loss; gamma 0 is cross entropy."""

    gamma: float = Field(default=2.5, ge=0)
    class_weights: bool = False


class Mixing(Section):
    """Mixing images in pairs; see `napari_ggs.training.mixing`.

    Attributes
    ----------
    kind : {"none", "circlemix", "cutmix"}
    per : {"batch", "sample"}
        Whether the images of a mini-batch share one mask, as the authors' do, or have their own.
    probability : float
        That a mini-batch (or an image) is mixed.
    """

    kind: Literal["none", "circlemix", "cutmix"] = "none"
    per: Literal["batch", "sample"] = "batch"
    probability: float = Field(default=1.0, ge=0, le=1)


class PatchAugmentation(Augmentation):
    """How far patches are varied, beside `Augmentation`. All are mirrored half of the time.

    Attributes
    ----------
    shift : float
        Largest shift, as a share of half the crop's side.
    turn : float
        Largest rotation to either side, in degrees.
    crop : float
        Largest share of the side that is cut off at each edge, before what is left is stretched
        to the input (16 of 256 px in the CircleMix paper).
    resized_crop : float
        Smallest share of the area of a random resized crop, of an aspect ratio between 3:4 and
        4:3. 1 switches it off.
    colour : float
        Largest change of brightness, contrast and saturation, as a share.
    erasing : float
        Probability that a random rectangle is replaced by noise.
    validation : bool
        Whether validation patches are varied too, by one fixed draw, so that what is chosen also
        holds for other stains and imperfect circles. The papers do not.
    """

    shift: float = Field(default=0.1, ge=0)
    turn: float = Field(default=180.0, ge=0, le=180)
    crop: float = Field(default=0.0, ge=0, lt=0.5)
    resized_crop: float = Field(default=1.0, gt=0, le=1)
    colour: float = Field(default=0.0, ge=0, lt=1)
    erasing: float = Field(default=0.0, ge=0, le=1)
    validation: bool = True


class Child(Section):
    """A classifier of a few of the parent's classes, fine-tuned from it, that has the last word.

    Where the parent's answer is among the child's classes, the child decides (CircleMix paper,
    section 3.2). Where a child's classes are among another's, it decides after that one.

    Attributes
    ----------
    name : str
        Ends the name of its file.
    classes : list of str
    lr : float
        Its learning rate.
    schedule : Schedule, optional
        The parent's if not given.
    """

    name: str = Field(pattern=r"^[\w-]+$")
    classes: tuple[str, ...] = Field(min_length=2)
    lr: PositiveFloat
    schedule: Schedule | None = None


class ClassifierRecipe(Recipe):
    """Everything that makes a classifier.

    Attributes
    ----------
    scheme : str
        The class scheme. Classes of other schemes are renamed to it (`lesions.translated`).
    data : list of Source
    network, optimiser, schedule, loss, augmentation, mixing
    sampling : {"balanced", "plain"}
        Whether the classes are even in each mini-batch.
    children : list of Child
        With any, the model is a hierarchy.
    labelled_by : str
        Who named the classes, for the card.
    t_glom : float
        The card's threshold: what is a glomerulus with at least this probability counts as one.
    """

    task: Literal["classification"]
    scheme: Literal["ggs", "circlemix", "binary"] = "ggs"
    data: tuple[Source, ...] = Field(min_length=1)
    network: Network
    optimiser: Optimiser = Optimiser()
    schedule: Schedule
    loss: Loss = Loss()
    sampling: Literal["balanced", "plain"] = "balanced"
    augmentation: PatchAugmentation = PatchAugmentation()
    mixing: Mixing = Mixing()
    children: tuple[Child, ...] = ()
    labelled_by: str = ""
    t_glom: float = Field(default=0.5, gt=0, lt=1)

    @model_validator(mode="after")
    def _children_fit(self) -> Self:
        known = set(SCHEMES[self.scheme].classes)
        for child in self.children:
            if not set(child.classes) < known:
                raise ValueError(
                    f"the classes of the child {child.name} must be a part of the scheme's "
                    f"({', '.join(SCHEMES[self.scheme].classes)})"
                )
        for one, other in combinations(self.children, 2):
            a, b = set(one.classes), set(other.classes)
            if one.name == other.name or not (a < b or b < a or a.isdisjoint(b)):
                raise ValueError(
                    f"the children {one.name} and {other.name} need names of their own, and "
                    "classes that are apart or among the other's"
                )
        return self

    def of_child(self, child: Child) -> Self:
        """The recipe by which a child is fine-tuned."""
        changes = {
            "name": f"{self.name}-{child.name}",
            "optimiser": self.optimiser.model_copy(update={"lr": child.lr}),
            "schedule": child.schedule or self.schedule,
            "children": (),
        }
        return self.model_copy(update=changes)
