"""The arms of a study: the same training again and again, with one thing changed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from napari_ggs.cancelling import never
from napari_ggs.classification.classifier import AnyClassifier
from napari_ggs.devices import DeviceName
from napari_ggs.lesions import SCHEMES
from napari_ggs.models import load_classifier
from napari_ggs.studies.scales import Scale
from napari_ggs.training.classification import forget, model_file, states, train_member
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.collecting import patches_of
from napari_ggs.training.hierarchy import member_files
from napari_ggs.training.networks import Run
from napari_ggs.training.patches import PatchSet, digest
from napari_ggs.training.predicting import predictions, write_predictions
from napari_ggs.training.sources import Source
from napari_ggs.training.splits import Split, split_folds
from napari_ggs.training.steps import Progress, StoppedError, drawing, part_of, silent

DEAL = 1
"""Seed of the deal of patients to folds: the same for all arms."""

Models = dict[str, AnyClassifier]


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes
    ----------
    name : str
    plan : ClassifierRecipe
    answering : callable, optional
        From the files of the trained networks, and where they compute, to the classifiers whose
        answers are wanted, by name; the model itself, named "", if not given.
    """

    name: str
    plan: ClassifierRecipe
    answering: Callable[[Sequence[Path], DeviceName], Models] | None = None


class Stage(NamedTuple):
    """Where arms are run.

    Attributes
    ----------
    folder : Path
        Keeps what each run of each arm has answered; a run that is there is not trained again.
    scale : Scale
    progress, stopped : callable
        See `train_on`.
    device : {"auto", "cpu", "cuda"}
        Where networks learn and answer.
    """

    folder: Path
    scale: Scale
    progress: Progress = silent
    stopped: Callable[[], bool] = never
    device: DeviceName = "auto"


def deal(source: Source, scheme: str, stage: Stage) -> list[Split]:
    """The folds of a cohort, 60/20/20 by patient."""
    drawn = drawing(stage.progress, stage.stopped)
    patches = patches_of(source, SCHEMES[scheme], drawn)
    return split_folds([patches], [0.2], stage.scale.folds, DEAL)


def run_arms(
    arms: Sequence[Arm],
    splits: Sequence[Split],
    stage: Stage,
    others: Mapping[str, PatchSet] | None = None,
) -> pd.DataFrame:
    """Train every arm on its folds with its seeds, and collect what the models answer.

    Parameters
    ----------
    arms : sequence of Arm
    splits : sequence of Split
        One for each fold.
    stage : Stage
    others : mapping of str to PatchSet, optional
        Further sets that every model answers about.

    Returns
    -------
    DataFrame
        The columns of `predictions`, and before them ``arm``, ``model`` (the name that
        `Arm.answering` gives), ``set`` ("test" or a name of `others`), ``run``, ``fold``, ``seed``.

    Raises
    ------
    StoppedError
        If it was stopped; the runs that are finished are kept.
    """
    tables = []
    total = len(arms) * len(stage.scale.runs)
    for place, (arm, number) in enumerate(
        (arm, number) for arm in arms for number in range(len(stage.scale.runs))
    ):
        part = stage._replace(progress=part_of(stage.progress, place, total))
        tables.append(_run(arm, number, splits, part, others or {}))
    return pd.concat(tables, ignore_index=True)


def _run(
    arm: Arm, number: int, splits: Sequence[Split], stage: Stage, others: Mapping[str, PatchSet]
) -> pd.DataFrame:
    fold, seed = stage.scale.runs[number]
    split = splits[fold - 1]
    models: Models = {}
    tables = []
    for title, patches in {"test": split.test, **others}.items():
        weights = _weights(arm, number, split, stage)
        file = weights.with_name(f"{weights.stem}-{title}-{digest(*patches.names)[:8]}.csv")
        if not file.is_file():
            models = models or _models(arm, trained(arm, number, split, stage), weights, stage)
            write_predictions(_answers(models, patches), file)
        tables.append(pd.read_csv(file, keep_default_na=False).assign(set=title))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(arm=arm.name, run=number + 1, fold=fold, seed=seed)


def trained(arm: Arm, number: int, split: Split, stage: Stage) -> Path:
    """The model of one run (counted from 0) of an arm; trained unless it is there.

    Raises
    ------
    StoppedError
        If it was stopped.
    """
    plan, weights = _plan(arm, number, stage), _weights(arm, number, split, stage)
    model = model_file(plan, weights)
    if not model.is_file() or any(state.is_file() for state in states(plan, weights)):
        # The test patients are answered about by `run_arms`, with all else.
        learnt = Split(split.training, split.validation)
        here = plan.model_copy(update={"device": stage.device})
        train_member(learnt, here, weights, Run(stage.progress, stage.stopped))
        if stage.stopped():
            raise StoppedError(
                "The study was stopped. The same command goes on where it was; what is finished "
                f"is in {stage.folder}."
            )
        forget(plan, weights)
    return model


def _plan(arm: Arm, number: int, stage: Stage) -> ClassifierRecipe:
    _, seed = stage.scale.runs[number]
    return arm.plan.model_copy(update={"seed": seed, "name": "study"})


def _weights(arm: Arm, number: int, split: Split, stage: Stage) -> Path:
    """Where the networks of a run are: arms of other studies that are the same share them."""
    plan, learnt = _plan(arm, number, stage), split.training
    key = digest(plan.model_dump_json(), *learnt.names, *learnt.labels)[:10]
    return stage.folder / f"{plan.scheme}-run{number + 1}-{key}.safetensors"


def _models(arm: Arm, model: Path, weights: Path, stage: Stage) -> Models:
    if arm.answering is None:
        return {"": load_classifier(model, stage.device).classifier}
    return arm.answering(member_files(arm.plan, weights), stage.device)


def _answers(models: Models, patches: PatchSet) -> pd.DataFrame:
    tables = [predictions(model, patches).assign(model=name) for name, model in models.items()]
    return pd.concat(tables, ignore_index=True)


def slug(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
