"""What a retraining has at hand, and how long it will take, before it begins. Imports no torch."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from napari_ggs.lesions import SCHEMES
from napari_ggs.store import CaseStore
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.labelled_files import labelled_files
from napari_ggs.training.options import Options, plan_of
from napari_ggs.training.sources import Phantoms
from napari_ggs.training.study_circles import labelled_data
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
    """

    table: pd.DataFrame
    slides: dict[str, tuple[str, ...]]
    gone: tuple[Path, ...]


def look(study: Path) -> AtHand:
    """See what a study has to teach.

    Raises
    ------
    UserError
        If the study cannot be read.
    """
    with CaseStore.open(study, create=False) as store:
        table, slides = labelled_data(store), store.slides()
    names: dict[str, tuple[str, ...]] = {}
    for slide in slides:
        names[slide.patient] = (*names.get(slide.patient, ()), slide.name)
    teaching = set(table.loc[table["human"] > 0, "patient"])
    mine = (slide.path for slide in slides if slide.patient in teaching)
    return AtHand(table, names, tuple(path for path in mine if not path.exists()))


def at_hand(options: Options) -> pd.DataFrame:
    """What the study has to learn from: `labelled_data`, without patients who are left out.

    Raises
    ------
    UserError
        If the study cannot be read.
    """
    with CaseStore.open(options.study, create=False) as store:
        table = labelled_data(store, options.reviewer)
    return table[~table["patient"].isin(options.leave_out)].reset_index(drop=True)


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
    number = int(at_hand(options)["human"].sum()) if labels is None else labels
    if isinstance(plan, ClassifierRecipe):
        scheme = SCHEMES[plan.scheme]
        number += sum(len(labelled_files(folder, scheme)) for folder in options.patches)
    return number + sum(ON_A_PHANTOM * s.slides for s in plan.data if isinstance(s, Phantoms))


def estimate(options: Options, *, measure: bool = True, labels: int | None = None) -> float | None:
    """Seconds that a retraining will take; see `timing.estimate_seconds`, `number_of_patches`."""
    return estimate_seconds(plan_of(options), number_of_patches(options, labels), measure=measure)
