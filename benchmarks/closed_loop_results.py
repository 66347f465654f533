"""The figures of `closed_loop`: a row for each training, their summary and their picture."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import t

from napari_ggs.evaluation import Answers, balanced_accuracy, f1_scores, macro_f1, markdown
from napari_ggs.evaluation.drawing import COLOURS, SMALL, paper, plain, save
from napari_ggs.files import replacing
from napari_ggs.lesions import GGS
from napari_ggs.store import CaseStore
from napari_ggs.training.study_circles import HUMAN, all_places

MARKERS = "osD"
ORDERS = {"random": "random", "stratified": "stratified by predicted class", "next": "study next"}


def figures(answers: Path, study: Path, seed: int, order: str) -> dict[str, object]:
    """A row of the results.

    Parameters
    ----------
    answers : Path
        What a model says of the held-out circles (`napari_ggs.training.predicting`).
    study : Path
        What it learnt from.

    Returns
    -------
    dict
        ``seed``, ``order``, ``corrections``, ``macro_f1``, ``balanced_accuracy``, ``f1_<class>``;
        ``labelled_<class>``: how many corrections were of the class; ``wrong``: of how many the
        embedded classifier had predicted another one.
    """
    table = pd.read_csv(answers)
    shares = table[list(GGS.columns)]
    matrix = Answers.of(table["label"], shares, GGS, table["patient"]).matrix
    f1 = dict(zip(GGS.classes, f1_scores(matrix).tolist(), strict=True))
    with CaseStore.open(study, create=False) as store:
        places = pd.concat([found for _, found in all_places(store)])
    labelled = places[places["standing"] == HUMAN]
    return {
        "seed": seed,
        "order": order,
        "corrections": len(labelled),
        "macro_f1": macro_f1(matrix),
        "balanced_accuracy": balanced_accuracy(matrix),
        **{f"f1_{name}": value for name, value in f1.items()},
        **{f"labelled_{name}": int((labelled["label"] == name).sum()) for name in GGS.classes},
        "wrong": int((labelled["label"] != labelled["predicted"]).sum()),
    }


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean over seeds, and half of its 95 % interval by Student's t; NaN for one seed."""
    n = len(values)
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(half)


def by_seed(table: pd.DataFrame, order: str, figure: str) -> pd.DataFrame:
    """A figure in one order: seeds (rows) by corrections (columns)."""
    rows = table[table["order"] == order]
    return rows.pivot_table(figure, index="seed", columns="corrections")


def said(values: pd.Series, sign: str = "") -> str:
    """A mean with its interval, if there is one."""
    mean, half = interval(values.to_numpy())
    ends = f" ({mean - half:{sign}.3f} to {mean + half:{sign}.3f})"
    return f"{mean:{sign}.3f}" + (ends if len(values) > 1 else "")


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, and mean differences on the same seeds, with their intervals."""
    start = table[(table["order"] == "random") & (table["corrections"] == 0)]
    first = {"order": "embedded classifier", "corrections": 0, **reached(start)}
    rows = [_row(table, order, total) for order in ORDERS for total in _totals(table)]
    return pd.DataFrame([first, *rows]).fillna("")


def reached(part: pd.DataFrame) -> dict[str, str]:
    """Macro F1 and balanced accuracy of one row for each seed."""
    return {
        "macro F1": said(part["macro_f1"]),
        "balanced accuracy": said(part["balanced_accuracy"]),
    }


def _totals(table: pd.DataFrame) -> list[int]:
    return sorted(set(table["corrections"]) - {0})


def _row(table: pd.DataFrame, order: str, total: int) -> dict[str, object]:
    part = table[(table["order"] == order) & (table["corrections"] == total)]
    found, chance = (by_seed(table, one, "macro_f1") for one in (order, "random"))
    against = "" if order == "random" else said(found[total] - chance[total], "+")
    return {
        "order": ORDERS[order],
        "corrections": total,
        **reached(part),
        "macro F1 gained": said(found[total] - found[0], "+"),
        "macro F1 less that of random": against,
        "glomeruli among them": f"{total - part['labelled_non-glomerulus'].mean():.0f}",
        "predicted wrong before": f"{part['wrong'].mean():.0f}",
    }


def draw(table: pd.DataFrame, path: Path) -> None:
    """Macro F1 by corrections, each seed faintly; and the differences from the random order."""
    figure = paper(7.0, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    chance = by_seed(table, "random", "macro_f1")
    for number, order in enumerate(ORDERS):
        found = by_seed(table, order, "macro_f1")
        curve(left, found, number)
        if order != "random":
            curve(right, (found - chance).drop(columns=0), number)
    right.axhline(0, color=COLOURS[0], linewidth=0.8)
    plain(left, "corrections", "macro F1 of held-out patients")
    plain(right, "corrections", "macro F1 less that of the random order")
    for axes in (left, right):
        axes.set_xticks(chance.columns)
        axes.grid(axis="y", linewidth=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3,
                  frameon=False, fontsize=SMALL)  # fmt: skip
    save(figure, path)


def curve(axes: Axes, found: pd.DataFrame, number: int) -> None:
    """One order: means with their intervals, and each seed as a small point beside them."""
    colour, marker = COLOURS[number], MARKERS[number]
    at = found.columns.to_numpy(dtype=float) + 9.0 * (number - 1)
    means, halves = np.transpose([interval(found[total].to_numpy()) for total in found])
    axes.errorbar(at, means, halves, color=colour, marker=marker, markersize=4, linewidth=1.2,
                  capsize=2, label=list(ORDERS.values())[number])  # fmt: skip
    for _, values in found.iterrows():
        axes.scatter(at, values, s=6, color=colour, alpha=0.35, linewidths=0)


def write_results(table: pd.DataFrame, folder: Path) -> str:
    """Write closed_loop.csv, .md and .png; return the summary."""
    words = markdown(summary(table))
    with replacing(folder / "closed_loop.csv") as scratch:
        table.round(4).to_csv(scratch, index=False)
    with replacing(folder / "closed_loop.md") as scratch:
        scratch.write_text(words, encoding="utf-8")
    draw(table, folder / "closed_loop.png")
    return words
