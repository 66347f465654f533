"""The model card: what a model is, what it was made from, and how to feed it.

A model is one ``.safetensors`` file and its card, a JSON file of the same name beside it.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from napari_ggs.errors import UserError
from napari_ggs.lesions import Scheme, scheme_of

FORMAT_VERSION = 1
RESEARCH_ONLY = "For research, not diagnosis."

Task = Literal["detection", "classification"]
Share = Annotated[float, Field(ge=0, le=1)]
Triple = tuple[float, float, float]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelError(UserError):
    """A model that is missing, damaged or not what was asked for."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Architecture(_Part):
    """What rebuilds the network: its kind, its timm backbone and the parameters to build it."""

    kind: Literal["circlenet", "classifier"]
    backbone: str
    parameters: dict[str, bool | int | float | str] = {}


class DataSource(_Part):
    """A data set that a model learnt from."""

    name: str
    licence: str
    doi: str = ""
    sha256: str = ""


class PatientsSeen(_Part):
    """Patients whose tissue shaped the model: nothing may be validated on them."""

    training: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    calibration: tuple[str, ...] = ()


class TrainedWith(_Part):
    """The recipe's name and the command that made the model."""

    recipe: str = ""
    command: str = ""


class ModelCard(_Part):
    """Everything about a model but its weights.

    Attributes
    ----------
    name : str
        The name that `load_detector` and `load_classifier` know it by.
    task : {"detection", "classification"}
    architecture : Architecture
    classes : tuple of str
        What it tells apart, in the order of its outputs; a detector has ("glomerulus",).
    mpp, max_radius_um : float or None
        A detector's microns per pixel, and the largest radius that it finds.
    margin_um : float or None
        A classifier's margin around the circle on each side (its crops scale with the circle).
    input_px : int
        Side of the square input.
    mean, std : tuple of float
        RGB, of pixels in 0..1.
    temperature : float
        Divides the logits before the softmax.
    t_det, t_glom : float
        The thresholds that it was tuned for.
    data, labelled_by, parents, patients_seen, trained_with, created
        Where it comes from; ``parents`` are names of the models or weights that it grew from.
    metrics : dict
        Figures from held-out data, name to value.
    sha256 : str
        Of the weights file; `save_model` fills it in.
    """

    format_version: Literal[1] = 1
    name: str
    task: Task
    architecture: Architecture
    classes: tuple[str, ...]
    mpp: PositiveFloat | None = None
    max_radius_um: PositiveFloat | None = None
    margin_um: float | None = Field(default=None, ge=0)
    input_px: PositiveInt
    mean: Triple
    std: Triple
    temperature: PositiveFloat = 1.0
    t_det: Share = 0.1
    t_glom: Share = 0.5
    data: tuple[DataSource, ...] = ()
    labelled_by: str = ""
    metrics: dict[str, float] = {}
    parents: tuple[str, ...] = ()
    patients_seen: PatientsSeen = PatientsSeen()
    notes: str = RESEARCH_ONLY
    sha256: Sha256 | Literal[""] = ""
    created: datetime | None = None
    trained_with: TrainedWith = TrainedWith()

    @model_validator(mode="after")
    def _fits_its_task(self) -> Self:
        if self.task == "detection":
            needed = {"mpp": self.mpp, "max_radius_um": self.max_radius_um}
        else:
            needed = {"margin_um": self.margin_um}
            scheme_of(self.classes)
        missing = [field for field, value in needed.items() if value is None]
        if missing:
            raise ValueError(f"a {self.task} model needs {' and '.join(missing)}")
        return self

    @property
    def scheme(self) -> Scheme:
        """The class scheme of a classifier."""
        return scheme_of(self.classes)


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Raises
    ------
    ModelError
        If the file is missing, is of another format version, or its fields do not match.
    """
    try:
        return ModelCard.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ModelError(
            f"No model card at {path}: a model is a .safetensors file with its card, a .json file "
            "of the same name, beside it. Copy both."
        ) from fault
    except ValidationError as fault:
        raise ModelError(_complaint(path, fault)) from fault


def _complaint(path: Path, fault: ValidationError) -> str:
    first = fault.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the card"
    if where == "format_version":
        return (
            f"{path} is a model card of format version {first['input']!r}; this version of "
            f"napari-ggs reads version {FORMAT_VERSION}. Update napari-ggs or the model."
        )
    return f"{path} is no valid model card: {where}: {first['msg']}. Get the model again."
