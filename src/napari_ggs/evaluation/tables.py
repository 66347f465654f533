"""Figures as tables, in CSV for machines and in Markdown for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from napari_ggs.evaluation.confusion import Counts
from napari_ggs.evaluation.estimates import Estimate
from napari_ggs.files import replacing

NUMBERS = ["value", "low", "high", "n"]
_DECIMALS = 6


def table_of(figures: Mapping[str, Estimate], **about: str) -> pd.DataFrame:
    """One row for each figure: what it is about, its name, value, 95 % interval and n.

    Parameters
    ----------
    figures : mapping of str to Estimate
    **about : str
        Columns that stand before, such as ``protocol="ggs"``, the same in every row.
    """
    rows = [
        {**about, "figure": name, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
        for name, one in figures.items()
    ]
    return pd.DataFrame(rows, columns=[*about, "figure", *NUMBERS])


def confusion_table(matrix: Counts, classes: Sequence[str]) -> pd.DataFrame:
    """A confusion matrix with the names of its rows (truth) and columns (answers)."""
    table = pd.DataFrame(matrix, columns=list(classes))
    table.insert(0, "truth", list(classes))
    return table


def write_table(table: pd.DataFrame, path: Path) -> list[Path]:
    """Write `table` as ``path`` with the endings .csv and .md; return both.

    In Markdown, a figure and its interval share a column, with three decimals.
    """
    files = [path.with_name(path.name + suffix) for suffix in (".csv", ".md")]
    with replacing(files[0]) as scratch:
        table.round(_DECIMALS).to_csv(scratch, index=False)
    with replacing(files[1]) as scratch:
        scratch.write_text(markdown(table), encoding="utf-8")
    return files


def markdown(table: pd.DataFrame) -> str:
    """The table as a Markdown table."""
    shown = _merged(table) if set(NUMBERS) <= set(table.columns) else table
    rows = [[str(cell) for cell in row] for row in shown.itertuples(index=False)]
    right = {"value", *shown.select_dtypes("number").columns}
    rule = ["---:" if name in right else "---" for name in shown.columns]
    lines = [[str(name) for name in shown.columns], rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _merged(table: pd.DataFrame) -> pd.DataFrame:
    about = table.drop(columns=NUMBERS)
    return about.assign(
        value=["undefined" if pd.isna(v) else f"{v:.3f}" for v in table["value"]],
        interval=[
            _interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)
        ],
        n=table["n"],
    ).rename(columns={"interval": "95 % interval"})


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) or pd.isna(high) else f"{low:.3f} to {high:.3f}"
