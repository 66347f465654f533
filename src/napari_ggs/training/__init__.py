"""Training: labelled patches or circles to a model."""

from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from napari_ggs.cancelling import Cancelled, never
from napari_ggs.devices import DeviceName

if TYPE_CHECKING:
    from napari_ggs.training.options import Options
    from napari_ggs.training.steps import TrainingStep

Watch = Callable[[float, str], None]
"""Called with the share done (0 to 1) of collecting the data, then of the training, and words."""


def train(
    recipe: str | Path,
    out: Path,
    progress: Watch = lambda *_: None,
    stopped: Cancelled = never,
    *,
    resume: bool = True,
    device: DeviceName | None = None,
) -> Path:
    """Train the model that a recipe describes.

    Parameters
    ----------
    recipe : str or Path
        A TOML file, or the name of a recipe that comes with napari-ggs.
    out : Path
        The model's .safetensors file; its card goes beside it. A hierarchy is a .json file.
    progress : callable
        See `Watch`.
    stopped : callable
        Asked after each batch; once it says True, the best so far is saved. Also while phantoms
        are drawn.
    resume : bool
        Whether to go on from the state beside `out` of a training that was cut off or stopped;
        a finished model there is then refused.
    device : {"auto", "cpu", "cuda"}, optional
        In place of the recipe's.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault, or it was stopped before
        there was anything to save.
    """
    from napari_ggs.training.classification import train_classifier
    from napari_ggs.training.detection import train_detector
    from napari_ggs.training.recipe import recipe_path, task_of

    path = recipe_path(recipe)
    trainer = train_detector if task_of(path) == "detection" else train_classifier
    return trainer(path, out, shown_by(progress), stopped, resume=resume, device=device)


def retrain(
    options: "Options", progress: Watch = lambda *_: None, stopped: Cancelled = never
) -> tuple[Path, bool]:
    """Train a model further with the labels of a study; see `retraining.retrain`.

    What it tells is recorded beside the model (`napari_ggs.training.record`), so that it can be
    watched and stopped from elsewhere too.

    Returns
    -------
    model : Path
    early : bool
        Whether it was stopped before its end.
    """
    from napari_ggs.training.record import recorded

    with recorded(options.out, stopped, fresh=not options.goes_on) as record:
        from napari_ggs.training.at_hand import estimate

        record.tell("estimated", seconds=estimate(options))
        from napari_ggs.training.retraining import retrain  # with torch: not for a mere fault

        show = shown_by(progress)

        def tell(step: "TrainingStep") -> None:
            record.step(step)
            show(step)

        model = retrain(options, tell, record.stopped)
    return model, record.halted


def train_folds(
    recipe: str | Path,
    out: Path,
    folds: int = 5,
    progress: Watch = lambda *_: None,
    stopped: Cancelled = never,
    *,
    fold: int | None = None,
    repeats: int = 1,
    resume: bool = True,
    device: DeviceName | None = None,
) -> list[Path]:
    """Train a classifier for each fold of patients; see `cross_validation.train_folds`."""
    from napari_ggs.errors import UserError
    from napari_ggs.training import cross_validation
    from napari_ggs.training.recipe import recipe_path, task_of

    path = recipe_path(recipe)
    if task_of(path) == "detection":
        raise UserError(f"{path} is for a detector: folds are for classifiers. Leave --folds out.")
    return cross_validation.train_folds(
        path,
        out,
        folds,
        shown_by(progress),
        stopped,
        fold=fold,
        repeats=repeats,
        resume=resume,
        device=device,
    )


def shown_by(progress: Watch) -> "Callable[[TrainingStep], None]":
    return lambda step: progress(step.done / step.total, _words(step))


def _words(step: "TrainingStep") -> str:
    if step.stage == "data":
        return "drawing phantoms"
    merit = "" if isnan(step.merit) else f", validation {step.merit:.3f}"
    return f"training: loss {step.loss:.4f}{merit}"
