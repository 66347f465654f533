"""Who is trained on, who chooses the model and who tests it: by patient, never by patch."""

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from napari_ggs.errors import UserError
from napari_ggs.training.patches import PatchSet

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]

TRIES = 100
"""Splits and deals of patients to folds, of which the best is taken."""


class TrainingError(UserError):
    """Training that cannot start or go on."""


class Split(NamedTuple):
    """Patches to learn from, those that choose and calibrate the model, those that test it."""

    training: PatchSet
    validation: PatchSet
    test: PatchSet = PatchSet.of([], [], "")

    def of_classes(self, classes: Iterable[str]) -> "Split":
        """The patches of some classes only."""
        wanted = list(classes)
        return Split(*(part.where(np.isin(part.labels, wanted)) for part in self))


def split_patients(
    parts: Sequence[PatchSet], shares: Sequence[float], seed: int, taught: Collection[str] = ()
) -> Split:
    """Hold out a share of the patients of each part; drawn anew until both sides have all classes.

    Where that cannot be, as many as can be, first of all to learn from.

    Parameters
    ----------
    parts : sequence of PatchSet
    shares : sequence of float
        For each part; 0 holds out nobody, more holds out at least one.
    seed : int
    taught : collection of str
        Patients and slides that are not held out, since they taught what the training starts from.
    """
    rng, everything = np.random.default_rng(seed), PatchSet.joined(parts)
    apart = _known(everything, taught)
    classes = len(np.unique(everything.labels))
    best, most = np.zeros(len(everything), dtype=bool), (0, 0)
    for _ in range(TRIES):
        aside = np.isin(everything.patients, _drawn(parts, shares, rng, apart))
        learnt, chosen = (len(np.unique(everything.labels[side])) for side in (~aside, aside))
        if (learnt, chosen) > most:
            best, most = aside, (learnt, chosen)
        if most == (classes, classes):
            break
    return Split(everything.where(~best), everything.where(best))


def _known(patches: PatchSet, taught: Collection[str]) -> NDArray[np.str_]:
    """Patients of whom something taught before, be it by another name: a slide tells."""
    before = list(taught)
    known = np.isin(patches.patients, before) | np.isin(patches.slides, before)
    return np.unique(patches.patients[known])


def _drawn(
    parts: Sequence[PatchSet], shares: Sequence[float], rng: Generator, apart: NDArray[np.str_]
) -> list[str]:
    """Patients who are held out; nobody of those who stay apart."""
    held_out: list[str] = []
    for part, share in zip(parts, shares, strict=True):
        patients = np.unique(part.patients)
        number = max(1, round(share * len(patients))) if share else 0
        held_out += rng.permutation(np.setdiff1d(patients, apart))[:number].tolist()
    return held_out


def split_folds(
    parts: Sequence[PatchSet], shares: Sequence[float], folds: int, seed: int
) -> list[Split]:
    """Deal the patients to folds; each fold tests once and chooses the model once.

    With five folds each split is 60/20/20, as in both papers. Classes are spread as evenly as
    whole patients allow.

    Parameters
    ----------
    parts : sequence of PatchSet
    shares : sequence of float
        For each part; patients of a part of 0 are only learnt from.
    folds : int
        At least 3.
    seed : int

    Raises
    ------
    TrainingError
        If there are fewer patients than folds.
    """
    everything = PatchSet.joined(parts)
    dealt = [part.patients for part, share in zip(parts, shares, strict=True) if share]
    patients = np.unique(np.concatenate(dealt or [np.array([], np.str_)]))
    if folds < 3 or len(patients) < folds:
        raise TrainingError(
            f"{folds} folds of {len(patients)} patient{'s' * (len(patients) != 1)}: at least 3 "
            "folds and as many patients are needed. Ask for other folds, or add patients."
        )
    classes, label = np.unique(everything.labels, return_inverse=True)
    counts = np.zeros((len(patients), len(classes)))
    in_fold = np.isin(everything.patients, patients)
    at = np.searchsorted(patients, everything.patients[in_fold])
    np.add.at(counts, (at, label[in_fold]), 1)
    fold = np.full(len(everything), -1)
    fold[in_fold] = deal(counts, folds, np.random.default_rng(seed))[at]
    return [_split(everything, fold, i, (i + 1) % folds) for i in range(folds)]


def deal(counts: ArrayLike, folds: int, rng: Generator) -> NDArray[np.intp]:
    """Deal patients to folds so that every class is spread evenly; the best of many tries.

    Where a fold tests and the next one chooses the model, the others should have examples of
    every class to learn from; that comes first.

    Parameters
    ----------
    counts : array_like, shape (patients, classes)
        Examples of each class. The number of patches and of patients counts like a class.
    folds : int
    rng : Generator

    Returns
    -------
    ndarray of int, shape (patients,)
        The fold of each; no fold is empty if there are enough patients.
    """
    table = np.asarray(counts, dtype=float)
    table = np.column_stack([table, table.sum(axis=1), np.ones(len(table))])
    shares = table / np.maximum(table.sum(axis=0), 1)
    deals = [_deal_once(shares, folds, rng) for _ in range(TRIES)]
    return min(deals, key=lambda fold: _fault(shares, fold, folds))


def _fault(shares: Floats, fold: NDArray[np.intp], folds: int) -> tuple[int, float]:
    """How often there is nothing to learn from, then how uneven it is (a sum of squares)."""
    sums = np.stack([shares[fold == i].sum(axis=0) for i in range(folds)])
    aside = sums + np.roll(sums, -1, axis=0)
    nothing = (aside > sums.sum(axis=0) - 1e-9) & (sums.sum(axis=0) > 0)
    return int(nothing.sum()), float((sums**2).sum())


def _deal_once(shares: Floats, folds: int, rng: Generator) -> NDArray[np.intp]:
    """Patients who hold much of a class tend to come first; each goes where least of it is."""
    order = np.argsort(-shares.max(axis=1) * rng.uniform(0.5, 1, len(shares)))
    sums, fold_of = np.zeros((folds, shares.shape[1])), np.empty(len(shares), dtype=np.intp)
    for patient in order:
        fold = int(np.argmin(sums @ shares[patient]))
        sums[fold] += shares[patient]
        fold_of[patient] = fold
    numbers: NDArray[np.intp] = rng.permutation(folds)[fold_of]
    return numbers


def check(split: Split, classes: Sequence[str], where: str = "") -> None:
    """See that a classifier can be learnt from a split.

    Parameters
    ----------
    classes : sequence of str
        All that the classifier is to tell apart.
    where : str
        Begins the message, such as "Fold 2: ".

    Raises
    ------
    TrainingError
        If nobody is there to learn from or to choose the model, a patient is on two sides, or
        a class has no example to learn from.
    """
    names = [set(part.patients.tolist()) for part in split]
    if not names[0] or not names[1]:
        number = len(set.union(*names))
        raise TrainingError(
            f"{where}The data are of {number} patient{'s' * (number != 1)}: at least two "
            "are needed, one to learn from and one to choose the model. Add patients."
        )
    if twice := sorted(names[0] & names[1] | (names[0] | names[1]) & names[2]):
        raise TrainingError(f"{where}The patient {twice[0]} is on two sides of the split.")
    if missing := [name for name in classes if name not in split.training.labels]:
        raise TrainingError(
            f"{where}No patient to learn from has an example of {', '.join(missing)}: add patients "
            "that have, or take a scheme without."
        )


def warn_of_unseen(split: Split, classes: Sequence[str], name: str) -> None:
    """Log the classes that have no say in choosing and calibrating the model `name`."""
    if unseen := [label for label in classes if label not in split.validation.labels]:
        logger.warning(
            "%s: no patient who chooses and calibrates it has an example of %s. Add patients who "
            "have, or hold out more.",
            name,
            ", ".join(unseen),
        )


def _split(everything: PatchSet, fold: NDArray, test: int, validation: int) -> Split:
    aside = [fold == validation, fold == test]
    return Split(
        everything.where(~(aside[0] | aside[1])), *(everything.where(chosen) for chosen in aside)
    )
