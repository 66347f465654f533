"""The overlay picture: the slide with every glomerulus circled in its class colour."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from PIL import Image

from napari_ggs import glomeruli
from napari_ggs.files import replacing
from napari_ggs.lesions import NON_GLOMERULUS, Scheme
from napari_ggs.slides import Slide

LONG_SIDE = 2000
_WIDTH, _LARGEST = 1000, 4000
"""Width that small slides are enlarged to, and the most that a side may have then, in px."""

_DPI = 100
_HEADER = 0.9  # inches above the slide, for the headline and the legend
_DARK = "#1A1A1A"


def write_overlay(table: pd.DataFrame, slide: Slide, scheme: Scheme, path: Path) -> None:
    """Draw the rows of `table` over a thumbnail of `slide` and save it as PNG.

    Rejected circles (non-glomerulus) are thin, grey and dashed, so that what the classifier
    filtered can be seen without standing out.
    """
    image, downsample = slide.thumbnail(LONG_SIDE)
    figure, axes, size = _canvas(image)
    classes = glomeruli.classes_in_force(table)
    for lesion in scheme.lesions:
        rows = table[classes == lesion.name]
        _circles(axes, rows, downsample, lesion.colour, rejected=lesion.name == NON_GLOMERULUS)
        if lesion.name != NON_GLOMERULUS:
            _letters(axes, rows, downsample, lesion.letter, lesion.colour)
    _scale_bar(axes, image.shape, slide.mpp, downsample)
    _headline(figure, slide, scheme, classes)
    slide_picture = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    with replacing(path) as scratch:
        _over(slide_picture, figure).save(scratch, "PNG")


def _canvas(image: np.ndarray) -> tuple[Figure, Axes, tuple[int, int]]:
    """A clear figure over a thumbnail, and the width and height that this has in the picture.

    One pixel of the thumbnail is one pixel of the picture, at least.
    """
    height, width = image.shape[:2]
    zoom = max(1.0, min(_WIDTH / width, _LARGEST / height))
    size = round(width * zoom), round(height * zoom)
    inches = (size[0] / _DPI, size[1] / _DPI + _HEADER)
    figure = Figure(figsize=inches, facecolor="none", dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1 - _HEADER / inches[1]))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return figure, axes, size


def _over(below: Image.Image, figure: Figure) -> Image.Image:
    """A figure's drawing over a picture at its lower edge (matplotlib's own takes ten times the
    memory of the picture)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    picture = Image.new("RGB", drawn.size, "white")
    picture.paste(below, (0, drawn.height - below.height))
    picture.paste(drawn, mask=drawn)
    return picture


def _circles(
    axes: Axes, rows: pd.DataFrame, downsample: float, colour: str, *, rejected: bool
) -> None:
    x, y, r = (glomeruli.circles_of(rows) / downsample).T
    for line, tone in ((1.2, colour),) if rejected else ((4.0, _DARK), (2.4, colour)):
        axes.add_collection(
            EllipseCollection(
                2 * r,
                2 * r,
                np.zeros(len(r)),
                units="xy",
                offsets=np.column_stack([x, y]),
                offset_transform=axes.transData,
                facecolors="none",
                edgecolors=tone,
                linewidths=line,
                linestyles="dashed" if rejected else "solid",
            )
        )


def _letters(axes: Axes, rows: pd.DataFrame, downsample: float, letter: str, colour: str) -> None:
    for x, y, r in glomeruli.circles_of(rows) / downsample:
        axes.text(
            x + 0.75 * r,
            y - 0.75 * r,
            letter,
            color=colour,
            fontsize=11,
            fontweight="bold",
            ha="left",
            va="bottom",
            clip_on=True,
            path_effects=[withStroke(linewidth=2.5, foreground=_DARK)],
        )


def _scale_bar(axes: Axes, shape: tuple[int, ...], mpp: float | None, downsample: float) -> None:
    if mpp is None:
        return
    height, width = shape[:2]
    um_per_px = mpp * downsample
    length = round_length(0.2 * width * um_per_px)
    x, y = 0.03 * width, 0.965 * height
    axes.plot([x, x + length / um_per_px], [y, y], color=_DARK, linewidth=4, solid_capstyle="butt")
    label = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    axes.text(
        x,
        y - 0.012 * height,
        label,
        color=_DARK,
        fontsize=12,
        va="bottom",
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def round_length(um: float) -> float:
    """The largest of 1, 2 or 5 x 10^k um that is not over `um`."""
    power = 10 ** np.floor(np.log10(um))
    return float(max(step * power for step in (1, 2, 5) if step * power <= um))


def _headline(figure: Figure, slide: Slide, scheme: Scheme, classes: pd.Series) -> None:
    found = {name: int((classes == name).sum()) for name in scheme.classes}
    glomerular = {name: found[name] for name in scheme.glomerular}
    percent = glomeruli.percent_sclerotic(glomerular, scheme)
    total = sum(glomerular.values())
    words = (
        "no glomerulus found"
        if percent is None
        else (f"{total} glomerul{'us' if total == 1 else 'i'}, {percent:.1f} % globally sclerotic")
    )
    height = figure.get_figheight()
    figure.text(
        0.012,
        1 - 0.12 / height,
        f"{slide.name}: {words}",
        fontsize=15,
        fontweight="bold",
        color=_DARK,
        va="top",
        parse_math=False,
    )
    figure.legend(
        handles=[_key(scheme, name, count) for name, count in found.items()],
        loc="upper left",
        bbox_to_anchor=(0.005, 1 - 0.42 / height),
        ncols=len(found),
        frameon=False,
        fontsize=11,
        handletextpad=0.4,
        columnspacing=1.4,
        borderaxespad=0,
    )


def _key(scheme: Scheme, name: str, count: int) -> Line2D:
    lesion = scheme[name]
    rejected = name == NON_GLOMERULUS
    title = f"rejected ({count})" if rejected else f"{lesion.letter} = {lesion.title} ({count})"
    return Line2D(
        [],
        [],
        marker="o",
        linestyle="",
        markersize=11,
        markerfacecolor="none",
        markeredgecolor=lesion.colour,
        markeredgewidth=1.2 if rejected else 2.6,
        label=title,
    )
