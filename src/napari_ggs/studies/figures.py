"""Tables of a study: the mean over repeats with its standard deviation, and an interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from napari_ggs.evaluation import (
    Answers,
    Estimate,
    RocBand,
    class_figures,
    mean_and_deviation,
    roc_band,
)
from napari_ggs.lesions import GGS, Scheme

RESAMPLES = 500
PM = "±"


def answers_of(table: pd.DataFrame, scheme: Scheme) -> Answers:
    """A table of predictions as answers; the most probable class is the answer, as in the papers.

    Parameters
    ----------
    table : DataFrame
        See `napari_ggs.training.predicting.predictions`.
    """
    return Answers.of(
        table["label"], table[list(scheme.columns)].to_numpy(float), scheme, table["patient"]
    )


def figure_table(
    arms: Mapping[str, pd.DataFrame], scheme: Scheme, wanted: Sequence[str]
) -> pd.DataFrame:
    """A row for each arm and figure.

    A repeat is what was trained with one seed: all folds that it has, taken together (GGS paper,
    section V.D: five-fold cross-validation, repeated five times).

    Parameters
    ----------
    arms : mapping of str to DataFrame
        Predictions with a column ``seed``.
    wanted : sequence of str
        Names of figures, as `ClassFigures.figures` has them.

    Returns
    -------
    DataFrame
        ``arm``, ``figure``, ``mean`` and ``sd`` over the repeats; ``together``, the figure of all
        repeats' answers together, with ``low`` and ``high`` of its 95 % interval over patients;
        ``n`` different examples; ``repeats``.
    """
    rows = []
    for arm, table in arms.items():
        repeats = [_figures(part, scheme) for _, part in table.groupby("seed")]
        pooled = _figures(table, scheme, RESAMPLES)
        once = _figures(table.drop_duplicates("file"), scheme)
        for name in wanted:
            values = [repeat[name].value for repeat in repeats]
            rows.append({"arm": arm, "figure": name, **_row(values, pooled[name], once[name].n)})
    return pd.DataFrame(rows)


def _figures(table: pd.DataFrame, scheme: Scheme, resamples: int = 1) -> dict[str, Estimate]:
    return class_figures(answers_of(table, scheme), resamples=resamples).figures()


def _row(values: Sequence[float], pooled: Estimate, n: int) -> dict[str, float]:
    mean, deviation = mean_and_deviation(values)
    ends = {"together": pooled.value, "low": pooled.low, "high": pooled.high}
    return {"mean": float(mean), "sd": float(deviation), **ends, "n": n, "repeats": len(values)}


def band_of(table: pd.DataFrame, question: str, scheme: Scheme = GGS, by: str = "run") -> RocBand:
    """The mean ROC curve of an arm's runs, with its spread (GGS paper, Figs. 3 to 5)."""
    return roc_band([answers_of(run, scheme).roc(question) for _, run in table.groupby(by)])


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """A `figure_table` as the papers print theirs: a row for each arm, "mean ± sd" in the cells."""
    cells = [cell(*pair) for pair in zip(table["mean"], table["sd"], strict=True)]
    titles = [f"{figure} (n = {n})" for figure, n in zip(table["figure"], table["n"], strict=True)]
    long = table.assign(cell=cells, title=titles)
    shown = long.pivot_table(index="arm", columns="title", values="cell", aggfunc="first")
    return shown.reindex(index=long["arm"].unique(), columns=long["title"].unique()).reset_index()


def rows(table: pd.DataFrame) -> pd.DataFrame:
    """A `figure_table` with a row for each figure, its interval and n beside it."""
    ends = zip(table["together"], table["low"], table["high"], strict=True)
    return pd.DataFrame(
        {
            "arm": table["arm"],
            "figure": table["figure"],
            f"mean {PM} sd": [cell(*pair) for pair in zip(table["mean"], table["sd"], strict=True)],
            "all together (95 % interval)": [
                f"{value:.3f}" + ("" if np.isnan(low) else f" ({low:.3f} to {high:.3f})")
                for value, low, high in ends
            ],
            "n": table["n"],
        }
    )


def cell(mean: float, deviation: float) -> str:
    """A figure as it is printed."""
    digits = 1 if mean > 1 else 3
    if np.isnan(mean):
        return "undefined"
    spread = "" if np.isnan(deviation) else f" {PM} {deviation:.{digits}f}"
    return f"{mean:.{digits}f}{spread}"
