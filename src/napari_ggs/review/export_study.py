"""Slides of a study to an export: the latest run of each, as a reviewer left it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from napari_ggs.errors import UserError
from napari_ggs.review.export import Format, Subject, export_table
from napari_ggs.review.readings import as_left
from napari_ggs.store import CaseStore, StoredRun, StoredSlide
from napari_ggs.store.locating import open_stored
from napari_ggs.store.pseudonyms import Names


@dataclass(frozen=True)
class Wanted:
    """What an export is to be.

    Attributes
    ----------
    out : Path
    names : Names
    tables : tuple of Format
    leica : bool
        See `export_table`.
    patches : {"png", "tif"}, optional
        None: none are cut.
    slides : tuple of Path
        Folders below which the files of slides are that were moved.
    reviewer : str, optional
        See `as_left`.
    """

    out: Path
    names: Names
    tables: tuple[Format, ...] = ("csv",)
    leica: bool = False
    patches: Literal["png", "tif"] | None = None
    slides: tuple[Path, ...] = ()
    reviewer: str | None = None


@dataclass
class Told:
    """What became of one slide.

    Attributes
    ----------
    slide : StoredSlide
    written : list of str
        What was written of it, each in words.
    place : str
        Where, below the folder of the export; files end in what the words say.
    remark : str
        What to know of it; "" if nothing.
    fault : Exception or None
        Why the rest was not.
    """

    slide: StoredSlide
    written: list[str] = field(default_factory=list)
    place: str = ""
    remark: str = ""
    fault: Exception | None = None

    @property
    def words(self) -> str:
        """All that was written, and where; "" if nothing was."""
        return ", ".join(self.written) + (f" in {self.place}{self.remark}" if self.written else "")


def export_slide(store: CaseStore, slide: StoredSlide, wanted: Wanted) -> Told:
    """Export one slide, as far as it can be: what was written when it broke off is told, too.

    Only patches need the slide's file. Where it is not found, the tables are there all the same.
    """
    told = Told(slide)
    try:
        _export(store, wanted, told)
    except Exception as fault:
        told.fault = fault
    return told


def _export(store: CaseStore, wanted: Wanted, told: Told) -> None:
    run = store.standing_run(told.slide.id)
    if run is None:
        raise UserError("There is nothing to export, since no run was made on it.")
    subject = Subject(told.slide, as_left(store, run, wanted.reviewer), wanted.names)
    told.place, told.remark = subject.folder.as_posix(), cut_off(run)
    for written in wanted.tables:
        path, number = export_table(subject, wanted.out, written, wanted.leica)
        told.written.append(f"{_counted(number, 'circle')} ({path.suffix})")
    if wanted.patches:
        told.written.append(_export_patches(subject, wanted, wanted.patches))


def cut_off(run: StoredRun | None) -> str:
    """What to know of a run that did not look at all the tissue; "" if it did."""
    if run is None or (run.finished and run.info.get("complete", True)):
        return ""
    return ", CUT OFF: a part of the tissue was not searched; run the slide again"


def _export_patches(subject: Subject, wanted: Wanted, picture: Literal["png", "tif"]) -> str:
    from napari_ggs.review.patches import export_patches  # it brings torch, which tables need not

    with open_stored(subject.slide, wanted.slides) as slide:
        written, unread = export_patches(subject, slide, wanted.out, picture)
    lost = f", {unread} left out: unreadable pixels" if unread else ""
    return f"{_counted(written, 'patch', 'es')} (.{picture}{lost})"


def _counted(number: int, word: str, plural: str = "s") -> str:
    return f"{number} {word}{plural if number != 1 else ''}"
