"""The four files of a slide: table, GeoJSON, overlay picture and summary."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from napari_ggs import __version__, glomeruli
from napari_ggs.errors import UserError
from napari_ggs.exchange.qupath import write_geojson
from napari_ggs.exchange.table import write_csv
from napari_ggs.files import explained, make_folder, replacing, scratch_folder
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.report.overlay import write_overlay
from napari_ggs.report.summary import MARK, RunInfo, summarise
from napari_ggs.slides import Slide

Files = tuple[Path, Path, Path, Path]
ENDINGS = (".csv", ".geojson", ".png", ".json")

UNFINISHED = {
    MARK: __version__,
    "unfinished": "These files were being replaced when the program ended: run the slide again.",
}
"""The summary while the other files take their places."""


def write_results(
    table: pd.DataFrame,
    slide: Slide,
    scheme: Scheme,
    thresholds: Thresholds,
    folder: Path,
    run: RunInfo,
) -> list[Path]:
    """Write ``<stem>.csv``, ``.geojson``, ``.png`` and ``.json`` into `folder`.

    The CSV has every circle; the GeoJSON and the picture leave out what is below the detection
    threshold. They take their places together: if one cannot be written, older ones stay as they
    are. The summary comes last: where it stands, the others are complete and belong to it. Until
    then `UNFINISHED` stands there, so that files of a run that was killed are known as ours.

    Returns
    -------
    list of Path
        The files, the summary last.

    Raises
    ------
    UserError
        If the folder cannot be written to or the disk is full, or if files of a person would be
        overwritten: see `refuse_overwriting`.
    """
    refuse_overwriting(folder, slide.name)
    make_folder(folder)
    shown = table[glomeruli.passes(table, thresholds)]
    values = summarise(table, slide, scheme, thresholds, run)
    with _together(folder, slide.name) as (csv, geojson, png, summary):
        write_csv(table, scheme, csv)
        write_geojson(shown, scheme, geojson, slide.fingerprint)
        write_overlay(shown, slide, scheme, png)
        _write_summary(values, summary)
    return [*_files(folder, slide.name)]


def refuse_overwriting(folder: Path, name: str) -> None:
    """See that no file that results of this name would replace is anything but such results.

    Raises
    ------
    UserError
        If one is there without a summary of ours beside it: a person's own list of circles, say.
    """
    files = _files(folder, name)
    with explained(files[0]):
        taken = [file for file in files if file.exists()]
    if taken and not _is_summary(files[-1]):
        raise UserError(
            f"{taken[0]} is no result of napari-ggs ({files[-1].name} would say so) and would be "
            "overwritten: choose another folder for the results (--out), or move it away."
        )


def _files(folder: Path, name: str) -> Files:
    csv, geojson, png, summary = (folder / f"{name}{end}" for end in ENDINGS)
    return csv, geojson, png, summary


def _is_summary(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and MARK in content


@contextmanager
def _together(folder: Path, name: str) -> Iterator[Files]:
    """Paths to write to, in a folder beside; in the end all take their places."""
    final = _files(folder, name)
    with scratch_folder(folder / name) as scratch:
        written = _files(scratch, name)
        yield written
        _write_summary(UNFINISHED, final[-1])
        for source, target in zip(written, final, strict=True):
            with explained(target):
                source.replace(target)


def _write_summary(values: Mapping[str, Any], path: Path) -> None:
    with replacing(path) as scratch:
        scratch.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
