"""Where labelled patches come from, as a recipe names it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from napari_ggs.models import DataSource
from napari_ggs.training.aidpath import content_sha256
from napari_ggs.training.recipe import Section
from napari_ggs.training.study_source import OfStudy, study_described


class _Source(Section):
    """What every source says.

    Attributes
    ----------
    repeats : int
        How often each patch comes in one pass through its class.
    validation : float
        Share of the source's patients that choose and calibrate the model. A source of 0 is
        only learnt from, also when folds are made.
    leave_out : list of str
        Patients that the model must not see at all.
    """

    repeats: PositiveInt = 1
    validation: float = Field(default=0.2, ge=0, lt=1)
    leave_out: tuple[str, ...] = ()


class Phantoms(_Source):
    """Synthetic slides; each is a patient of its own, with its own stain.

    Attributes
    ----------
    slides : int
        Their seeds are ``seed``, ``seed + 1``, ...
    side_um : float
        Each is a square field of cortex.
    mpp : float
        At which it is drawn.
    mix : dict, optional
        Shares of the kinds of glomeruli; drawn for each slide if not given.
    varied : bool
        Whether the shares of each slide are drawn around `mix`, since sclerosis clusters by
        patient (REFERENCE.md section 1).
    others : int
        Number of random places without a glomerulus on each, beside all that mimic one.
    """

    kind: Literal["phantom"]
    slides: PositiveInt
    seed: NonNegativeInt
    side_um: PositiveFloat = 2000.0
    mpp: PositiveFloat = 0.5
    mix: dict[str, float] | None = None
    varied: bool = False
    others: NonNegativeInt = 6


class Aidpath(_Source):
    """The real PAS fields, with the glomeruli labelled in ``labels/aidpath.toml``.

    Attributes
    ----------
    composed : int
        Versions of each field with phantoms laid in (`napari_ggs.training.composing`).
    """

    kind: Literal["aidpath"]
    folder: Path
    composed: NonNegativeInt = 0
    others: NonNegativeInt = 60
    seed: NonNegativeInt = 0


class Folder(_Source):
    """Ready-made crops of one glomerulus each, in ``patient/class/`` or listed in manifest.csv.

    See `napari_ggs.training.labelled_files`.
    """

    kind: Literal["folder"]
    folder: Path
    name: str
    licence: str
    doi: str = ""


class Study(OfStudy, _Source):
    """Circles that people labelled in a study, cut straight from its slides.

    Attributes
    ----------
    predicted : bool
        Whether circles that nobody looked at teach what the model of their run predicted. A model
        that learns what another one thinks becomes surer, not better: leave it out.
    """

    kind: Literal["study"]
    predicted: bool = False


Source = Annotated[Phantoms | Aidpath | Folder | Study, Field(discriminator="kind")]


def aidpath_described(folder: Path) -> DataSource:
    """AIDPATH as a model card names it: what of it is learnt from, by its content."""
    return DataSource(
        name="AIDPATH: Data for glomeruli characterization in histopathological images "
        "(Bueno et al. 2020)",
        doi="10.17632/k7nvtgn2x6.3",
        licence="CC BY 4.0",
        sha256=content_sha256(folder),
    )


def described(source: Source) -> DataSource:
    """The source as a model card names it."""
    if isinstance(source, Phantoms):
        drawn = f"{source.slides} phantom slides of napari-ggs from seed {source.seed}"
        return DataSource(name=drawn, licence="BSD-3-Clause")
    if isinstance(source, Aidpath):
        return aidpath_described(source.folder)
    if isinstance(source, Study):
        return study_described()
    return DataSource(name=source.name, licence=source.licence, doi=source.doi)
