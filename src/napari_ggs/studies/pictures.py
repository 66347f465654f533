"""The picture of a study's figures: what every arm reaches, with its interval."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_ggs.evaluation.drawing import COLOURS, SMALL, paper, plain

INTERVALS = "All repeats together; bars are 95 % intervals over patients."
BAND = "Mean over the runs, with a band of one standard deviation."
MARKERS = "osD^vP"


def intervals_picture(table: pd.DataFrame) -> Figure:
    """Figures side by side, a marker for each arm.

    Parameters
    ----------
    table : DataFrame
        See `napari_ggs.studies.figures.figure_table`.
    """
    arms, names = table["arm"].unique(), table["figure"].unique()
    figure = paper(7.0, 3.2)
    axes = figure.add_subplot()
    for number, arm in enumerate(arms):
        part = table[table["arm"] == arm].set_index("figure").loc[names]
        at = np.arange(len(names)) + 0.6 * ((number + 0.5) / len(arms) - 0.5)
        below, above = part["together"] - part["low"], part["high"] - part["together"]
        reach = np.nan_to_num(np.clip([below, above], 0, None))
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axes.errorbar(
            at,
            part["together"],
            reach,
            fmt=marker,
            color=colour,
            markersize=4,
            linewidth=1,
            label=arm,
        )
    plain(axes, "", "")
    axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names], fontsize=SMALL)
    axes.set_ylim(0, 1.02)
    axes.grid(axis="y", linewidth=0.3)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=SMALL)
    return figure
