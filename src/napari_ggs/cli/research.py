"""Commands for models in the making: train, reproduce."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_ggs import console
from napari_ggs.cancelling import Cancelled
from napari_ggs.cli.options import Device
from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's file (.toml) or name.")],
    out: Annotated[Path, typer.Option(help="The model to write (.safetensors).")],
    folds: Annotated[
        int | None, typer.Option(help="Train a classifier for each of so many folds of patients.")
    ] = None,
    fold: Annotated[
        int | None, typer.Option(help="Only this one of the folds, counted from 1.", min=1)
    ] = None,
    repeats: Annotated[
        int, typer.Option(help="Cross-validate so often, each with a seed of its own.", min=1)
    ] = 1,
    resume: Annotated[
        bool, typer.Option(help="Go on from where a training of this model was cut off.")
    ] = True,
    device: Annotated[
        DeviceName | None,
        typer.Option(help="Where to compute.", show_default="the recipe's"),
    ] = None,
) -> None:
    """Train a detector or a classifier by a recipe.

    Ctrl+C stops early and saves the best model so far; the same command goes on from there.
    Pressed before there is anything to save, it ends with exit code 130. All folds together give
    figures and pictures of what they answer about their test patients, in a folder .figures.
    """
    from napari_ggs import training

    if folds is None and (fold or repeats > 1):
        raise UserError("--fold and --repeats are parts of a cross-validation: add --folds 5.")
    given: dict[str, Any] = {"resume": resume, "device": device}
    with stoppable(recipe) as (advance, stopped):
        if folds is None:
            models = [training.train(recipe, out, advance, stopped, **given)]
        else:
            given |= {"fold": fold, "repeats": repeats}
            models = training.train_folds(recipe, out, folds, advance, stopped, **given)
        early = stopped()
    for model in models:
        words = " (stopped early)" * early
        console.line(f"The model is {model}, its card {model.with_suffix('.json')}{words}")
        if folds and not (fold or early):
            console.line(f"Figures and pictures of its test: {_test_figures(model)}")


@contextmanager
def stoppable(title: str) -> Iterator[tuple[console.Advance, Cancelled]]:
    """A progress bar and Ctrl+C; what was stopped before its end exits with 130."""
    from napari_ggs.training.steps import StoppedError

    try:
        with console.progress(title) as advance, console.interruptible() as stopped:
            yield advance, stopped
    except StoppedError as stop:
        from napari_ggs.batch import CANCELLED  # with torch: not before it is needed

        console.error(str(stop))
        raise typer.Exit(CANCELLED) from None


def _test_figures(model: Path) -> Path:
    """Measure what the folds of an ensemble answered about their test patients.

    Of all folds together, and as ROC curves with a band over the folds (``roc_folds.png``).
    """
    import pandas as pd

    from napari_ggs.evaluation.drawing import save
    from napari_ggs.evaluation.pictures import roc_picture
    from napari_ggs.models import read_card
    from napari_ggs.studies.assessment_files import figures_folder, write_classes
    from napari_ggs.studies.figures import answers_of, band_of
    from napari_ggs.training.predicting import predictions_path

    table = pd.read_csv(predictions_path(model), keep_default_na=False)
    scheme, folder = read_card(model).scheme, figures_folder(model)
    areas = write_classes(answers_of(table, scheme), folder).auc
    defined = [name for name, area in areas.items() if area.value >= 0]
    bands = {name: band_of(table, name, scheme, by="fold") for name in defined}
    save(roc_picture(bands), folder / "roc_folds.png")
    return folder


def reproduce(
    study: Annotated[
        str, typer.Argument(help="transfer, external, filtering, circlemix or imbalance.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder: the report is in STUDY below it. Studies in one folder share what they "
            "train alike."
        ),
    ],
    scale: Annotated[
        Literal["small", "medium", "paper"],
        typer.Option(
            help="paper: the papers' networks, folds and repeats (a GPU and real data); medium: "
            "two hours on a laptop; small: minutes, to see that it runs."
        ),
    ] = "medium",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own labelled patches (patient/class/*.png); of external: a folder with "
            "cohort and elsewhere, both so; of filtering: slides with manifest.csv, and patches.",
            show_default="phantoms with made-up patients",
        ),
    ] = None,
    device: Device = "auto",
) -> None:
    """Run a study of the papers: their table beside ours, with pictures, in report.md.

    Ctrl+C stops; the same command goes on where it was.
    """
    from napari_ggs import training
    from napari_ggs.studies.reproduce import reproduce as run_study

    with stoppable(study) as (advance, stopped):
        shown = training.shown_by(advance)
        report = run_study(study, out, scale, data, shown, stopped, device)
    console.line(report.read_text(encoding="utf-8"))
    console.line(f"The report, with pictures: {report}")
