"""What a retraining has at hand, and how long it will take, before it begins. Imports no torch."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from napari_ggs.lesions import SCHEMES
from napari_ggs.models.finding import find
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.patient_keys import known_as
from napari_ggs.store.slides import told_unassigned
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.training.options import Options, plan_of
from napari_ggs.training.readiness import Plan, Teaching
from napari_ggs.training.sources import Folder, Phantoms
from napari_ggs.training.study_circles import (
    all_places,
    counted,
    gone_through,
    has_glomerulus,
    teaches_detector,
)
from napari_ggs.training.timing import estimate_seconds

ON_A_PHANTOM = 30
"""Patches of a phantom slide, about: a dozen glomeruli, what mimics one, and other tissue."""


class AtHand(NamedTuple):
    """What a study has to teach.

    Attributes
    ----------
    table : DataFrame
        See `labelled_data`.
    slides : dict of str to tuple of str
        The names of each patient's slides.
    gone : tuple of Path
        Where slides of patients with labels were seen last, and are not any more.
    teaching : Teaching
        Of all patients.
    unassigned : str
        How many slides have no patient, in a sentence; "" if all have one.
    """

    table: pd.DataFrame
    slides: dict[str, tuple[str, ...]]
    gone: tuple[Path, ...]
    teaching: Teaching
    unassigned: str

    def without(self, left_out: Collection[str]) -> Teaching:
        """What there is to learn from without some patients."""
        labels = self.table[~self.table["patient"].isin(left_out)].reset_index(drop=True)
        return self.teaching._replace(labels=labels)


def look(study: Path, reviewer: str = "", taught: Collection[str] = ()) -> AtHand:
    """See what a study has to teach.

    Parameters
    ----------
    study : Path
    reviewer : str
        Whose labels; "": all readers' together.
    taught : collection of str
        Keys of patients and slides that taught the model to start from.

    Raises
    ------
    UserError
        If the study cannot be read.
    """
    with CaseStore.open(study, create=False) as store:
        slides, known = store.slides(), list(all_places(store, reviewer))
        table = counted(known)
        named = set(table.loc[table["human"] > 0, "patient"])
        before = {name for name in named if taught and known_as(store, name) & set(taught)}
        teaching = _teaching(store, known, table)._replace(taught=before)
    names: dict[str, tuple[str, ...]] = {}
    for slide in slides:
        names[slide.patient] = (*names.get(slide.patient, ()), slide.name)
    mine = (slide.path for slide in slides if slide.patient in named)
    gone = tuple(path for path in mine if not path.exists())
    return AtHand(table, names, gone, teaching, told_unassigned(slides))


def _teaching(
    store: CaseStore, known: Iterable[tuple[StoredSlide, pd.DataFrame]], table: pd.DataFrame
) -> Teaching:
    judged: dict[str, float] = {}
    teachers = set()
    for slide, found in known:
        run = store.standing_run(slide.id)
        if run is None or run.region is not None:
            continue
        judged[slide.patient] = max(judged.get(slide.patient, 0.0), gone_through(found))
        if teaches_detector(found, whole=True) and has_glomerulus(found):
            teachers.add(slide.patient)
    return Teaching(table, judged, teachers)


def at_hand(options: Options) -> AtHand:
    """What the study has to learn from, and who of it taught the model that is started from.

    Raises
    ------
    UserError
        If the study cannot be read, or the model is not to be had.
    """
    start = plan_of(options).network.start
    seen = () if start is None else find(start, options.task).card.patients_seen.training
    return look(options.study, options.reviewer, seen)


def with_patches(data: Teaching, plan: Plan) -> Teaching:
    """The labels of a recipe's folders of patches too.

    Raises
    ------
    RecipeError
        If a folder cannot be read.
    """
    if not isinstance(plan, ClassifierRecipe):
        return data
    folders = [source.folder for source in plan.data if isinstance(source, Folder)]
    files = [file for f in folders for file in labelled_files(f, SCHEMES[plan.scheme])]
    each = {"patient": [f.patient for f in files], "class": [f.label for f in files]}
    labels = pd.concat([data.labels, pd.DataFrame(each).assign(human=1)], ignore_index=True)
    return data._replace(labels=labels)


def number_of_patches(options: Options, labels: int | None = None) -> int:
    """How many patches a classifier would learn from and be chosen by, about.

    Parameters
    ----------
    options : Options
    labels : int, optional
        How many the study has to learn from, where that is known; else they are counted.

    Raises
    ------
    UserError
        If the study, the recipe or a folder of patches are at fault.
    """
    plan = plan_of(options)
    number = _labels_of_study(options) if labels is None else labels
    if isinstance(plan, ClassifierRecipe):
        scheme = SCHEMES[plan.scheme]
        number += sum(len(labelled_files(folder, scheme)) for folder in options.patches)
    return number + sum(ON_A_PHANTOM * s.slides for s in plan.data if isinstance(s, Phantoms))


def _labels_of_study(options: Options) -> int:
    taught = look(options.study, options.reviewer).without(options.leave_out)
    return int(taught.labels["human"].sum())


def estimate(options: Options, *, measure: bool = True, labels: int | None = None) -> float | None:
    """Seconds that a retraining will take; see `timing.estimate_seconds`, `number_of_patches`."""
    return estimate_seconds(plan_of(options), number_of_patches(options, labels), measure=measure)
