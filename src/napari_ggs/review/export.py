"""The tables of a review, for other programs: CSV, Parquet, QuPath GeoJSON, ImageScope XML.

CSV and Parquet have every circle that was not removed: the columns of the Glomeruli table (and
``cut`` where any circle is), then ``assessment``, ``flags``, ``note``, ``reviewer`` and the models
that made the row, ``detector`` and ``classifier``, by name and SHA-256. The other
two cannot tell a doubtful circle from a sure one, so that uncertain, ungradable and duplicate ones
are left out; GeoJSON has what reaches the detection threshold, ImageScope what people vouch for.

Unless names are asked for (`Names`), what is written names nobody: notes are left empty and of the
flags only those that everybody has are written, since free words may name a patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from napari_ggs import glomeruli
from napari_ggs.exchange.circle_table import told_by_people
from napari_ggs.exchange.imagescope import write_imagescope
from napari_ggs.exchange.qupath import write_geojson
from napari_ggs.files import make_folder, replacing
from napari_ggs.glomeruli import STAYING_OUT
from napari_ggs.review.events import FLAGS
from napari_ggs.review.readings import Reading
from napari_ggs.store import StoredSlide, flags_of, flags_text
from napari_ggs.store.pseudonyms import Names, folder_name

Format = Literal["csv", "parquet", "geojson", "imagescope"]

ROLES = ("detector", "classifier")
SHA_DIGITS = 12

ENDINGS: dict[Format, str] = {
    "csv": ".csv",
    "parquet": ".parquet",
    "geojson": ".geojson",
    "imagescope": ".xml",
}


@dataclass(frozen=True, eq=False)
class Subject:
    """A slide's review, and what an export calls those whom it concerns."""

    slide: StoredSlide
    reading: Reading
    names: Names

    @property
    def patient(self) -> str:
        """What the patient is called."""
        return self.names.patient(self.slide.patient)

    @property
    def name(self) -> str:
        """What the slide is called."""
        return self.names.slide(self.slide)

    @property
    def folder(self) -> Path:
        """Where its patches go, below the folder of an export; tables go beside."""
        return Path(folder_name(self.patient)) / self.name

    @property
    def reviewer(self) -> str:
        """What the reader is called."""
        reader = self.reading.reader
        return self.names.reader(reader) if self.reading.by_one else reader


def export_table(
    subject: Subject, out: Path, written: Format = "csv", leica: bool = False
) -> tuple[Path, int]:
    """Write ``patient/slide.csv``, or of another ending, below a folder.

    Parameters
    ----------
    subject : Subject
    out : Path
        Made if it is not there.
    written : {"csv", "parquet", "geojson", "imagescope"}
    leica : bool
        Turn the circles in ImageScope XML as ImageScope shows a Leica SCN slide.

    Returns
    -------
    path : Path
        The file; what stood there is replaced.
    number : int
        Circles in it.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    path = out / subject.folder.with_name(subject.name + ENDINGS[written])
    make_folder(path.parent)
    table, run = _typed(subject.reading.table), subject.reading.run
    if written == "geojson":
        table = _sure(table[glomeruli.passes(table, run.thresholds)])
        write_geojson(table, run.scheme, path, subject.names.content(subject.slide))
    elif written == "imagescope":
        table = told_by_people(_sure(table))
        write_imagescope(table, path, subject.slide.mpp, subject.slide.height if leica else None)
    else:
        with replacing(path) as scratch:
            getattr(_told(table, subject), f"to_{written}")(scratch, index=False)
    return path, len(table)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with whole ids, and ``cut`` as files have it."""
    return table.assign(id=table["id"].astype(int), cut=table["assessment"] == "cut")


def _sure(table: pd.DataFrame) -> pd.DataFrame:
    return table[~table["assessment"].isin(STAYING_OUT)]


def _told(table: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """The table in the columns of the file."""
    made_by = {role: _model(subject.reading.run.models.get(role, {})) for role in ROLES}
    told = without_free_words(table.assign(reviewer=subject.reviewer, **made_by), subject.names)
    cut = ["cut"] if told["cut"].any() else []
    columns = glomeruli.columns(subject.reading.run.scheme)
    return told[[*columns, *cut, "assessment", "flags", "note", "reviewer", *ROLES]]


def _model(model: Mapping[str, str]) -> str:
    """A model's name with the start of its weights' SHA-256; "" if none is known."""
    return f"{model['name']} ({model['sha256'][:SHA_DIGITS]})" if model else ""


def without_free_words(table: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The table of a review without what people wrote freely, unless names are asked for."""
    if names.identify:
        return table
    flags = [flags_text({*flags_of(text)} & {*FLAGS}) for text in table["flags"]]
    return table.assign(flags=pd.Series(flags, table.index, dtype="str"), note="")
