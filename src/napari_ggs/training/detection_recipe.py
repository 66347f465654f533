"""The recipe of a detector; see ``recipes/detector_*.toml``."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from napari_ggs.training.recipe import Augmentation, Optimiser, Recipe, Section


class _Source(Section):
    """What every source says.

    Attributes
    ----------
    weight : float
        How often its windows come, relative to the other sources.
    validation : float
        Share of its fields, the last ones, that choose the model.
    """

    weight: PositiveFloat = 1.0
    validation: float = Field(default=0.0, ge=0, lt=1)


class PhantomFields(_Source):
    """Synthetic slides, each with its own stain and mix of classes.

    Attributes
    ----------
    slides, seed : int
        How many, from this seed on.
    side_um : float
        They are squares.
    outlines : list of str
        In turn.
    """

    kind: Literal["phantom"]
    slides: PositiveInt
    seed: NonNegativeInt
    side_um: PositiveFloat = 3000.0
    outlines: tuple[Literal["field", "wedge", "needle"], ...] = ("field", "wedge", "needle")


class AidpathFields(_Source):
    """The real PAS fields of AIDPATH, with the circles of ``labels/aidpath.toml``.

    Attributes
    ----------
    folder : Path
        With the folders ``regions`` and ``tiles``.
    held_out : list of str
        Names of fields that the model must not see: it is tested on them at the end.
    """

    kind: Literal["aidpath"]
    folder: Path
    held_out: tuple[str, ...] = ()


class LabelledSlide(Section):
    """A slide and the circles of its glomeruli.

    Attributes
    ----------
    path : Path
    circles : Path or None
        CSV with x, y, radius in level-0 px. Rows whose ``label`` is non-glomerulus count as
        background; rows whose ``cut`` is true are ignored. Every other place is background.
        None: the slide has no glomeruli.
    mpp : float or None
        If the slide does not say.
    """

    path: Path
    circles: Path | None = None
    mpp: PositiveFloat | None = None


class Slides(_Source):
    """Slides whose glomeruli are all known."""

    kind: Literal["slides"]
    name: str
    licence: str
    doi: str = ""
    slides: tuple[LabelledSlide, ...] = Field(min_length=1)


Source = Annotated[PhantomFields | AidpathFields | Slides, Field(discriminator="kind")]


class Network(Section):
    """What is trained.

    Attributes
    ----------
    backbone, width, deepest
        See `napari_ggs.detection.CircleNet`.
    pretrained : bool
        Whether the backbone starts from its published weights.
    mpp : float
        Microns per pixel of its input.
    input_px : int
        Side of the tiles of the finished model.
    max_radius_um : float
        The largest radius that it finds.
    """

    backbone: str
    width: PositiveInt = 64
    deepest: PositiveInt = 16
    pretrained: bool = True
    mpp: PositiveFloat = 4.0
    input_px: PositiveInt = Field(default=512, multiple_of=32)
    max_radius_um: PositiveFloat = 200.0


class Schedule(Section):
    """How long to train.

    Attributes
    ----------
    steps : int
        Batches.
    warm_up : int
        Steps in which the learning rate rises.
    drops : list of float
        Shares of the steps at which it falls to a tenth; none: it falls as a cosine, to 0.
    validate_every : int
        Steps.
    average : float
        Share of the running mean of the weights that a step keeps; the mean is the model.
    precision : {"float32", "bfloat16"}
        bfloat16 halves the time on processors that have it.
    """

    steps: PositiveInt
    warm_up: NonNegativeInt = 100
    drops: tuple[float, ...] = ()
    validate_every: PositiveInt = 250
    average: float = Field(default=0.998, ge=0, lt=1)
    precision: Literal["float32", "bfloat16"] = "float32"


class DetectorRecipe(Recipe):
    """Everything that makes a detector.

    Attributes
    ----------
    window_px : int
        Side of the training windows, in px at the network's resolution.
    on_glomerulus : float
        Share of the windows that are laid around a glomerulus.
    data : list of Source
    network, optimiser, schedule, augmentation
    t_det : float
        The detection threshold of the finished model.
    labelled_by : str
        Who drew the circles, for the card.
    """

    task: Literal["detection"]
    window_px: PositiveInt = Field(default=256, multiple_of=32)
    on_glomerulus: float = Field(default=0.7, ge=0, le=1)
    data: tuple[Source, ...] = Field(min_length=1)
    network: Network
    optimiser: Optimiser = Optimiser()
    schedule: Schedule
    augmentation: Augmentation = Augmentation(zoom=(0.6, 1.3))
    t_det: float = Field(default=0.2, ge=0, le=1)
    labelled_by: str = ""
