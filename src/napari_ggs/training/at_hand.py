"""What a retraining has at hand, and how long it will take, before it begins. Imports no torch."""

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


def number_of_patches(options: Options) -> int:
    """How many patches a classifier would learn from and be chosen by, about.

    Raises
    ------
    UserError
        If the study, the recipe or a folder of patches are at fault.
    """
    plan = plan_of(options)
    number = int(at_hand(options)["human"].sum())
    if isinstance(plan, ClassifierRecipe):
        scheme = SCHEMES[plan.scheme]
        number += sum(len(labelled_files(folder, scheme)) for folder in options.patches)
    return number + sum(ON_A_PHANTOM * s.slides for s in plan.data if isinstance(s, Phantoms))


def estimate(options: Options, *, measure: bool = True) -> float | None:
    """Seconds that a retraining will take; see `timing.estimate_seconds`."""
    return estimate_seconds(plan_of(options), number_of_patches(options), measure=measure)
