"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError

Mpp = Annotated[
    float | None,
    typer.Option(
        help="Microns per pixel of the slides, in place of what the files say "
        "(0.25 for a 40x scan, 0.5 for 20x).",
        min=0.05,
        max=20,
    ),
]
DetectorName = Annotated[str | None, typer.Option("--detector", help="A model's name or file.")]
ClassifierName = Annotated[str | None, typer.Option("--classifier", help="A model's name or file.")]
Device = Annotated[
    DeviceName,
    typer.Option("--device", help="Where to compute; auto takes a GPU if there is one."),
]
MovedSlides = Annotated[
    list[Path] | None,
    typer.Option(
        "--slides",
        help="A folder with slides that were moved or renamed, which are known by their content. "
        "May be repeated.",
        exists=True,
        file_okay=False,
    ),
]
CountCut = Annotated[
    bool, typer.Option(help="Whether glomeruli cut by the edge of the tissue count.")
]


def _docks_own() -> Path:
    """The study that the docks keep where the preferences name no other."""
    from napari_ggs.store import default_study

    return default_study()


Study = Annotated[
    Path,
    typer.Argument(
        help="The study's file (.ggs).",
        default_factory=_docks_own,
        show_default="study.ggs in your data folder, as in the docks",
    ),
]
Share = Annotated[float | None, typer.Option(min=0, max=1, show_default="the model's own")]


def _looked_at(t_det: float | None) -> float | None:
    """Refuse a detection threshold below what is looked at, as the window's slider does."""
    from napari_ggs.glomeruli import LOWEST_SCORE

    if t_det is not None and t_det < LOWEST_SCORE:
        raise UserError(
            f"--t-det {t_det:g} is too low: a slide has thousands of circles of a detection score "
            f"below {LOWEST_SCORE:g}, and each would be classified. Give {LOWEST_SCORE:g} or more."
        )
    return t_det


DetectionScore = Annotated[
    float | None, typer.Option(min=0, max=1, callback=_looked_at, show_default="the model's own")
]
LowDetectionScore = Annotated[
    float,
    typer.Option(
        "--t-det",
        help="Detection score from which on circles are laid out.",
        min=0,
        max=1,
        callback=_looked_at,
    ),
]
Renamed = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        help="A class name of the files and ours, as GS=obsolescent; GS=glomerulus gives no "
        "class, GS= leaves such outlines out. May be repeated.",
    ),
]


def renamed_classes(pairs: list[str] | None) -> dict[str, str]:
    """What `Renamed` says: names in the files to our own.

    Raises
    ------
    UserError
        If one has no "=".
    """
    for pair in pairs or []:
        if "=" not in pair:
            raise UserError(f"--map {pair} says no new name: write it as --map '{pair}=normal'.")
    split = (pair.partition("=") for pair in pairs or [])
    return {old.strip(): new.strip() for old, _, new in split}
