"""Retraining: what readers said in a study makes the model in use a new one.

It calls what every training calls; what is its own is whose labels, whom it holds out, and what
it refuses.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_ggs.cancelling import never
from napari_ggs.devices import device_of
from napari_ggs.lesions import SCHEMES
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key
from napari_ggs.store.pseudonyms import Names, key_path
from napari_ggs.training.classification import check_out, gather, train_on, validation_shares
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection import train_detector_on
from napari_ggs.training.options import Options, classifier_plan, detector_plan
from napari_ggs.training.origin import Origin, origin_of
from napari_ggs.training.patch_sizes import refuse_other_patches
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.sources import Folder, Study
from napari_ggs.training.splits import Split, TrainingError, split_patients
from napari_ggs.training.steps import Progress, silent


def retrain(
    options: Options, progress: Progress = silent, stopped: Callable[[], bool] = never
) -> Path:
    """Train the model in use further with the labels of a study.

    A share of the study's patients, none of whom taught the model that it starts from, chooses
    the network. As `napari_ggs.training.train` it can be stopped, which keeps the best, and goes
    on where it was.

    Parameters
    ----------
    options : Options
    progress, stopped : callable
        See `train_on`.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    UserError
        If the study, the labels in it, the recipe or the place for the model are at fault; or the
        disk is full, and what was saved before is intact.
    """
    if options.task == "detection":
        plan = detector_plan(options)
        recipe = options.recipe_file.name
        return train_detector_on(
            plan, options.out, progress, stopped, resume=options.resume, recipe=recipe
        )
    return _retrain_classifier(options, progress, stopped)


def _retrain_classifier(options: Options, progress: Progress, stopped: Callable[[], bool]) -> Path:
    plan = classifier_plan(options)
    device_of(plan.device)
    check_out(plan, options.out, options.resume)
    refuse_other_patches(options.patches, SCHEMES[plan.scheme])
    split = split_of(plan, gather(plan, progress, stopped), options)
    recipe = options.recipe_file.name
    return train_on(
        split, plan, options.out, progress, stopped, resume=options.resume, recipe=recipe
    )


def split_of(plan: ClassifierRecipe, parts: Sequence[PatchSet], options: Options) -> Split:
    """Hold patients out of what was gathered for a retraining.

    Raises
    ------
    TrainingError
        If the labels are of one class or one patient, or all patients taught the start.
    """
    wanted = plan.network
    origin = origin_of(wanted.start, "classification", wanted.backbone, wanted.pretrained)
    known = [_known(part, source, options) for part, source in zip(parts, plan.data, strict=True)]
    _refuse_too_alike(
        [part for part, s in zip(known, plan.data, strict=True) if isinstance(s, Study | Folder)]
    )
    split = split_patients(known, validation_shares(plan), plan.seed, origin.patients.training)
    _refuse_all_taught(split, origin)
    return split


def _known(part: PatchSet, source: object, options: Options) -> PatchSet:
    """A folder's patches, those of the study's patients under their keys in it.

    An export of the study has its patients under their names or pseudonyms; the same patient
    must not be on two sides, nor be learnt from who is left out.
    """
    if not isinstance(source, Folder):
        return part
    keys, left_out = _aliases(options)
    names = [keys.get(name, name) for name in part.patients.tolist()]
    kept = replace(part, patients=np.array(names, dtype=np.str_))
    return kept.where(~np.isin(kept.patients, left_out))


def _aliases(options: Options) -> tuple[dict[str, str], list[str]]:
    """The keys of the study's patients by what exports call them; the keys of who is left out."""
    pseudonyms = key_path(options.study).is_file()
    with CaseStore.open(options.study, create=False) as store:
        patients = {slide.patient for slide in store.slides()}
        keys = {name: patient_key(store, name) for name in patients}
    called = Names.of(options.study, identify=not pseudonyms)
    aliases = keys | {called.patient(name): key for name, key in keys.items()}
    return aliases, [keys.get(name, name) for name in options.leave_out]


def _refuse_too_alike(own: Sequence[PatchSet]) -> None:
    """Labels of people must be of two classes and two patients at least."""
    labels = {label for part in own for label in part.labels.tolist()}
    patients = {patient for part in own for patient in part.patients.tolist()}
    number = sum(len(part) for part in own)
    if len(labels) < 2:
        what = f"all {number} are {min(labels)}" if labels else "there are none"
        raise TrainingError(
            f"A classifier learns from labels of two classes or more, and {what}: label circles "
            "of other classes too, also what is no glomerulus."
        )
    if len(patients) < 2:
        raise TrainingError(
            f"All {number} labels are of one patient: at least two are needed, one to learn from "
            "and one to choose the model by. Review a slide of another patient, or assign the "
            "slides to their patients."
        )


def _refuse_all_taught(split: Split, origin: Origin) -> None:
    if not len(split.validation):
        raise TrainingError(
            f"Every patient who was labelled has taught {', '.join(origin.names)}: nobody is left "
            "to choose the new model by. Review a slide of another patient, or start from an "
            "earlier model (--start)."
        )
