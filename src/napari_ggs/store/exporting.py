"""A whole study as one text file, to keep or to carry elsewhere.

The file is gzipped JSON, a line each: first what it is, with the version of the layout; then for
each table its name and columns, and its rows as lists. It has the names and paths of the slides
and the names of the readers: it is a copy for colleagues, not for publication.
"""

import gzip
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_ggs.files import replacing
from napari_ggs.store import layout
from napari_ggs.store.case_store import CaseStore

FORMAT = "napari-ggs study"


def export_study(store: CaseStore, path: Path) -> None:
    """Write a study to a file, by convention ``.jsonl.gz``; equal studies make equal files.

    Raises
    ------
    UserError
        If the file cannot be written, or the study cannot be read.
    """
    with (
        replacing(path) as scratch,
        scratch.open("wb") as file,
        # Neither a time nor a name in its header, so that equal studies make equal files.
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as text,
        store.database.reading() as db,
    ):
        text.writelines(json.dumps(line) + "\n" for line in _lines(db))


def _lines(db: sqlite3.Connection) -> Iterator[Any]:
    """What stands in the file, line by line."""
    yield {"format": FORMAT, "version": len(layout.STEPS)}
    for table in layout.tables(db):
        columns = layout.columns(db, table)
        yield {"table": table, "columns": columns}
        # NOT INDEXED: in the order of the table itself, which is that of writing.
        yield from db.execute(f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED")
