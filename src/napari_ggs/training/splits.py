"""Who is trained on and who is held out: by patient, never by patch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from napari_ggs.errors import UserError
from napari_ggs.training.patches import PatchSet


class TrainingError(UserError):
    """Training that cannot start or go on."""


class Split(NamedTuple):
    """Patches to learn from, and those that choose and calibrate the model."""

    training: PatchSet
    validation: PatchSet


def split_patients(parts: Sequence[PatchSet], shares: Sequence[float], seed: int) -> Split:
    """Hold out a share of the patients of each part.

    Parameters
    ----------
    parts : sequence of PatchSet
    shares : sequence of float
        For each part; 0 holds out nobody, more holds out at least one.
    seed : int

    Raises
    ------
    TrainingError
        If nothing is held out, or a class that is held out is not learnt.
    """
    rng = np.random.default_rng(seed)
    held_out: list[str] = []
    for part, share in zip(parts, shares, strict=True):
        patients = np.unique(part.patients)
        number = max(1, round(share * len(patients))) if share else 0
        held_out += rng.permutation(patients)[:number].tolist()
    everything = PatchSet.joined(list(parts))
    aside = np.isin(everything.patients, held_out)
    split = Split(everything.where(~aside), everything.where(aside))
    _check(split)
    return split


def _check(split: Split) -> None:
    learnt, held_out = (set(part.labels.tolist()) for part in split)
    if not held_out or not learnt:
        patients = np.unique(np.concatenate([part.patients for part in split]))
        raise TrainingError(
            f"The data are of {len(patients)} patient{'s' * (len(patients) != 1)}: at least two "
            "are needed, one to learn from and one to choose the model. Add patients."
        )
    missing = ", ".join(sorted(held_out - learnt))
    if missing:
        raise TrainingError(
            f"No patient to learn from has an example of {missing}: add patients that have."
        )
