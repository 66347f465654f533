"""The parts of a model card: what computes, of which members, learnt from what."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["circlenet", "classifier", "detectors", "ensemble", "hierarchy"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Part(BaseModel):
    """Refuses fields that it does not know, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Architecture(Part):
    """What rebuilds the network: its kind, its timm backbone and the parameters to build it.

    A composite has no network of its own, but a kind: "ensemble" is the mean of classifiers,
    "hierarchy" a classifier (the first member) and its children, "detectors" a fusion of circles.
    """

    kind: Kind
    backbone: str = ""
    parameters: dict[str, bool | int | float | str] = {}


class Member(Part):
    """A model that a composite consists of.

    Attributes
    ----------
    file : str
        Its file's name (.safetensors, or .json of another composite), beside the composite.
    sha256 : str
        What its card says; see `ModelCard`.
    classes : tuple of str
        On which a child of a hierarchy decides; empty for all others.
    """

    file: Annotated[str, Field(pattern=r"^[^/\\]+\.(safetensors|json)$")]
    sha256: Sha256
    classes: tuple[str, ...] = ()


class DataSource(Part):
    """A data set that a model learnt from; ``sha256`` is of the content, where it was computed."""

    name: str
    licence: str
    doi: str = ""
    sha256: str = ""


class PatientsSeen(Part):
    """Patients whose tissue shaped the model: nothing may be validated on them."""

    training: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    calibration: tuple[str, ...] = ()


class TrainedWith(Part):
    """The recipe's name and the command that made the model."""

    recipe: str = ""
    command: str = ""


def digest(kind: Kind, members: Sequence[Member]) -> str:
    """The SHA-256 of a composite: of its kind and its members' SHA-256s and classes, by line."""
    lines = [kind, *(" ".join((member.sha256, *member.classes)) for member in members)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
