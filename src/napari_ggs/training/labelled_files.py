"""Which labelled images a folder holds: by the names of its folders, or by its manifest.csv."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from napari_ggs.exchange.classes import class_of, is_class
from napari_ggs.lesions import Scheme, translated
from napari_ggs.rgb import SUFFIXES
from napari_ggs.training.recipe import RecipeError

MANIFEST = "manifest.csv"
UNFIT = ("uncertain", "ungradable", "duplicate")
"""Assessments of a circle that keep it out of training."""


class LabelledFile(NamedTuple):
    """One image of one glomerulus, or of what is none.

    Attributes
    ----------
    name : str
        Its path below the folder, with slashes.
    label : str
        Its class, by the name that schemes have for it.
    patient : str
        Its slide, where no patient is known.
    """

    name: str
    label: str
    patient: str


def labelled_files(folder: Path, scheme: Scheme) -> list[LabelledFile]:
    """List the labelled images of a folder, by name.

    With a manifest.csv, those that it lists: columns ``file`` (below the folder), ``label``,
    ``patient`` and, if there are, ``slide`` (stands in for an empty patient) and ``assessment``
    (uncertain, ungradable and duplicate ones are left out). Else all images in
    ``patient/class/`` and ``patient/slide/class/``. Other files are passed over.

    Class names are read as everywhere in files: case, hyphens, underscores and spaces are alike.

    Raises
    ------
    RecipeError
        If there are none, a class is unknown, or an entry names no patient.
    """
    manifest = folder / MANIFEST
    found = list(_listed(manifest) if manifest.is_file() else _sorted_into_folders(folder))
    if not found:
        raise RecipeError(
            f"There are no patches in {folder}: it must hold patient/class/*.png or {MANIFEST}."
        )
    for file in found:
        _check(folder, file, scheme)
    return sorted(found)


def _listed(manifest: Path) -> Iterator[LabelledFile]:
    try:
        table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as fault:
        raise RecipeError(f"{manifest} is no CSV table ({fault}): correct it.") from fault
    if missing := [name for name in ("file", "label", "patient") if name not in table]:
        raise RecipeError(f"{manifest} has no column {missing[0]!r}: it needs file,label,patient.")
    for row in table.to_dict("records"):
        if row.get("assessment", "") not in UNFIT:
            name = Path(row["file"]).as_posix()
            patient = row["patient"] or row.get("slide", "")
            yield LabelledFile(name, _class(row["label"]), patient)


def _sorted_into_folders(folder: Path) -> Iterator[LabelledFile]:
    for file in folder.rglob("*"):
        path = file.relative_to(folder)
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            if len(path.parts) not in (3, 4):
                raise RecipeError(
                    f"{file} is not in patient/class/ or patient/slide/class/ below {folder}: "
                    "move it there."
                )
            yield LabelledFile(path.as_posix(), _class(path.parent.name), path.parts[0])


def _class(written: str) -> str:
    """The class that a name means, as `napari-ggs classify` reads it; else the name itself."""
    return (class_of(written, {}, Path()) or "") if is_class(written) else written


def _check(folder: Path, file: LabelledFile, scheme: Scheme) -> None:
    if not file.patient:
        raise RecipeError(
            f"{folder / MANIFEST} names neither patient nor slide of {file.name}: fill one in."
        )
    try:
        translated(file.label, scheme)
    except ValueError as fault:
        raise RecipeError(f"{folder / file.name}: the class {fault}. Correct it.") from fault
