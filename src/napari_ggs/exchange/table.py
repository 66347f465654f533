"""The Glomeruli table as CSV: the columns of `napari_ggs.glomeruli`, one row per circle."""

from pathlib import Path

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.files import replacing
from napari_ggs.lesions import SCHEMES, Scheme


def write_csv(table: pd.DataFrame, scheme: Scheme, path: Path) -> None:
    """Write `table` in the columns and the order of the contract; floats read back exactly."""
    with replacing(path) as scratch:
        table[glomeruli.columns(scheme)].to_csv(scratch, index=False)


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
        if columns == glomeruli.columns(scheme):
            return scheme
    expected = ",".join(glomeruli.columns(SCHEMES["ggs"]))
    raise UserError(f"{path} has the columns {','.join(columns)}; expected {expected}.")
