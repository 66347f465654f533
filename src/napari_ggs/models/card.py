"""The model card: what a model is, what it was made from, and how to feed it.

A model is one ``.safetensors`` file and its card, a JSON file of the same name beside it. A
composite is a card alone: it lists other models beside it, which answer together.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from napari_ggs.errors import UserError
from napari_ggs.lesions import SCHEMES, Scheme, part_of
from napari_ggs.models.parts import (
    Architecture,
    DataSource,
    Member,
    Part,
    PatientsSeen,
    Sha256,
    TrainedWith,
)
from napari_ggs.rgb import Triple
from napari_ggs.tile_size import too_small

FORMAT_VERSION = 1
RESEARCH_ONLY = "For research, not diagnosis."

Task = Literal["detection", "classification"]
Share = Annotated[float, Field(ge=0, le=1)]


class ModelError(UserError):
    """A model that is missing, damaged or not what was asked for."""


class ModelCard(Part):
    """Everything about a model but its weights.

    Attributes
    ----------
    name : str
        The name that `load_detector` and `load_classifier` know it by.
    task : {"detection", "classification"}
    architecture : Architecture
    classes : tuple of str
        What it tells apart, in the order of its outputs; a detector has ("glomerulus",). A
        classifier has those of a scheme, a child of a hierarchy some of them.
    members : tuple of Member
        What a composite consists of.
    mpp, max_radius_um : float or None
        A detector's microns per pixel, and the largest radius that it finds.
    margin_um : float or None
        A classifier's margin around the circle on each side (its crops scale with the circle).
    input_px : int
        Side of the square input.
    mean, std : tuple of float or None
        RGB, of pixels in 0..1. A composite has none.
    temperature : float
        Divides the logits before the softmax. The members of a composite have their own.
    logit_shift_sd : float or None
        How far a whole slide may shift the logit of "sclerotic": standard deviation over slides.
    t_det, t_glom : float
        The thresholds that it was tuned for.
    data, labelled_by, parents, patients_seen, trained_with, created
        Where it comes from; ``parents`` are names of the models or weights that it grew from.
    metrics : dict
        Figures, name to value. A name begins with the data that it is of: ``validation`` and
        ``selection`` chose the network (and its temperature), which flatters; ``test`` did not.
    sha256 : str
        Of the weights file; of a composite, of its members (`parts.digest`). Saving fills it in.
    """

    format_version: Literal[1] = 1
    name: str
    task: Task
    architecture: Architecture
    classes: tuple[str, ...]
    members: tuple[Member, ...] = ()
    mpp: PositiveFloat | None = None
    max_radius_um: PositiveFloat | None = None
    margin_um: float | None = Field(default=None, ge=0)
    input_px: PositiveInt
    mean: Triple | None = None
    std: Triple | None = None
    temperature: PositiveFloat = 1.0
    logit_shift_sd: float | None = Field(default=None, ge=0)
    t_det: Share = 0.1
    t_glom: Share = 0.5
    data: tuple[DataSource, ...] = ()
    labelled_by: str = ""
    metrics: dict[str, float] = Field(default={})
    parents: tuple[str, ...] = ()
    patients_seen: PatientsSeen = PatientsSeen()
    notes: str = RESEARCH_ONLY
    sha256: Sha256 | Literal[""] = ""
    created: datetime | None = None
    trained_with: TrainedWith = TrainedWith()

    @model_validator(mode="after")
    def _fits_its_task(self) -> Self:
        detects = self.task == "detection"
        if (self.architecture.kind in ("circlenet", "detectors")) != detects:
            raise ValueError(f"a {self.architecture.kind} is no {self.task} model")
        if not detects:
            part_of(self.classes)
        needed = ["mpp", "max_radius_um"] if detects else ["margin_um"]
        self._has(needed if self.composite else [*needed, "mean", "std"])
        if detects and self.mpp and (fault := too_small(self.mpp, self.input_px)):
            raise ValueError(fault)
        return self

    @model_validator(mode="after")
    def _has_members_if_it_is_a_composite(self) -> Self:
        if self.composite and len(self.members) < 2:
            raise ValueError(f"a composite ({self.architecture.kind}) has two members or more")
        if self.members and not self.composite:
            raise ValueError(f"a {self.architecture.kind} has no members")
        if self.composite and self.temperature != 1:
            raise ValueError("a composite has no temperature: its members have theirs")
        return self

    def _has(self, needed: Iterable[str]) -> None:
        missing = [field for field in needed if getattr(self, field) is None]
        if missing:
            raise ValueError(f"a {self.task} model needs {' and '.join(missing)}")

    @property
    def composite(self) -> bool:
        """Whether the model is several that answer together."""
        return self.architecture.kind not in ("circlenet", "classifier")

    @property
    def scheme(self) -> Scheme:
        """The class scheme of a classifier, or the part of one that a child knows."""
        return part_of(self.classes)

    @property
    def is_child(self) -> bool:
        """Whether a classifier knows only a part of a scheme, as children of hierarchies do."""
        return self.task == "classification" and self.scheme.name not in SCHEMES

    @property
    def network(self) -> str:
        """In a few words what computes: a backbone, or the members of a composite."""
        kind = self.architecture.kind
        return f"{kind} of {len(self.members)}" if self.composite else self.architecture.backbone


def card_path(weights: Path) -> Path:
    """Where the card of a weights file is."""
    return weights.with_suffix(".json")


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
    except UnicodeDecodeError as fault:
        raise ModelError(
            f"{path} is no model card: it holds no UTF-8 text. Get the model again."
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
