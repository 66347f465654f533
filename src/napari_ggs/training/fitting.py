"""The training loop of a classifier: epochs, the best network so far, the state on disk."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_ggs.devices import device_of
from napari_ggs.training.batches import Batch, batches, epoch_length
from napari_ggs.training.classifier_recipe import ClassifierRecipe
from napari_ggs.training.judging import Fitted, Judge
from napari_ggs.training.learning import DivergedError, Learner
from napari_ggs.training.logs import TrainingLog, log_path
from napari_ggs.training.patches import PatchSet
from napari_ggs.training.splits import Split
from napari_ggs.training.state import save_state, saved_state, state_path
from napari_ggs.training.steps import Confusion, Progress, TrainingStep


def fit(
    network: nn.Module,
    recipe: ClassifierRecipe,
    split: Split,
    classes: Sequence[str],
    out: Path,
    *,
    progress: Progress,
    stopped: Callable[[], bool],
) -> Fitted:
    """Train a network and return it at its best on the validation patches.

    The state is saved at the beginning and after each epoch, when also a row is added to the
    log, both beside `out` (`log_path`, `state_path`). A training of the same recipe and data goes
    on from its state and, on the same machine, with as many threads and the same versions, ends
    with the same weights to the bit. The state stays: who saves the model removes it.

    Raises
    ------
    DivergedError
        If the loss is no longer a number.
    TrainingError
        If the state beside `out` is of another training.
    """
    loop = _Loop(network, recipe, split, classes, out)
    loop.resume()
    with torch.random.fork_rng(devices=[]):
        return loop.run(progress, stopped)


class _Loop:
    def __init__(
        self,
        network: nn.Module,
        recipe: ClassifierRecipe,
        split: Split,
        classes: Sequence[str],
        out: Path,
    ) -> None:
        self.recipe, self.patches, self.classes = recipe, split.training, tuple(classes)
        self.targets = _indices(split.training, classes)
        self.length = epoch_length(split.training, recipe)
        self.epochs = sum(stage.epochs for stage in recipe.schedule.stages)
        device, steps = device_of(recipe.device), self.epochs * self.length
        self.learner = Learner(network, recipe, self.targets, len(classes), steps, device)
        self.judge = Judge(split.validation, _indices(split.validation, classes), recipe)
        self.log, self.path = TrainingLog(log_path(out)), state_path(out)
        self.made_by = {"recipe": _recipe_digest(recipe), "data": _data_digest(split, classes)}
        self.epoch, self.halted, self.accuracy = 0, False, math.nan
        self.confusion: Confusion | None = None
        self.best: Fitted | None = None

    def resume(self) -> None:
        """Go on from the state on disk; write one where there is none."""
        saved = saved_state(self.path, self.made_by)
        if saved is None:
            self._save()
            return
        self.learner.restore(saved.parts)
        self.epoch = saved.about["epoch"]
        if self.epoch:
            logits = saved.parts["answers"]["logits"].numpy()
            best = saved.about["best_epoch"]
            self.best = Fitted(saved.parts["best"], logits, self.judge.truth, best)

    def run(self, progress: Progress, stopped: Callable[[], bool]) -> Fitted:
        """Train to the end, or until somebody stops it; return the best network."""
        drawn = batches(self.patches, self.targets, self.recipe, self.epoch * self.length)
        with closing(drawn):
            while self.epoch < self.epochs and not self.halted:
                self._epoch(drawn, progress, stopped)
        assert self.best is not None
        return self.best

    def _epoch(
        self, drawn: Iterator[Batch], progress: Progress, stopped: Callable[[], bool]
    ) -> None:
        started = time.monotonic()
        losses = self._steps(drawn, progress, stopped)
        fitted = self.judge(self.learner.network, self.epoch + 1)
        self.accuracy = fitted.balanced_accuracy
        counts = tuple(tuple(row) for row in fitted.matrix.tolist())
        self.confusion = Confusion(self.classes, counts)
        if self.best is None or fitted.merit > self.best.merit:
            self.best = fitted
        if len(losses) == self.length:
            self.epoch += 1
            self._keep(fitted, float(np.mean(losses)), time.monotonic() - started)
            self._tell(self.epoch * self.length, losses, progress)
            self.halted = stopped()

    def _steps(
        self, drawn: Iterator[Batch], progress: Progress, stopped: Callable[[], bool]
    ) -> list[float]:
        """Learn from the batches of an epoch, fewer if somebody stops it; return the losses.

        The last one is told of when the epoch has been judged.
        """
        first, losses = self.epoch * self.length, []
        for step in range(first, first + self.length):
            losses.append(self._learn(next(drawn), step))
            if len(losses) < self.length:
                self._tell(step + 1, losses, progress)
                self.halted = stopped()
                if self.halted:
                    break
        return losses

    def _tell(self, done: int, losses: Sequence[float], progress: Progress) -> None:
        mean, total = float(np.mean(losses)), self.length * self.epochs
        progress(TrainingStep("training", done, total, mean, self.accuracy, self.confusion))

    def _learn(self, batch: Batch, step: int) -> float:
        try:
            return self.learner.learn(batch, step)
        except DivergedError as fault:
            fault.best = self.best
            raise

    def _keep(self, fitted: Fitted, loss: float, seconds: float) -> None:
        """Write a whole epoch to the log, then to the state."""
        self.log.row(
            self.epoch,
            loss=loss,
            lr=self.learner.rate(self.epoch * self.length - 1),
            validation_balanced_accuracy=fitted.balanced_accuracy,
            validation_macro_f1=fitted.macro_f1,
            seconds=round(seconds, 1),
        )
        self._save()

    def _save(self) -> None:
        parts, about = self.learner.parts(), {"epoch": self.epoch}
        if self.best is not None:
            answers = {"logits": torch.from_numpy(self.best.logits)}
            parts |= {"best": self.best.state, "answers": answers}
            about |= {"best_epoch": self.best.epoch}
        save_state(self.path, self.made_by, parts, about)


def _indices(patches: PatchSet, classes: Sequence[str]) -> NDArray[np.intp]:
    place = {name: i for i, name in enumerate(classes)}
    return np.array([place[label] for label in patches.labels.tolist()], dtype=np.intp)


def _recipe_digest(recipe: ClassifierRecipe) -> str:
    """Changes with every entry that the weights depend on; the data have their own."""
    words = {"name", "notes", "labelled_by", "device", "data", "children", "t_glom"}
    return hashlib.sha256(recipe.model_dump_json(exclude=words).encode()).hexdigest()


def _data_digest(split: Split, classes: Sequence[str]) -> str:
    """Changes with the patches that are learnt from or choose the model."""
    digest = hashlib.sha256("\n".join(classes).encode())
    for part in (split.training, split.validation):
        for column in (part.labels, part.context, part.repeats):
            digest.update(column.tobytes())
        for row in part.rows:
            digest.update(part.pixels[row].tobytes())
    return digest.hexdigest()
