"""The Glomeruli table as CSV: the columns of `napari_ggs.glomeruli`, one row per circle.

A column ``cut`` may follow. Any other CSV with the columns x, y, radius (level-0 px) and, where
known, ``label`` and ``cut`` is read as a list of circles; further columns are passed over.
"""

from pathlib import Path

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.circle_table import COLUMNS, probabilities
from napari_ggs.files import replacing
from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.lesions import SCHEMES, Scheme

TRUE = {"true", "1", "yes"}


def write_csv(table: pd.DataFrame, scheme: Scheme, path: Path) -> None:
    """Write `table` in the columns and the order of the contract; floats read back exactly.

    A column ``cut`` is written where any circle is.
    """
    cut = ["cut"] if "cut" in table and table["cut"].any() else []
    with replacing(path) as scratch:
        table[[*glomeruli.columns(scheme), *cut]].to_csv(scratch, index=False)


def read_csv(path: Path) -> tuple[pd.DataFrame, Scheme]:
    """Read a table and the scheme that its probability columns name.

    Raises
    ------
    UserError
        If the columns are those of no known scheme, or a class name is none of the scheme's.
    """
    scheme = _scheme_of(list(pd.read_csv(path, nrows=0).columns), path)
    names = {"predicted": str, "label": str}
    numbers = {c: float for c in glomeruli.columns(scheme) if c not in ("id", *names)}
    table = pd.read_csv(
        path,
        dtype={"id": int, **names, **numbers},
        keep_default_na=False,
        na_values={column: [""] for column in numbers},
    )
    used = set(table["predicted"]) | set(table["label"])
    if unknown := sorted(used - {"", *scheme.classes}):
        raise UserError(
            f"{path} names the class {unknown[0]!r}; expected one of {', '.join(scheme.classes)}."
        )
    return table, scheme


def _scheme_of(columns: list[str], path: Path) -> Scheme:
    for scheme in SCHEMES.values():
        if columns in (glomeruli.columns(scheme), [*glomeruli.columns(scheme), "cut"]):
            return scheme
    expected = ",".join(glomeruli.columns(SCHEMES["ggs"]))
    raise UserError(f"{path} has the columns {','.join(columns)}; expected {expected}.")


def read_circles_csv(path: Path) -> pd.DataFrame:
    """Read the rows of any CSV of circles, class names as they stand there.

    Raises
    ------
    UserError
        If it is no CSV file, or has no x, y, radius.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = table[[*GEOMETRY, *(c for c in COLUMNS if c in table and c not in GEOMETRY)]]
        rows = pd.concat([rows, table[probabilities(table)]], axis=1)
        words = [column for column in rows if column in ("predicted", "label", "cut")]
        numbers = rows.drop(columns=words).replace("", "nan").astype(float)
    except (KeyError, ValueError) as fault:
        raise UserError(
            f"{path} is no list of circles ({fault}): it must be a CSV file with the columns "
            "x, y, radius in level-0 pixels."
        ) from fault
    if "cut" in rows:
        rows["cut"] = rows["cut"].str.casefold().isin(TRUE)
    return pd.concat([numbers, rows[words]], axis=1)
