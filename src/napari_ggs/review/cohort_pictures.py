"""Pictures of a cohort's statistics: %GGS by patient, subtypes with their intervals."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_ggs.evaluation.drawing import COLOURS, DARK, FAINT, SMALL, paper, plain
from napari_ggs.review.cohort_statistics import ALL

MARKERS = "osD^vP"
WIDTH = 7.0


def patients_picture(table: pd.DataFrame) -> Figure:
    """%GGS of each patient with its interval, lowest first (`cohort_statistics.patient_table`)."""
    shown = table.dropna(subset="ggs_percent").sort_values("ggs_percent", kind="stable")
    figure = paper(WIDTH, 2.8)
    axes = figure.add_subplot()
    places = np.arange(len(shown))
    value = shown["ggs_percent"].to_numpy()
    reach = [value - shown["ggs_percent_low"], shown["ggs_percent_high"] - value]
    axes.errorbar(places, value, np.clip(reach, 0, None), fmt="o", color=DARK, ecolor=FAINT, ms=3)
    plain(axes, f"{len(shown)} patients", "globally sclerotic, %")
    axes.set_xticks([])
    axes.set_ylim(-2, 102)
    return figure


def shares_picture(table: pd.DataFrame) -> Figure:
    """Each share with its interval, a marker for each group (`cohort_statistics.share_table`)."""
    kinds = table["of"].unique()
    groups = [name for name in table["group"].unique() if name != ALL] or [ALL]
    widths = [int((table["of"] == of).sum()) for of in kinds]
    figure = paper(WIDTH, 3.0)
    panels = figure.subplots(1, len(kinds), squeeze=False, sharey=True, width_ratios=widths)[0]
    for axes, of in zip(panels, kinds, strict=True):
        part = table[table["of"] == of]
        for number, group in enumerate(groups):
            _markers(axes, part[part["group"] == group], number, len(groups))
        names = part["figure"].unique()
        axes.set_xticks(range(len(names)), [n.replace(" ", "\n") for n in names])
        plain(axes, "", f"% of {of}")
        axes.set_ylim(-2, 102)
        axes.grid(axis="y", linewidth=0.3)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=SMALL
    )
    return figure


def _markers(axes: Axes, part: pd.DataFrame, number: int, many: int) -> None:
    at = np.arange(len(part)) + 0.5 * ((number + 0.5) / many - 0.5)
    value = 100 * part["value"].to_numpy()
    reach = [value - 100 * part["low"], 100 * part["high"] - value]
    patients = part["patients"].iloc[0]
    axes.errorbar(
        at,
        value,
        np.nan_to_num(np.clip(reach, 0, None)),
        fmt=MARKERS[number % len(MARKERS)],
        color=COLOURS[number % len(COLOURS)],
        markersize=4,
        linewidth=1.2,
        label=f"{part['group'].iloc[0]} ({patients} patients)",
    )
