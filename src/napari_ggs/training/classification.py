"""Training a classifier: a recipe in, a model out.

Gather, split, train, save: each a function of its own, for studies and windows to call.
"""

from collections.abc import Callable
from pathlib import Path

from napari_ggs.cancelling import never
from napari_ggs.devices import DeviceName, device_of
from napari_ggs.lesions import SCHEMES
from napari_ggs.models import load_classifier
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.collecting import check as check_sources
from napari_ggs.training.collecting import patches_of
from napari_ggs.training.hierarchy import check_children, member_files, train_hierarchy
from napari_ggs.training.networks import Run, train_new_network
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.places import check_place, refuse_finished
from napari_ggs.training.predicting import predictions, predictions_path, write_predictions
from napari_ggs.training.recipe import load_recipe
from napari_ggs.training.splits import Split, check, split_patients, warn_of_unseen
from napari_ggs.training.state import state_path
from napari_ggs.training.steps import Progress, drawing, silent


def train_classifier(
    recipe: Path,
    out: Path,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    *,
    resume: bool = True,
    device: DeviceName | None = None,
) -> Path:
    """Train a classifier by a recipe and save it with its card; see `train_on`.

    Parameters
    ----------
    recipe : Path
        A TOML file; see `ClassifierRecipe`.
    out, progress, stopped, resume
        See `train_on`.
    device : str, optional
        In place of the recipe's.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault.
    """
    plan = load_plan(recipe, device)
    check_out(plan, out, resume)
    parts = gather(plan, progress, stopped)
    split = split_patients(parts, validation_shares(plan), plan.seed)
    return train_on(split, plan, out, progress, stopped, resume=resume, recipe=recipe.name)


def train_on(
    split: Split,
    plan: ClassifierRecipe,
    out: Path,
    progress: Progress = silent,
    stopped: Callable[[], bool] = never,
    *,
    resume: bool = True,
    recipe: str = "",
) -> Path:
    """Train a classifier on patches that are split, and save it with its card.

    The network that is best on the validation patients by balanced accuracy (by loss where that
    is equal) is kept, and calibrated there by one temperature. What it answers about test
    patients, if there are any, is written beside it (`predictions_path`).

    Parameters
    ----------
    split : Split
    plan : ClassifierRecipe
        With children, a hierarchy is made; see `hierarchy.train_hierarchy`.
    out : Path
        The model's .safetensors file; of a hierarchy, its .json file.
    progress : callable
        Called with a `TrainingStep` as it goes.
    stopped : callable
        Asked after each batch; once it says True, the best network so far is what is saved. The
        same training can go on later.
    resume : bool
        Whether to go on from the state beside `out` of a training that was cut off or stopped;
        a finished model there is then refused.
    recipe : str
        Name of the recipe's file, for the card.

    Returns
    -------
    Path
        The model's file.

    Raises
    ------
    UserError
        If the data cannot be learnt from, the state is of another training, the model is finished
        already, the loss is no longer a number, or files cannot be written.
    """
    check_out(plan, out, resume)
    if not resume:
        forget(plan, out)
    model = train_member(split, plan, out, Run(progress, stopped, recipe))
    if not stopped():
        forget(plan, out)
    return model


def train_member(split: Split, plan: ClassifierRecipe, out: Path, run: Run) -> Path:
    """As `train_on`; the states stay, so that it is only loaded when it is asked for again."""
    classes = SCHEMES[plan.scheme].classes
    check(split, classes)
    check_children(split, plan)
    warn_of_unseen(split, classes, plan.name)
    if plan.children:
        model = train_hierarchy(split, plan, out, run)
    else:
        model = member_files(plan, out)[0]
        train_new_network(plan, split, model, run)
    if len(split.test):
        table = predictions(load_classifier(model, plan.device).classifier, split.test)
        write_predictions(table, predictions_path(model))
    return model


def load_plan(recipe: Path, device: DeviceName | None = None) -> ClassifierRecipe:
    """Read a recipe; `device` takes the place of the recipe's.

    Raises
    ------
    UserError
        If it cannot be read, or asks for a GPU where there is none.
    """
    plan = load_recipe(recipe, ClassifierRecipe)
    device_of(device or plan.device)
    return plan.model_copy(update={"device": device}) if device else plan


def gather(
    plan: ClassifierRecipe, progress: Progress = silent, stopped: Callable[[], bool] = never
) -> list[PatchSet]:
    """Collect the patches of each of a recipe's sources, named in its scheme.

    Raises
    ------
    UserError
        If its files are not there or say something else than they should.
    StoppedError
        If it was stopped while phantoms were drawn.
    """
    check_sources(plan.data)
    drawn = drawing(progress, stopped)
    return [patches_of(source, SCHEMES[plan.scheme], drawn) for source in plan.data]


def validation_shares(plan: ClassifierRecipe) -> list[float]:
    """The share of each source's patients that is held out."""
    return [source.validation for source in plan.data]


def model_file(plan: ClassifierRecipe, out: Path) -> Path:
    """The file by which the model is loaded: of a hierarchy its card, else its weights."""
    return out.with_suffix(".json") if plan.children else member_files(plan, out)[0]


def states(plan: ClassifierRecipe, out: Path) -> list[Path]:
    """The states of a training; see `state_path`."""
    return [state_path(file) for file in member_files(plan, out)]


def forget(plan: ClassifierRecipe, out: Path) -> None:
    """Remove the states of a training."""
    for state in states(plan, out):
        state.unlink(missing_ok=True)


def check_out(plan: ClassifierRecipe, out: Path, resume: bool) -> None:
    """Find out now, and not after hours, that the model cannot go there.

    Raises
    ------
    UserError
        If the place is not for models, or has a finished one and `resume` is true.
    """
    check_place(out, composite=bool(plan.children))
    if resume:
        refuse_finished([model_file(plan, out)], states(plan, out))
