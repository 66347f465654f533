"""The four files of a slide: table, GeoJSON, overlay picture and summary."""

import json
from pathlib import Path

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.exchange.qupath import write_geojson
from napari_ggs.exchange.table import write_csv
from napari_ggs.files import make_folder, replacing
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.report.overlay import write_overlay
from napari_ggs.report.summary import RunInfo, summarise
from napari_ggs.slides import Slide


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
    threshold. The summary is written last: where it stands, the others are complete.

    Returns
    -------
    list of Path
        The files, the summary last.

    Raises
    ------
    UserError
        If the folder cannot be written to or the disk is full; no partial file is left.
    """
    make_folder(folder)
    csv, geojson, png, summary = (
        folder / f"{slide.name}{suffix}" for suffix in (".csv", ".geojson", ".png", ".json")
    )
    shown = table[glomeruli.passes(table, thresholds)]
    write_csv(table, scheme, csv)
    write_geojson(shown, scheme, geojson, slide.fingerprint)
    write_overlay(shown, slide, scheme, png)
    with replacing(summary) as scratch:
        values = summarise(table, slide, scheme, thresholds, run)
        scratch.write_text(json.dumps(values, indent=2) + "\n")
    return [csv, geojson, png, summary]
