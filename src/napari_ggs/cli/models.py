"""Commands for models: list, show, verify, import, combine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_ggs import console
from napari_ggs.errors import UserError

app = typer.Typer(
    name="models",
    help="List, show, verify, import and combine models; choose which are in use.",
    no_args_is_help=True,
)


@app.command("list")
def list_models(
    folders: Annotated[list[Path] | None, typer.Argument(help="Further folders.")] = None,
) -> None:
    """List the models that come with napari-ggs, and those in folders."""
    from napari_ggs.models import available, find, models_in
    from napari_ggs.models.describing import HEADINGS, row

    places = [card.name for card in available()]
    places += [str(file) for folder in folders or [] for file in models_in(folder)]
    rows, code = [HEADINGS], 0
    for place in places:
        try:
            rows.append(row(find(place)))
        except UserError as error:
            console.error(str(error))
            code = 2
    _print(rows)
    raise typer.Exit(code)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="A model's name or file.")],
) -> None:
    """Show what a model is for, what it learnt from, who named the classes, and how good it is."""
    from napari_ggs.models import find
    from napari_ggs.models.describing import described

    _print(described(find(model)))


@app.command()
def verify(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Names, files or folders.", show_default="all that are embedded"),
    ] = None,
) -> None:
    """Check that weights and members are those that the cards describe, and that they load."""
    from napari_ggs.models import available, models_in
    from napari_ggs.models import verify as verified

    named = models or [card.name for card in available()]
    code = 0
    for name in named:
        for place in map(str, models_in(Path(name))) if Path(name).is_dir() else [name]:
            try:
                card = verified(place)
            except UserError as error:
                console.error(str(error))
                code = 2
            else:
                console.line(f"{place}: {card.task}, {card.network}, intact")
    raise typer.Exit(code)


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CircleNet over DLA-34 (.pth); BiT (.npz, .pth.tar), ResNet50 or ResNet101, "
            "EfficientNet-B0 (.pth.tar)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The model to write (.safetensors).")],
    classes: Annotated[
        str, typer.Option(help="A classifier's classes, with commas, in the file's order.")
    ] = "",
    mpp: Annotated[
        float, typer.Option(help="Microns per pixel that a detector wants.", min=0.1, max=100)
    ] = 4.0,
    margin_um: Annotated[
        float, typer.Option(help="Margin of a classifier's crops.", min=0, max=1000)
    ] = 12.5,
    input_px: Annotated[
        int | None,
        typer.Option(help="Side of the input.", min=32, show_default="512, classifiers 224"),
    ] = None,
    normalisation: Annotated[
        Literal["imagenet", "half", "none"] | None,
        typer.Option(help="How its images were normalised.", show_default="as its makers do"),
    ] = None,
) -> None:
    """Turn a published checkpoint into a model with a card; no code in it is run."""
    from napari_ggs.models import ImportSettings, find, import_model
    from napari_ggs.models.describing import described

    named = tuple(name.strip() for name in classes.split(",") if name.strip())
    settings = ImportSettings(named, mpp, margin_um, input_px, normalisation)
    _print(described(find(import_model(file, out, settings))))


@app.command()
def combine(
    name: Annotated[str, typer.Argument(help="What the new model is called.")],
    models: Annotated[
        list[Path],
        typer.Argument(
            help="Its members, two or more, in the folder of --out; of a hierarchy the parent "
            "first, then the children."
        ),
    ],
    kind: Annotated[
        Literal["detectors", "ensemble", "hierarchy"],
        typer.Option(
            help="detectors: their circles are fused; ensemble: the mean of what classifiers say; "
            "hierarchy: children decide between classes of their parent."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The model to write (.json), in the folder of its members.")
    ],
) -> None:
    """Make one model of several that lie in one folder, which then answer together.

    The new model is a card that knows its members by file name and SHA-256: keep them beside it.
    """
    from napari_ggs.models import combine as combined
    from napari_ggs.models import find
    from napari_ggs.models.describing import described

    _print(described(find(combined(name, kind, models, out))))


def _print(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows of cells with the columns in line."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        console.line("  ".join(padded).rstrip())
