"""Commands for models in the making: train."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_ggs import console
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
        Literal["auto", "cpu", "cuda"] | None,
        typer.Option(help="Where to compute.", show_default="the recipe's"),
    ] = None,
) -> None:
    """Train a detector or a classifier by a recipe.

    Ctrl+C stops early and saves the best model so far; the same command goes on from there.
    """
    from napari_ggs import training

    if folds is None and (fold or repeats > 1):
        raise UserError("--fold and --repeats are parts of a cross-validation: add --folds 5.")
    with console.progress(recipe) as advance, console.interruptible() as stopped:
        if folds is None:
            models = [training.train(recipe, out, advance, stopped, resume=resume, device=device)]
        else:
            models = training.train_folds(
                recipe,
                out,
                folds,
                advance,
                stopped,
                fold=fold,
                repeats=repeats,
                resume=resume,
                device=device,
            )
        early = " (stopped early)" * stopped()
    for model in models:
        console.line(f"The model is {model}, its card {model.with_suffix('.json')}{early}")


def reproduce(
    study: Annotated[
        str, typer.Argument(help="transfer, external, filtering, circlemix or imbalance.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the report.")],
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
) -> None:
    """Run a study of the papers: their table beside ours, with pictures, in report.md.

    Ctrl+C stops; the same command goes on where it was.
    """
    from napari_ggs import training
    from napari_ggs.studies.reproduce import reproduce as run_study

    with console.progress(study) as advance, console.interruptible() as stopped:
        report = run_study(study, out, scale, data, training.shown_by(advance), stopped)
    console.line(report.read_text(encoding="utf-8"))
    console.line(f"The report, with pictures: {report}")
