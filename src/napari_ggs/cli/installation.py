"""Commands for the installation: doctor."""

from typing import Annotated

import typer

from napari_ggs import console


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
