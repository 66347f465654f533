"""A judgement in words, as a table and as files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ggs.evaluation.estimates import Estimate
from napari_ggs.evaluation.gate import MOST_LOST, Judgement
from napari_ggs.files import make_folder, replacing

WORDS = {
    "better": "better than",
    "worse": "worse than",
    "not distinguishable": "not distinguishable from",
}
FILES = ("comparison.csv", "comparison.json")


def sentences(found: Judgement, old: str, new: str) -> list[str]:
    """What a judgement says of the model called `new` beside the one called `old`."""
    return [
        f"{new} is {WORDS[found.verdict]} {old}.",
        f"{found.score[0].upper()}{found.score[1:]}: {_signed(found.difference)}, mean over "
        f"{found.patients} patients whom neither has seen; p = {_p(found)} one-sided, and less "
        f"than {found.level:.4g} would show it{_used(found)}.",
        *_why_not(found, new),
        *_in_what(found),
        *_how_many(found, new),
    ]


def figures_table(found: Judgement) -> pd.DataFrame:
    """A row for each figure: old, new, difference, each with its 95 % interval, and n."""
    rows = [
        {"figure": one.name, **_cells("old", one.old), **_cells("new", one.new)}
        | {**_cells("difference", one.difference), "n": one.old.n}
        for one in found.figures
    ]
    return pd.DataFrame(rows)


def write_judgement(found: Judgement, about: dict[str, Any], out: Path) -> list[Path]:
    """Write the figures as CSV, and all of it as JSON, into a folder.

    Parameters
    ----------
    found : Judgement
    about : dict
        What else to say in the JSON file: the models, who was left out.
    out : Path
        Made if it is not there.

    Raises
    ------
    UserError
        If the folder cannot be written to.
    """
    table, whole = (make_folder(out) / name for name in FILES)
    with replacing(table) as scratch:
        figures_table(found).to_csv(scratch, index=False)
    told = {"verdict": found.verdict, "level": found.level, "needed": found.needed}
    with replacing(whole) as scratch:
        text = json.dumps(about | told | found.to_dict(), indent=1)
        scratch.write_text(text + "\n", encoding="utf-8")
    return [table, whole]


def _cells(name: str, one: Estimate) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def _signed(one: Estimate) -> str:
    interval = f" ({one.low:+.4f} to {one.high:+.4f})" if one.has_interval else ""
    return f"{one.value:+.4f}{interval}"


def _p(found: Judgement) -> str:
    return f"{found.p_worse if found.verdict == 'worse' else found.p_better:.4g}"


def _used(found: Judgement) -> str:
    if found.uses == 1:
        return ""
    return f" (0.025 divided by {found.uses}, since patients of these were used that often)"


def _why_not(found: Judgement, new: str) -> Iterator[str]:
    if found.lost and found.verdict != "worse":
        yield f"{new} loses more than {MOST_LOST} in {', '.join(found.lost)}."


def _in_what(found: Judgement) -> Iterator[str]:
    for change, word in ((1, "Better"), (-1, "Worse")):
        names = [one.name for one in found.figures if one.change == change]
        if names:
            yield f"{word} by the interval in: {', '.join(names)}."


def _how_many(found: Judgement, new: str) -> Iterator[str]:
    if found.verdict != "not distinguishable":
        return
    if found.needed is None:
        yield f"{new} is not ahead: more patients like these would not show it to be better."
    else:
        yield (
            f"If it is as much better as it looks here, about {found.needed} patients at the next "
            f"use would show it four times in five; there are {found.patients}."
        )
