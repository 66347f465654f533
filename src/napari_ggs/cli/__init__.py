"""The command line: ``napari-ggs ...``. Thin: it reads words, calls the rooms, prints lines.

Heavy imports wait until a command needs them, so that ``--help`` answers at once.
"""

import sys
from typing import Annotated

import typer

from napari_ggs import __version__, console
from napari_ggs.cli import (
    annotations,
    assessing,
    cohort,
    installation,
    learning,
    models,
    readers,
    report,
    research,
    retraining,
    slides,
    statistics,
    study,
)
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


for command in (
    slides.run,
    slides.view,
    slides.convert,
    slides.phantom,
    slides.demo,
    annotations.circles,
    assessing.evaluate,
    assessing.classify,
    research.train,
    research.reproduce,
    retraining.retrain,
    retraining.mine,
    cohort.cohort,
    learning.compare,
    report.report,
    installation.doctor,
):
    app.command()(command)
models.app.command()(learning.use)
models.app.command()(learning.history)
models.app.command()(learning.back)
study.app.command()(readers.agreement)
study.app.command()(statistics.statistics)
app.add_typer(models.app)
app.add_typer(study.app)


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
