"""Where a detector's fields come from: phantoms, real tissue, labelled slides."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from napari_ggs.models import DataSource
from napari_ggs.training.aidpath import LabelledField
from napari_ggs.training.circles_data import Field, field_of
from napari_ggs.training.composing import fields_with_compositions
from napari_ggs.training.detection_data import (
    AidpathFields,
    PhantomFields,
    Slides,
    Source,
    StudySlides,
)
from napari_ggs.training.detection_phantoms import phantom_fields
from napari_ggs.training.detection_pixels import FINE, InMemory, shrink
from napari_ggs.training.detection_slides import slide_fields
from napari_ggs.training.recipe import RecipeError
from napari_ggs.training.sources import aidpath_described
from napari_ggs.training.splits import TrainingError
from napari_ggs.training.study_fields import study_fields
from napari_ggs.training.study_source import study_described

Progress = Callable[[int, int], None]


class Fields(NamedTuple):
    """Fields of one source: to learn from, to choose the model by, and to test it on."""

    training: list[Field]
    selection: list[Field]
    test: list[Field]


def fields_of(
    source: Source, mpp: float, progress: Progress, taught: Collection[str] = ()
) -> Fields:
    """Collect the fields of a source in px of `mpp`.

    Parameters
    ----------
    source : Source
    mpp : float
    progress : callable
    taught : collection of str
        Patients and slides that taught what the training starts from: of a study, they do not
        choose the model.

    Raises
    ------
    UserError
        If its files are not there or say something else than they should.
    """
    match source:
        case PhantomFields():
            return _split(phantom_fields(source, mpp, progress), source)
        case AidpathFields():
            return _split(_aidpath(source, mpp, progress), source, source.held_out)
        case Slides():
            return _split(slide_fields(source, mpp), source, source.held_out)
        case StudySlides():
            return _split(study_fields(source, mpp), source, taught=taught)


def described(source: Source) -> DataSource:
    """The source as a model card names it."""
    match source:
        case PhantomFields():
            drawn = f"{source.slides} phantom slides of napari-ggs from seed {source.seed}"
            return DataSource(name=drawn, licence="BSD-3-Clause")
        case AidpathFields():
            return aidpath_described(source.folder)
        case Slides():
            return DataSource(name=source.name, licence=source.licence, doi=source.doi)
        case StudySlides():
            return study_described()


def one_side_each(sources: Sequence[Fields]) -> None:
    """See that no patient is on two sides, whatever the source.

    Raises
    ------
    TrainingError
        Names a patient that is.
    """
    seen: dict[str, str] = {}
    for source in sources:
        for side, fields in source._asdict().items():
            for field in fields:
                if seen.setdefault(field.patient, side) != side:
                    raise TrainingError(
                        f"The patient {field.patient} is among the {seen[field.patient]} data of "
                        f"one source and the {side} data of another: take one away, or hold both "
                        "out."
                    )


def _split(
    fields: list[Field],
    source: Source,
    held_out: Sequence[str] = (),
    taught: Collection[str] = (),
) -> Fields:
    """Hold out patients by name, and by share the last of the others who have glomeruli.

    Of these first of all such as have not `taught` what the training starts from.
    """
    patients = list(dict.fromkeys(field.patient for field in fields))
    if unknown := sorted(set(held_out) - set(patients)):
        raise RecipeError(
            f"The recipe holds out {', '.join(unknown)}, who are not in the {source.kind} data: "
            f"there are {', '.join(patients)}."
        )
    rest = [patient for patient in patients if patient not in held_out]
    telling = [name for name in rest if any(len(f.circles) for f in fields if f.patient == name)]
    aside = max(1, round(source.validation * len(telling))) if source.validation and telling else 0
    if telling and aside >= len(telling):
        raise TrainingError(
            f"{len(telling)} of the {len(rest)} patients of the {source.kind} data have whole "
            f"glomeruli, and validation = {source.validation:g} holds out {aside} of them: some "
            "must be left to learn from. Add patients, or lower validation."
        )
    known = {field.patient for field in fields if {*field.seen} & {*taught}}
    fresh = [name for name in telling if name not in known] or telling
    chosen = fresh[max(0, len(fresh) - aside) :]
    sides = ([name for name in rest if name not in chosen], chosen, held_out)
    return Fields(*([field for field in fields if field.patient in side] for side in sides))


def _aidpath(source: AidpathFields, mpp: float, progress: Progress) -> list[Field]:
    if not source.folder.is_dir():
        raise RecipeError(
            f"The recipe's data are not at {source.folder.absolute()}: start the training from the "
            "folder that its paths are relative to, or correct the recipe."
        )
    fields = fields_with_compositions(source.folder, source.composed, source.held_out, progress)
    return [_in_px_of(field, mpp) for field in fields]


def _in_px_of(field: LabelledField, mpp: float) -> Field:
    scale = mpp / field.mpp
    try:
        pixels = InMemory(shrink(field.image, scale))
    except ValueError as fault:
        least = FINE * field.mpp
        raise RecipeError(
            f"The recipe's network has mpp = {FINE * mpp:g}. The AIDPATH fields need a whole "
            f"multiple of {least:g}, such as {3 * least:g} or {4 * least:g}: correct mpp."
        ) from fault
    circles, unsure, others = (
        part / scale for part in (field.glomeruli, field.unsure, field.others)
    )
    return field_of(field.name, pixels, circles, unsure, others, field.patient)
