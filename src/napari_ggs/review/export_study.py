"""A slide of a study to an export: its latest run, as a reviewer left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_ggs.review.export import Format, Subject, export_table
from napari_ggs.review.locating import open_stored
from napari_ggs.review.pseudonyms import Names
from napari_ggs.review.readings import as_left
from napari_ggs.store import CaseStore, StoredSlide


@dataclass(frozen=True)
class Wanted:
    """What an export is to be.

    Attributes
    ----------
    out : Path
    names : Names
    table : Format
    leica : bool
        See `export_table`.
    patches : {"png", "tif"}, optional
        None: none are cut.
    slides : tuple of Path
        Folders where the files of slides are that were moved.
    reviewer : str, optional
        See `as_left`.
    """

    out: Path
    names: Names
    table: Format = "csv"
    leica: bool = False
    patches: Literal["png", "tif"] | None = None
    slides: tuple[Path, ...] = ()
    reviewer: str | None = None


def export_slide(store: CaseStore, slide: StoredSlide, wanted: Wanted) -> str:
    """Export one slide; the words say what was written.

    Only patches need the slide's file. Where it is not found, the table is there all the same.

    Raises
    ------
    UserError
        See `as_left`, `open_stored` and `export_patches`.
    """
    runs = store.runs(slide.id)
    if not runs:
        return "nothing to export, since it has no run"
    subject = Subject(slide, as_left(store, runs[-1], wanted.reviewer), wanted.names)
    path, number = export_table(subject, wanted.out, wanted.table, wanted.leica)
    patches = _patches(subject, wanted) if wanted.patches else ""
    return f"{number} circles{patches}; {path}"


def _patches(subject: Subject, wanted: Wanted) -> str:
    from napari_ggs.review.patches import export_patches  # it brings torch, which tables need not

    assert wanted.patches is not None
    with open_stored(subject.slide, wanted.slides) as slide:
        written, unread = export_patches(subject, slide, wanted.out, wanted.patches)
    lost = f", {unread} left out (unreadable pixels)" if unread else ""
    return f", {written} patches{lost}"
