"""Cross-validation: a model for each fold of patients, and all of them as one."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from napari_ggs.lesions import SCHEMES
from napari_ggs.training.classification import (
    check_place,
    forget,
    gather,
    load_plan,
    train_member,
    validation_shares,
)
from napari_ggs.training.classifier_card import Metrics
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.networks import Run, save_together
from napari_ggs.training.predicting import metrics_of, predictions_path, write_predictions
from napari_ggs.training.splits import Split, TrainingError, check, split_folds
from napari_ggs.training.steps import Progress, never, part_of, silent


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
    device: str | None = None,
) -> list[Path]:
    """Train a model for each fold, and save them also as one: the mean of what they say.

    Both papers' protocol: five folds by patient, 60/20/20; the GGS paper repeats it five times
    with other seeds. ``m.safetensors`` gives ``m-fold1.safetensors`` and so on, what each answers
    about its own test patients in ``m-fold1.test.csv``, the ensemble ``m.json``, and all answers
    in ``m.test.csv``. What was finished before it was cut off is not trained again.

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
        If the recipe, its data or the place for the models are at fault.
    """
    if fold is not None and not 1 <= fold <= folds:
        raise TrainingError(f"There is no fold {fold}: the folds are 1 to {folds}.")
    plan = load_plan(recipe, device)
    check_place(out, composite=True)
    parts = gather(plan, progress)
    models = []
    for number in range(repeats):
        seeded = plan.model_copy(update={"seed": plan.seed + number})
        splits = split_folds(parts, validation_shares(plan), folds, seeded.seed)
        run = Run(part_of(progress, number, repeats), stopped, recipe.name)
        name = out if repeats == 1 else out.with_name(f"{out.stem}-seed{seeded.seed}{out.suffix}")
        models.append(cross_validate(splits, seeded, name, run, only=fold, resume=resume))
        if stopped():
            break
    return models


def cross_validate(
    splits: Sequence[Split],
    plan: ClassifierRecipe,
    out: Path,
    run: Run,
    *,
    only: int | None = None,
    resume: bool = True,
) -> Path:
    """Train on splits that are made, one after the other; see `train_folds`."""
    for number, split in enumerate(splits, start=1):
        check(split, SCHEMES[plan.scheme].classes, f"Fold {number}: ")
    chosen = range(1, len(splits) + 1) if only is None else [only]
    plans = {number: _plan_of(plan, out, number) for number in chosen}
    models = []
    for place, (number, (fold_plan, file)) in enumerate(plans.items()):
        if not resume:
            forget(fold_plan, file)
        part = run.part(place, len(plans))
        models.append(train_member(splits[number - 1], fold_plan, file, part))
        if run.stopped():
            return models[-1]
    if only is not None:
        return models[0]
    ensemble = _save_ensemble(plan, models, out, run)
    for fold_plan, file in plans.values():
        forget(fold_plan, file)
    return ensemble


def fold_file(out: Path, number: int) -> Path:
    """The file of a fold's model, counted from 1."""
    return out.with_name(f"{out.stem}-fold{number}.safetensors")


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
