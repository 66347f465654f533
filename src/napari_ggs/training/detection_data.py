"""Where a detector's fields come from, as a recipe names it."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from napari_ggs.training.recipe import Section
from napari_ggs.training.study_source import OfStudy


class _Source(Section):
    """What every source says.

    Attributes
    ----------
    weight : float
        How often its windows come, relative to the other sources.
    validation : float
        Share of its patients, the last ones, that choose the model.
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
    composed : int
        Versions of each field with phantoms laid in (`napari_ggs.training.composing`).
    held_out : list of str
        Names of fields that the model must not see: it is tested on them at the end.
    """

    kind: Literal["aidpath"]
    folder: Path
    composed: NonNegativeInt = 0
    held_out: tuple[str, ...] = ()


class LabelledSlide(Section):
    """A slide and the circles of its glomeruli.

    Attributes
    ----------
    path : Path
    circles : Path or None
        CSV, QuPath GeoJSON, ImageScope XML, labelme or COCO JSON, or a label mask: whatever
        `napari_ggs.exchange.read_circles` reads. Non-glomerulus rows are hard negatives; cut
        glomeruli and detections without a label are ignored. Every other place is background.
    reviewed : bool
        Somebody has gone through the detections of `circles` that were shown: those without a
        label are what was predicted.
    t_det : float
        The detection threshold of that review. Detections below it were not shown, so that those
        without a label teach nothing.
    bare : bool
        The slide has no glomeruli, and no `circles`.
    patient : str
        A pseudonym, since the model's card lists it; the slide's name if there is none.
    mpp : float or None
        If the slide does not say.
    classes : dict of str to str
        Class names of the file and ours; "glomerulus" gives no class, "" leaves such outlines
        out.
    downsample, image_mpp : float or None
        Of the mask or annotated image, if its size does not say: slide px per px, or um/px.
    leica : bool
        ImageScope XML of a Leica SCN slide, which ImageScope turns.
    """

    path: Path
    circles: Path | None = None
    reviewed: bool = False
    t_det: float = Field(default=0.2, ge=0, le=1)
    bare: bool = False
    patient: str = ""
    mpp: PositiveFloat | None = None
    classes: dict[str, str] = Field(default_factory=dict)
    downsample: PositiveFloat | None = None
    image_mpp: PositiveFloat | None = None
    leica: bool = False

    @model_validator(mode="after")
    def _says_what_is_on_it(self) -> Self:
        if (self.circles is None) != self.bare:
            raise ValueError(
                f"{self.path} needs circles = FILE, or bare = true if it has no glomeruli"
            )
        return self


class Slides(_Source):
    """Slides whose glomeruli are all known.

    Attributes
    ----------
    held_out : list of str
        Patients that the model must not see: it is tested on them at the end.
    """

    kind: Literal["slides"]
    name: str
    licence: str
    doi: str = ""
    slides: tuple[LabelledSlide, ...] = Field(min_length=1)
    held_out: tuple[str, ...] = ()


class StudySlides(OfStudy, _Source):
    """Slides of a study that people have gone through; see `napari_ggs.training.study_fields`."""

    kind: Literal["study"]


Source = Annotated[
    PhantomFields | AidpathFields | Slides | StudySlides, Field(discriminator="kind")
]
