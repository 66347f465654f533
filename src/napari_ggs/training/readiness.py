"""What a retraining lacks, and what is thin about what it has, before it begins. Imports no torch.

The window and ``napari-ggs retrain --dry-run`` ask the same, and what is refused here the training
refuses too.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

import pandas as pd

from napari_ggs.lesions import SCHEMES, translated
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.detection_data import StudySlides
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.sources import Phantoms, Study
from napari_ggs.training.study_circles import ENOUGH

FEW = 5
"""Patients: with fewer, one alone chooses the model, and says little of others."""

Plan = ClassifierRecipe | DetectorRecipe


class Teaching(NamedTuple):
    """What there is to learn from, without patients who are left out.

    Attributes
    ----------
    labels : DataFrame
        ``patient``, ``class``, ``human`` (number of circles or patches that people gave it).
    judged : dict of str to float
        Of patients with a slide that was run over as a whole: the largest share of the circles
        shown as glomeruli that people have judged.
    teachers : collection of str
        Patients with a slide that teaches a detector: gone through, and with a glomerulus.
    taught : collection of str
        Patients who taught the model to start from: they may not choose the next.
    """

    labels: pd.DataFrame
    judged: dict[str, float] = {}  # noqa: RUF012  read only
    teachers: Collection[str] = ()
    taught: Collection[str] = ()

    @property
    def patients(self) -> list[str]:
        """Patients with labels."""
        return sorted(set(self.labels.loc[self.labels["human"] > 0, "patient"]))


def lacking(plan: Plan, data: Teaching) -> str:
    """What keeps a model from learning, in a sentence; "" if nothing does."""
    if not data.patients:
        return "Nothing to learn from yet: label circles in the Review dock first."
    if isinstance(plan, DetectorRecipe):
        return _lacking_of_detector(data)
    named = set(data.labels.loc[data.labels["human"] > 0, "class"])
    if len(named) < 2:
        return f"All labels are {min(named)}: label circles of another class too."
    if len(data.patients) < 2:
        return (
            "All labels are of one patient: review a slide of another one, for one must choose "
            "the model that another has taught."
        )
    missing = _without_labels(plan, named)
    if missing and not any(isinstance(source, Phantoms) for source in plan.data):
        return f"No label is {' or '.join(missing)}: the recipe has nothing else to show them."
    return _all_taught(data.patients, data.taught)


def _lacking_of_detector(data: Teaching) -> str:
    teachers = [patient for patient in data.patients if patient in data.teachers]
    if not teachers:
        best = max((data.judged.get(patient, 0.0) for patient in data.patients), default=0.0)
        return (
            f"No slide teaches a detector yet: {100 * ENOUGH:.0f} % of the circles that a whole "
            f"slide shows must be judged, some as glomeruli; {100 * best:.0f} % are at most."
        )
    if len(teachers) < 2:
        return (
            f"Only {teachers[0]} has a slide that is gone through ({100 * ENOUGH:.0f} % judged): "
            "go through one of another patient, for one must choose the model that another has "
            "taught."
        )
    return _all_taught(teachers, data.taught)


def _all_taught(patients: list[str], taught: Collection[str]) -> str:
    if set(patients) - set(taught):
        return ""
    return (
        "Every patient here has taught the model to start from: nobody is left to choose the new "
        "one by. Review a slide of another patient, or start from an earlier model."
    )


def cautions(plan: Plan, data: Teaching) -> list[str]:
    """What makes a training that can begin worth little, in sentences."""
    detects = isinstance(plan, DetectorRecipe)
    patients = [name for name in data.patients if not detects or name in data.teachers]
    told = [_few(plan, patients, data.taught)] if len(patients) < FEW else []
    return told if isinstance(plan, DetectorRecipe) else told + _thin_classes(plan, data)


def _few(plan: Plan, patients: list[str], taught: Collection[str]) -> str:
    of_study = (source for source in plan.data if isinstance(source, Study | StudySlides))
    share = max((source.validation for source in of_study), default=0.2)
    free = len(set(patients) - set(taught))
    choose = min(max(1, round(share * len(patients))), free)
    teach = len(patients) - choose
    return (
        f"Few patients: {teach} teach{'es' * (teach == 1)} and {choose} "
        f"choose{'s' * (choose == 1)} the model, so its figures will say little about others."
    )


def _thin_classes(plan: ClassifierRecipe, data: Teaching) -> list[str]:
    human = data.labels[data.labels["human"] > 0]
    told = []
    if missing := _without_labels(plan, set(human["class"])):
        told.append(f"No label is {' or '.join(missing)}: only phantoms teach it.")
    each = human.groupby("class", sort=False)["patient"].nunique()
    if alone := [str(name) for name, number in each.items() if number == 1]:
        told.append(
            f"Of one patient alone: {', '.join(alone)}. Who chooses the model shows none of it."
        )
    return told


def _without_labels(plan: ClassifierRecipe, named: Collection[str]) -> list[str]:
    """The classes of the recipe's scheme that nobody gave."""
    scheme, known = SCHEMES[plan.scheme], set()
    for name in named:
        with suppress(ValueError):  # a class that the scheme cannot hold
            known.add(translated(name, scheme))
    return [name for name in scheme.classes if name not in known]
