"""The command line: ``napari-ggs ...``. Thin: it reads words, calls the rooms, prints lines.

Heavy imports wait until a command needs them, so that ``--help`` answers at once.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_ggs import __version__, console
from napari_ggs.errors import UserError

app = typer.Typer(
    name="napari-ggs",
    help="Find, name and review every glomerulus of a PAS kidney slide. "
    "For research, not for diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Mpp = Annotated[
    float | None,
    typer.Option(
        help="Microns per pixel of the slides, in place of what the files say "
        "(0.25 for a 40x scan, 0.5 for 20x).",
        min=0.01,
        max=100,
    ),
]
DetectorName = Annotated[str | None, typer.Option("--detector", help="A model's name or file.")]
ClassifierName = Annotated[str | None, typer.Option("--classifier", help="A model's name or file.")]
Share = Annotated[float | None, typer.Option(min=0, max=1, show_default="the model's own")]


def _version(wanted: bool) -> None:
    if wanted:
        console.line(f"napari-ggs {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command()
def run(
    slides: Annotated[list[Path], typer.Argument(help="Slides (SVS, TIFF, DICOM folder, ...).")],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    mpp: Mpp = None,
    detector: DetectorName = None,
    classifier: ClassifierName = None,
    t_det: Share = None,
    t_glom: Share = None,
) -> None:
    """Detect and classify the glomeruli of slides.

    Writes for each slide a table (.csv), QuPath annotations (.geojson), a picture (.png) and a
    summary (.json). Exit code 2 if a slide could not be analysed; the others are.
    """
    from napari_ggs.batch import Settings, run_slides

    settings = Settings.load(detector, classifier, t_det, t_glom)
    code = run_slides(slides, out, settings, mpp)
    if code:
        raise typer.Exit(code)


@app.command()
def view(
    slides: Annotated[list[Path] | None, typer.Argument(help="Slides to open.")] = None,
    mpp: Mpp = None,
) -> None:
    """Open slides in napari with the Detect & Classify dock."""
    launch(slides or [], mpp)


def launch(slides: list[Path], mpp: float | None) -> None:
    """Open napari, or say what is missing for it."""
    if not find_spec("napari"):
        raise UserError(
            "The viewer is not installed: python -m pip install 'napari-ggs[all]' gets it."
        )
    if not console.has_display():
        raise UserError("There is no display to open a window on; napari-ggs run needs none.")
    from napari_ggs.viewer import launch as open_viewer

    open_viewer(slides, mpp)


@app.command()
def phantom(
    path: Annotated[Path, typer.Argument(help="The slide to write (.svs).")],
    width: Annotated[float, typer.Option(help="Millimetres.", min=0.2, max=100)] = 5.0,
    height: Annotated[float, typer.Option(help="Millimetres.", min=0.2, max=100)] = 4.0,
    mpp: Annotated[float, typer.Option(help="Microns per pixel.", min=0.1, max=4)] = 0.5,
    seed: Annotated[int, typer.Option(help="The same seed makes the same slide.", min=0)] = 0,
    outline: Annotated[
        Literal["wedge", "needle", "field"], typer.Option(help="field: all of it is tissue.")
    ] = "wedge",
) -> None:
    """Write a synthetic PAS kidney slide with known truth beside it (.truth.csv)."""
    from napari_ggs.batch import write_phantom

    made = write_phantom(path, width, height, mpp, seed, outline)
    console.line(f"{path}: {made} glomeruli; the truth is in {path.with_suffix('.truth.csv')}")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the slide and the results.")] = Path("demo"),
    view: Annotated[
        bool | None, typer.Option(help="Open napari afterwards.", show_default="if it can")
    ] = None,
) -> None:
    """Run the main job on a phantom slide: make it, detect, classify, write, show."""
    from napari_ggs.batch import run_demo

    slide = run_demo(out)
    if view or (view is None and console.can_show()):
        launch([slide], None)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's file (.toml) or name.")],
    out: Annotated[Path, typer.Option(help="The model to write (.safetensors).")],
) -> None:
    """Train a detector or a classifier by a recipe."""
    from napari_ggs.training import train as train_model

    with console.progress(recipe) as advance:
        path = train_model(recipe, out, advance)
    console.line(f"The model is {path}, its card {path.with_suffix('.json')}")


@app.command()
def doctor(
    install: Annotated[
        bool, typer.Option("--install", help="Get missing system libraries through apt.")
    ] = False,
) -> None:
    """Say what is installed, which reader and device serve, and what is missing."""
    from napari_ggs import doctor as checks

    if install and (packages := checks.missing_packages()) and (code := checks.install(packages)):
        raise typer.Exit(code)
    if not console.show_findings(checks.examine()):
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; faults become one line and an exit code.

    2: something that the user can put right. 1: a fault of ours.
    """
    try:
        app()
    except UserError as error:
        console.error(str(error))
        sys.exit(2)
    except Exception as error:
        console.fault(error)
        sys.exit(1)
