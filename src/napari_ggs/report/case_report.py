"""The report of a case: one page that needs nothing else, and its tables beside it."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from napari_ggs.errors import UserError
from napari_ggs.files import explained, make_folder, scratch_folder
from napari_ggs.report import case_people
from napari_ggs.report.case_counts import FOUND, KEPT, UNKNOWN, SlideCounts, count_slide, named_as
from napari_ggs.report.case_gallery import PER_GROUP, Shot, groups
from napari_ggs.report.case_page import CaseFound, case_html
from napari_ggs.report.case_pictures import SlideLook, look_at
from napari_ggs.report.case_reading import CaseReading, SlideReading, read_case
from napari_ggs.report.case_tables import ENDINGS, circles_table, counts_table, write_table
from napari_ggs.report.naming import case_stem, section_names
from napari_ggs.report.pages import OURS
from napari_ggs.review.export import without_free_words
from napari_ggs.review.sections import Section
from napari_ggs.store import CaseStore, StoredSlide
from napari_ggs.store.pseudonyms import Names

HEAD = 2000
"""Characters in which a page of ours says so."""


@dataclass(frozen=True)
class Wanted:
    """What the reports are to be.

    Attributes
    ----------
    out : Path
        The folder.
    names : Names
    reviewer : str, optional
        See `read_case`.
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count.
    slides : tuple of Path
        Folders below which the files of slides are that were moved.
    """

    out: Path
    names: Names
    reviewer: str | None = None
    count_cut: bool = True
    slides: tuple[Path, ...] = ()


def find_case(store: CaseStore, slides: Sequence[StoredSlide], wanted: Wanted) -> CaseFound:
    """Find out all that the report of a case says.

    Parameters
    ----------
    store : CaseStore
    slides : sequence of StoredSlide
        All slides of the case.
    wanted : Wanted

    Raises
    ------
    UserError
        See `read_case`.
    """
    reading = _read(store, slides, wanted)
    shown = groups(reading, PER_GROUP)
    shots = [shot for group in shown for shot in group.shots]
    looks = tuple(_look(store, one, shots, wanted, len(slides)) for one in reading.slides)
    counts = tuple(
        _count(store, one, look, wanted.names)
        for one, look in zip(reading.slides, looks, strict=True)
    )
    return CaseFound(
        reading=reading,
        counts=counts,
        looks=looks,
        groups=shown,
        shares=case_people.shares(store, reading),
        audits=case_people.audits(store, reading.slides),
        finish=case_people.finish(store, reading.case),
        names=wanted.names,
    )


def _read(store: CaseStore, slides: Sequence[StoredSlide], wanted: Wanted) -> CaseReading:
    """What stands of the case, without words that may name somebody."""
    read = read_case(store, slides, wanted.reviewer, count_cut=wanted.count_cut)
    plain = [replace(one, table=without_free_words(one.table, wanted.names)) for one in read.slides]
    return replace(read, slides=tuple(plain))


def _look(
    store: CaseStore, one: SlideReading, shots: Sequence[Shot], wanted: Wanted, slides: int
) -> SlideLook:
    handles = [shot.handle for shot in shots if shot.slide == one.number]
    return look_at(store, one, handles, wanted.slides, slides)


def _count(store: CaseStore, one: SlideReading, look: SlideLook, names: Names) -> SlideCounts:
    """Count by the sections of the study, else by those that the tissue shows."""
    kept = store.sections(one.slide.id)
    if kept is not None:
        sections, known = [Section.from_dict(each) for each in kept], KEPT
    elif look.sections is not None:
        sections, known = look.sections, FOUND
    else:
        return count_slide(one, None, UNKNOWN)
    return count_slide(one, named_as(sections, section_names(sections, names)), known)


def write_case(found: CaseFound, folder: Path, every: Collection[str]) -> Path:
    """Write the page of a case and its tables; they take their places together.

    Parameters
    ----------
    found : CaseFound
    folder : Path
        Made if it is not there.
    every : collection of str
        All cases of the study, whose files are not called the same.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If they cannot be written, or a file of a person would be overwritten.
    """
    stem = case_stem(found.reading.case, every, found.names)
    tables = {"counts": counts_table(found), "circles": circles_table(found)}
    page = make_folder(folder) / f"{stem}.html"
    with scratch_folder(folder / stem) as scratch, explained(page):
        for name, table in tables.items():
            for ending in ENDINGS:
                write_table(table, scratch / f"{stem}.{name}.{ending}")
        page_text = case_html(found, digests(scratch))
        (scratch / page.name).write_text(page_text, encoding="utf-8")
        put_in_place(scratch, page)
    return page


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a folder, by name."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
    }


def put_in_place(scratch: Path, page: Path) -> None:
    """Move the files of a report to their folder, the page first: it says whose they are.

    Raises
    ------
    UserError
        If a file that is no part of such a report would be overwritten.
    """
    files = sorted(scratch.iterdir(), key=lambda file: file.name != page.name)
    taken = [page.parent / file.name for file in files if (page.parent / file.name).exists()]
    if taken and not is_ours(page):
        raise UserError(
            f"{taken[0]} is no report of napari-ggs ({page.name} would say so) and would be "
            "overwritten: choose another folder for the reports (--out), or move it away."
        )
    for file in files:
        with explained(page.parent / file.name):
            file.replace(page.parent / file.name)


def is_ours(page: Path) -> bool:
    """Whether a page is a report of ours."""
    with suppress(OSError), page.open(encoding="utf-8", errors="replace") as text:
        return OURS.search(text.read(HEAD)) is not None
    return False
