"""Training: labelled patches or circles to a model."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_ggs.training.steps import TrainingStep


def train(
    recipe: str | Path, out: Path, progress: Callable[[float, str], None] = lambda *_: None
) -> Path:
    """Train the model that a recipe describes.

    Parameters
    ----------
    recipe : str or Path
        A TOML file, or the name of a recipe that comes with napari-ggs.
    out : Path
        The model's .safetensors file; its card goes beside it.
    progress : callable
        Called with the share done (0 to 1) of collecting the data, then of the training, and a few
        words.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UserError
        If the recipe, its data or the place for the model are at fault.
    """
    from napari_ggs.training.classification import train_classifier
    from napari_ggs.training.detection import train_detector
    from napari_ggs.training.recipe import recipe_path, task_of

    path = recipe_path(recipe)
    trainer = train_detector if task_of(path) == "detection" else train_classifier
    return trainer(path, out, lambda step: progress(step.done / step.total, _words(step)))


def _words(step: "TrainingStep") -> str:
    return f"{step.stage}: loss {step.loss:.4f}, validation {step.merit:.3f}"
