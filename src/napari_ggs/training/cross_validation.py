"""Cross-validation: a model for each fold of patients, and all of them as one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from napari_ggs.cancelling import never
from napari_ggs.devices import DeviceName
from napari_ggs.lesions import SCHEMES
from napari_ggs.training.classification import (
    forget,
    gather,
    load_plan,
    model_file,
    states,
    train_member,
    validation_shares,
)
from napari_ggs.training.classifier_card import Metrics
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.networks import Run, known_origin, save_together
from napari_ggs.training.places import check_place, refuse_finished
from napari_ggs.training.predicting import metrics_of, predictions_path, write_predictions
from napari_ggs.training.splits import Split, TrainingError, check, split_folds
from napari_ggs.training.steps import Progress, part_of, silent


def train_folds(
    recipe: Path,
    out: Path,
    folds: int = 5,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    *,
    fold: int | None = None,
    repeats: int = 1,
    resume: bool = True,
    device: DeviceName | None = None,
) -> list[Path]:
    """Train a model for each fold, and save them also as one: the mean of what they say.

    Both papers' protocol: five folds by patient, 60/20/20; the GGS paper repeats it five times
    with other seeds. ``m.safetensors`` gives ``m-fold1.safetensors`` and so on, what each answers
    about its own test patients in ``m-fold1.test.csv``, the ensemble ``m.json``, and all answers
    in ``m.test.csv``. What was finished before it was cut off is not trained again: the state of
    each fold stays until all folds of all repeats are done.

    Parameters
    ----------
    recipe, out, progress, stopped, resume, device
        See `train_classifier`.
    folds : int
    fold : int, optional
        Train only this one, counted from 1. Once each was, the call for all makes the ensemble.
    repeats : int
        With more than one, the seeds are the recipe's, the next, ..., and ``m-seed1`` stands in
        the place of ``m``.

    Returns
    -------
    list of Path
        The ensemble of each repeat; the fold's model where only one is trained, the last that
        there is where it was stopped.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the models are at fault, or all are finished
        already and `resume` is true.
    """
    if fold is not None and not 1 <= fold <= folds:
        raise TrainingError(f"There is no fold {fold}: the folds are 1 to {folds}.")
    plan = load_plan(recipe, device)
    check_place(out, composite=True)
    wanted = range(1, folds + 1) if fold is None else [fold]
    each = list(_repeats(plan, out, repeats))
    members = [_plan_of(*repeat, number) for repeat in each for number in wanted]
    _begin(members, resume)
    parts, models = gather(plan, progress, stopped), []
    for number, (seeded, name) in enumerate(each):
        splits = split_folds(parts, validation_shares(plan), folds, seeded.seed)
        run = Run(part_of(progress, number, repeats), stopped, recipe.name)
        models.append(cross_validate(splits, seeded, name, run, only=fold))
        if stopped():
            return models
    if fold is None:
        for member in members:
            forget(*member)
    return models


def _begin(members: Sequence[tuple[ClassifierRecipe, Path]], resume: bool) -> None:
    """Refuse what is finished or, if it is to begin again, remove its states."""
    if resume:
        known = [state for member in members for state in states(*member)]
        refuse_finished([model_file(*member) for member in members], known)
    else:
        for member in members:
            forget(*member)


def cross_validate(
    splits: Sequence[Split],
    plan: ClassifierRecipe,
    out: Path,
    run: Run,
    *,
    only: int | None = None,
) -> Path:
    """Train on splits that are made, one after the other; see `train_folds`. The states stay."""
    for number, split in enumerate(splits, start=1):
        check(split, SCHEMES[plan.scheme].classes, f"Fold {number}: ")
        known_origin(plan, split)
    chosen = range(1, len(splits) + 1) if only is None else [only]
    models = []
    for place, number in enumerate(chosen):
        part = run.part(place, len(chosen))
        models.append(train_member(splits[number - 1], *_plan_of(plan, out, number), part))
        if run.stopped():
            return models[-1]
    return models[0] if only is not None else _save_ensemble(plan, models, out, run)


def fold_file(out: Path, number: int) -> Path:
    """The file of a fold's model, counted from 1."""
    return out.with_name(f"{out.stem}-fold{number}.safetensors")


def _repeats(
    plan: ClassifierRecipe, out: Path, repeats: int
) -> Iterator[tuple[ClassifierRecipe, Path]]:
    """The recipe and the file of each repeat."""
    for seed in range(plan.seed, plan.seed + repeats):
        name = out if repeats == 1 else out.with_name(f"{out.stem}-seed{seed}{out.suffix}")
        yield plan.model_copy(update={"seed": seed}), name


def _plan_of(plan: ClassifierRecipe, out: Path, number: int) -> tuple[ClassifierRecipe, Path]:
    name = {"name": f"{plan.name}-fold{number}"}
    return plan.model_copy(update=name), fold_file(out, number)


def _save_ensemble(plan: ClassifierRecipe, models: Sequence[Path], out: Path, run: Run) -> Path:
    tables = [pd.read_csv(predictions_path(model)) for model in models]
    together = pd.concat(
        [table.assign(fold=number) for number, table in enumerate(tables, start=1)]
    )
    write_predictions(together, predictions_path(out))
    scheme = SCHEMES[plan.scheme]
    metrics = mean_and_error(metrics_of(table, scheme) for table in tables)
    return save_together(plan, "ensemble", models, out, run, metrics=metrics)


def mean_and_error(figures: Iterable[Metrics]) -> Metrics:
    """Mean and standard error over folds of every figure; named ``..._mean`` and ``..._se``."""
    table = pd.DataFrame(list(figures))
    error = table.sem().fillna(0.0)
    both = {f"{name}_mean": value for name, value in table.mean().items()}
    both |= {f"{name}_se": value for name, value in error.items()}
    return {name: round(float(value), 4) for name, value in both.items()}
