"""Where a model goes: that it can be saved there, and that it takes no finished one's place."""

from collections.abc import Iterable
from pathlib import Path

from napari_ggs.files import make_folder
from napari_ggs.training.splits import TrainingError


def check_place(out: Path, *, composite: bool = False) -> None:
    """Find out now, and not after hours, that a model cannot be saved there.

    Parameters
    ----------
    out : Path
        The model's .safetensors file, or its card.
    composite : bool
        Whether the model is a card alone, so that no weights may lie beside it.

    Raises
    ------
    UserError
        If the name or the place is not for models, or another model is in the way.
    """
    if out.suffix not in (".safetensors", ".json"):
        raise TrainingError(f"{out} is no name for a model: end it in .safetensors.")
    weights = out.with_suffix(".safetensors")
    if composite and weights.exists():
        raise TrainingError(f"{weights} is another model, in the way: choose another --out.")
    make_folder(out.parent)


def refuse_finished(models: Iterable[Path], states: Iterable[Path]) -> None:
    """See that models which are there come from a training that can go on.

    Whoever saves a model has saved its state before, and removes it once the run is finished.

    Parameters
    ----------
    models, states : iterable of Path
        Of one run.

    Raises
    ------
    TrainingError
        If there is a model and no state.
    """
    finished = next((model for model in models if model.exists()), None)
    if finished and not any(state.exists() for state in states):
        raise TrainingError(
            f"{finished} is a finished model: train it again with --no-resume, or choose another "
            "--out."
        )
