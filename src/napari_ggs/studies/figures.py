"""Tables of a study: the mean over runs with its standard deviation, and an interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from napari_ggs.evaluation import Answers, ClassFigures, Estimate, class_figures, mean_and_deviation
from napari_ggs.lesions import Scheme

RESAMPLES = 500


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

    Parameters
    ----------
    arms : mapping of str to DataFrame
        Predictions with a column ``run``.
    wanted : sequence of str
        Names of figures, as `ClassFigures.figures` has them.

    Returns
    -------
    DataFrame
        ``arm``, ``figure``, ``mean`` and ``sd`` over the runs, ``value``, ``low``, ``high`` of all
        runs together with a 95 % interval over patients, ``n`` and ``runs``.
    """
    rows = []
    for arm, table in arms.items():
        runs = [_figures(part, scheme, 0) for _, part in table.groupby("run")]
        pooled = _figures(table, scheme, RESAMPLES)
        rows += [_row(arm, name, [run[name] for run in runs], pooled[name]) for name in wanted]
    return pd.DataFrame(rows)


def _figures(table: pd.DataFrame, scheme: Scheme, resamples: int) -> dict[str, Estimate]:
    found: ClassFigures = class_figures(answers_of(table, scheme), resamples=max(resamples, 1))
    return found.figures()


def _row(arm: str, name: str, runs: Sequence[Estimate], pooled: Estimate) -> dict[str, object]:
    mean, deviation = mean_and_deviation([run.value for run in runs])
    return {
        "arm": arm,
        "figure": name,
        "mean": float(mean),
        "sd": float(deviation),
        "value": pooled.value,
        "low": pooled.low,
        "high": pooled.high,
        "n": pooled.n,
        "runs": len(runs),
    }


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """A `figure_table` as the papers print theirs: a row for each arm, "mean ± sd" in the cells."""
    cells = table.assign(
        cell=[_cell(*row) for row in table[["mean", "sd"]].itertuples(index=False)]
    )
    order = {"arm": table["arm"].unique(), "figure": table["figure"].unique()}
    shown = cells.pivot_table(index="arm", columns="figure", values="cell", aggfunc="first")
    return shown.reindex(index=order["arm"], columns=order["figure"]).reset_index()


def _cell(mean: float, deviation: float) -> str:
    return f"{mean:.3f}" if np.isnan(deviation) else f"{mean:.3f} ± {deviation:.3f}"
