"""Reading a study from the file that `export_study` made, into one that may have slides already."""

import gzip
import json
import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import closing
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from napari_ggs.files import explained
from napari_ggs.store import errors, layout
from napari_ggs.store.case_store import CaseStore
from napari_ggs.store.errors import StoreError
from napari_ggs.store.exporting import FORMAT
from napari_ggs.store.merging import merge


def import_study(path: Path, into: CaseStore) -> None:
    """Take a study in: all of it, or nothing.

    Parameters
    ----------
    path : Path
        As `export_study` wrote it, with this or an older version.
    into : CaseStore
        Cases of the same name and patient become one. Ids follow on those that are there; into
        an empty study they stay, and the two are equal.

    Raises
    ------
    StoreError
        If the file is no such export or was changed, or if the study has one of its slides, or a
        case of its name that is finished or another patient's.
    UserError
        If there is no room beside the study.
    """
    with explained(into.path), TemporaryDirectory(dir=into.path.parent, prefix=".import-") as room:
        rebuilt = Path(room) / "study.ggs"
        _rebuild(path, rebuilt)
        with CaseStore.open(rebuilt) as incoming:
            if wrong := incoming.verify():
                raise StoreError(f"{path} was changed or damaged: {wrong[0]}. Export it anew.")
            with incoming.database.reading() as theirs, into.database.writing() as ours:
                merge(theirs, ours)


def _rebuild(path: Path, file: Path) -> None:
    """Make the study's file again, in the layout that it was exported from."""
    try:
        with (
            errors.explained(file),
            gzip.open(path, "rt", encoding="ascii") as text,
            closing(sqlite3.connect(file, isolation_level=None)) as db,
        ):
            lines = map(json.loads, text)
            db.execute("BEGIN")
            layout.upgrade(db, since=0, to=_version(path, next(lines, None)))
            _fill(db, lines)
            db.execute("COMMIT")
    except (OSError, EOFError, zlib.error, ValueError, KeyError, sqlite3.Error) as error:
        raise StoreError(
            f"{path} cannot be read as an export of a study ({error}): choose a .jsonl.gz file "
            "that napari-ggs exported, and copy it anew if it is damaged."
        ) from error


def _version(path: Path, header: Any) -> int:
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"it does not begin as a {FORMAT}")
    version = int(header["version"])
    if version > len(layout.STEPS):
        raise StoreError(
            f"{path} was exported by a newer napari-ggs (layout {version}; this one knows up to "
            f"{len(layout.STEPS)}): update napari-ggs to import it."
        )
    return version


def _fill(db: sqlite3.Connection, lines: Iterable[Any]) -> None:
    header: dict[str, Any] = {}
    for names_tables, group in groupby(lines, key=lambda line: isinstance(line, dict)):
        if names_tables:
            *_, header = group  # Those before the last have no rows.
        else:
            _insert(db, header, group)


def _insert(db: sqlite3.Connection, header: dict[str, Any], rows: Iterable[list[Any]]) -> None:
    table, columns = header["table"], header["columns"]
    if table not in layout.tables(db) or columns != layout.columns(db, table):
        raise ValueError(f"{table!r} is no table of a study, or has other columns")
    places = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
