"""What the pictures of an evaluation share: paper, letters, colours, and how they are saved."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ggs.files import replacing

DARK = "#1A1A1A"
FAINT = "#A8A8A8"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart under the common forms of colour blindness (after Okabe and Ito)."""

STROKES = ("solid", "dashed", "dashdot", "dotted", (0, (6, 1, 1, 1)), (0, (3, 1)))
"""Told apart in print without colour."""

COLUMN = 3.5
"""Inches: the width of a journal's column."""

SMALL, NORMAL = 7, 8
"""Letters, in points."""

_DPI = 300


def paper(width: float = COLUMN, height: float = 3.3) -> Figure:
    """An empty figure, in inches."""
    return Figure(figsize=(width, height), facecolor="white", layout="constrained")


def plain(axes: Axes, x: str, y: str) -> None:
    """Axes with names, small letters and no frame above and at the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL, colors=DARK)
    axes.set_xlabel(x, fontsize=NORMAL, color=DARK)
    axes.set_ylabel(y, fontsize=NORMAL, color=DARK)


def line(number: int) -> dict[str, Any]:
    """How the curve of this number, from 0, is drawn: its colour and stroke."""
    colour, stroke = COLOURS[number % len(COLOURS)], STROKES[number % len(STROKES)]
    return {"color": colour, "linestyle": stroke, "linewidth": 1.3}


def unit_square(axes: Axes, x: str, y: str) -> None:
    """Plain square axes from 0 to 1."""
    plain(axes, x, y)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")


def save(figure: Figure, path: Path) -> Path:
    """Save a figure as PNG, whole or not at all; return `path`."""
    with replacing(path) as scratch:
        figure.savefig(scratch, dpi=_DPI)
    return path
