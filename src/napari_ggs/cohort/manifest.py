"""Which slides a cohort has, and what is known of each: a CSV file, or a folder of slides.

The columns of the file are `COLUMNS`, of which only ``slide`` is needed, in any order and case;
every other column is a group (genotype, centre, arm). It may be separated by commas, semicolons or
tabs. Paths are relative to its folder.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from napari_ggs.errors import UserError
from napari_ggs.slides.locations import absolute, address_of, is_zarr
from napari_ggs.slides.resolution import PLAUSIBLE, number, plausible

COLUMNS = ("slide", "patient", "case", "level", "mpp", "age")
"""slide: path, or address of an OME-Zarr. patient, case: names, pseudonyms where there are none.
level: which section of the block it is. mpp: microns per pixel in place of what the file says.
age: the patient's, in years."""

OLDEST = 130
SHOWN = 20
"""Faults that are told one by one."""

SUFFIXES = (
    ".svs", ".tif", ".tiff", ".ndpi", ".vms", ".vmu", ".scn", ".mrxs", ".bif", ".svslide",
)  # fmt: skip
DICOM = ".dcm"
"""Files of a folder that are taken for slides; a folder of DICOM files is one, and so is an
OME-Zarr."""


class Entry(NamedTuple):
    """A slide of a cohort.

    Attributes
    ----------
    path : Path
        Absolute; or a network address.
    patient, case : str
        "" where the manifest has none.
    mpp : float or None
        In place of what the file says.
    about : mapping of str to str
        Level, age and groups, as they stand there.
    """

    path: Path
    patient: str = ""
    case: str = ""
    mpp: float | None = None
    about: Mapping[str, str] = {}


def read_manifest(place: Path) -> list[Entry]:
    """Read a manifest, or list the slides in a folder and below it.

    Raises
    ------
    UserError
        If it cannot be read or names no slide; or with all that is wrong in it, by line.
    """
    entries = list(_in_folder(place)) if place.is_dir() else _listed(place)
    if not entries:
        raise UserError(f"{place} names no slide: list them in a column 'slide', one a line.")
    return entries


def _in_folder(folder: Path) -> Iterator[Entry]:
    """The slides below a folder, by path; what is inside of one is no other."""
    inside = sorted(place for place in folder.absolute().iterdir() if place.name[0] != ".")
    if any(place.suffix.lower() == DICOM for place in inside):
        yield Entry(folder.absolute())
    for place in inside:
        if place.is_dir() and not is_zarr(place):
            if not place.with_suffix(".mrxs").is_file():
                yield from _in_folder(place)
        elif place.is_dir() or place.suffix.lower() in SUFFIXES:
            yield Entry(place)


def _listed(file: Path) -> list[Entry]:
    rows = _rows(file)
    entries, faults = [], []
    for line, row in rows:
        if found := list(_faults(row)):
            faults += [f"line {line}: {fault}" for fault in found]
        else:
            entries.append(_entry(row, file.parent))
    faults += _contradictions(file.parent, rows)
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise UserError(
            f"{file} has {len(faults)} fault{'s' * (len(faults) > 1)}: "
            f"{'; '.join(faults[:SHOWN])}{more}. Nothing was begun: correct it."
        )
    return entries


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows as they stand, under plain names, with their lines; empty ones are left out."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise UserError(
            f"The manifest {file} cannot be read ({fault}): give a CSV file."
        ) from fault
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    names = [_plain(name) for name in reader.fieldnames or ()]
    if "slide" not in names or len(set(names)) < len(names):
        raise UserError(
            f"The manifest {file} has the columns {', '.join(names) or 'none'}: it needs one named "
            f"'slide' (others: {', '.join(COLUMNS[1:])}, and your groups), each name once."
        )
    reader.fieldnames = names
    found = ((_clean(row), reader.line_num) for row in reader)
    return [(line, row) for row, line in found if any(row.values())]


def _plain(name: str) -> str:
    """A column's name: the known ones in small letters, groups as they are."""
    name = (name or "").strip()
    return name.lower() if name.lower() in COLUMNS else name


def _clean(row: dict) -> dict[str, str]:
    """Text without blanks around it; what is beyond the last column is under ''."""
    beyond = row.pop(None, None)
    cells = {name: (value or "").strip() for name, value in row.items()}
    return cells | ({"": " ".join(beyond)} if beyond else {})


def _faults(row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with one row by itself."""
    if not row["slide"]:
        yield "no slide"
    if row.get(""):
        yield f"more cells than columns ({row['']!r})"
    if (mpp := row.get("mpp")) and plausible(number(mpp)) is None:
        yield f"mpp {mpp!r} is none of {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} microns per pixel"
    age = row.get("age")
    if age and not 0 <= _years(age) <= OLDEST:
        yield f"age {age!r} is none in years"
    if row.get("case") and not row.get("patient") and "patient" in row:
        yield f"the case {row['case']} has no patient"


def _years(age: str) -> float:
    years = number(age)
    return -1.0 if years is None else years


def _contradictions(folder: Path, rows: list[tuple[int, dict[str, str]]]) -> Iterator[str]:
    """What is wrong with rows beside those before them."""
    paths: dict[Path, int] = {}
    patients: dict[str, tuple[int, str]] = {}
    for line, row in rows:
        path = _path(folder, row["slide"])
        if row["slide"] and (before := paths.setdefault(path, line)) != line:
            yield f"line {line}: the slide {row['slide']} is in line {before} already"
        case, patient = row.get("case"), row.get("patient", "")
        if case:
            before, other = patients.setdefault(case, (line, patient))
            if other != patient:
                yield f"line {line}: the case {case} is {other}'s in line {before}, not {patient}'s"


def _path(folder: Path, text: str) -> Path:
    return absolute(text if address_of(text) else folder / text)


def _entry(row: Mapping[str, str], folder: Path) -> Entry:
    about = {k: v for k, v in row.items() if v and (k in ("level", "age") or k not in COLUMNS)}
    return Entry(
        path=_path(folder, row["slide"]),
        patient=row.get("patient", ""),
        case=row.get("case", ""),
        mpp=number(row.get("mpp")),
        about=about,
    )
