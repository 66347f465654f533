"""The recipe of a detector; see ``recipes/detector_*.toml``."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from napari_ggs.tile_size import too_small
from napari_ggs.training.detection_data import Source
from napari_ggs.training.recipe import Augmentation, Optimiser, Recipe, Section


class Network(Section):
    """What is trained.

    Attributes
    ----------
    backbone, width, deepest
        See `napari_ggs.detection.CircleNet`.
    pretrained : bool or str
        Whether the backbone starts from its published weights, or the file that holds them.
    start : Path or None
        A detector of the same architecture whose weights it starts from, instead.
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
    pretrained: bool | str = True
    start: Path | None = None
    mpp: PositiveFloat = 4.0
    input_px: PositiveInt = Field(default=512, multiple_of=32)
    max_radius_um: PositiveFloat = 200.0

    @model_validator(mode="after")
    def _covers_slides(self) -> Self:
        if fault := too_small(self.mpp, self.input_px):
            raise ValueError(fault)
        return self


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
    validate_every, save_every : int
        Steps between validations, and at most between two savings of the state.
    average : float
        Share of the running mean of the weights that a step keeps; the mean is the model.
    precision : {"float32", "bfloat16"}
        bfloat16 halves the time on processors that have it.
    """

    steps: PositiveInt
    warm_up: NonNegativeInt = 100
    drops: tuple[float, ...] = ()
    validate_every: PositiveInt = 250
    save_every: PositiveInt = 100
    average: float = Field(default=0.998, ge=0, lt=1)
    precision: Literal["float32", "bfloat16"] = "float32"


class DetectorRecipe(Recipe):
    """Everything that makes a detector.

    Attributes
    ----------
    window_px : int
        Side of the training windows, in px at the network's resolution.
    on_glomerulus, on_hard_negative : float
        Shares of the windows that are laid around a glomerulus, and around a place that a
        detector took for one; the others show any tissue.
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
    on_hard_negative: float = Field(default=0.1, ge=0, le=1)
    data: tuple[Source, ...] = Field(min_length=1)
    network: Network
    optimiser: Optimiser = Optimiser()
    schedule: Schedule
    augmentation: Augmentation = Augmentation(zoom=(0.6, 1.3))
    t_det: float = Field(default=0.2, ge=0, le=1)
    labelled_by: str = ""

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.on_glomerulus + self.on_hard_negative > 1:
            raise ValueError("on_glomerulus and on_hard_negative are together more than 1")
        return self
