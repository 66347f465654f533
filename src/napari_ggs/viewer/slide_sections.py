"""The sections of a slide under review: those that are kept, else those that its tissue shows."""

import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal

from napari_ggs.errors import UserError
from napari_ggs.review.outlines import Polygon
from napari_ggs.review.section_edits import edited, renamed
from napari_ggs.review.sections import Section, find_sections
from napari_ggs.slides import Slide
from napari_ggs.viewer.slide_review import SlideReview

MEMORY = "sections"
"""Where they live in the metadata of the slide's layer if no study keeps them."""


class SlideSections(QObject):
    """Holds the sections of one review's slide.

    What the study has wins. If it has none, they are found in the background and kept, so that
    the other slides of the case can be counted by section, too.

    Parameters
    ----------
    review : SlideReview

    Attributes
    ----------
    sections : tuple of Section, or None
        None until they are found.
    changed : Signal
        Emits when they are others.
    """

    changed = Signal()

    def __init__(self, review: SlideReview, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review, self._slide, self._keeping = review, review.slide, review.keeping
        self._before: list[tuple[Section, ...]] = []
        self.sections = self._kept()
        self._finder = _Finder(self)
        self._finder.found.connect(self._on_found)
        if self.sections is None:
            self.find()

    @property
    def busy(self) -> bool:
        """Whether they are being looked for."""
        return self._finder.busy

    @property
    def can_undo(self) -> bool:
        """Whether they were others since this review was opened."""
        return bool(self._before)

    def undo(self) -> None:
        """Make them what they were before the latest change, if there was one.

        Raises
        ------
        UserError
            If it cannot be kept.
        """
        if self._before:
            self._keep(self._before[-1])
            self._hold(self._before.pop())

    def find(self) -> None:
        """Look for them in the tissue; they replace those that are there."""
        self._finder.start(self._slide)
        self.changed.emit()

    def draw(self, drawn: Sequence[tuple[str, Polygon]]) -> None:
        """Keep what a person has drawn: names and outlines in level-0 px.

        Raises
        ------
        UserError
            If an outline is none (`section_edits.edited`), or it cannot be kept.
        """
        self._set(edited(drawn, self.sections or (), self._slide.tissue()))

    def rename(self, old: str, new: str) -> None:
        """Give a section another name.

        Raises
        ------
        UserError
            If it has no name or that of another section, or it cannot be kept.
        """
        self._set(renamed(self.sections or (), old, new))

    def _set(self, sections: Sequence[Section]) -> None:
        if tuple(sections) == self.sections:
            return
        self._keep(sections)
        if self.sections is not None:
            self._before.append(self.sections)
        self._hold(sections)

    def _keep(self, sections: Sequence[Section]) -> None:
        if self._keeping is not None:
            plain = [one.to_dict() for one in sections]
            self._keeping.store.set_sections(self._keeping.slide, self._keeping.session, plain)

    def _hold(self, sections: Sequence[Section]) -> None:
        self.sections = self._review.image.metadata[MEMORY] = tuple(sections)
        self.changed.emit()

    def _kept(self) -> tuple[Section, ...] | None:
        kept = None if self._keeping is None else self._keeping.store.sections(self._keeping.slide)
        if kept is None:
            return self._review.image.metadata.get(MEMORY)
        return tuple(Section.from_dict(each) for each in kept)

    def _on_found(self, sections: list[Section]) -> None:
        """Keep what was found; in a case that is finished it is shown only."""
        if self._review.image.metadata.get("review") is not self._review:
            return  # the study is let go of
        try:
            self._set(sections)
        except UserError as fault:
            if self.sections is None:
                self._hold(sections)
            else:
                show_error(str(fault))
        self.changed.emit()


class _Finder(QObject):
    """Finds the sections of a slide in the background."""

    found = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.busy = False
        self.found.connect(self._rest)

    def start(self, slide: Slide) -> None:
        if not self.busy:
            self.busy = True
            threading.Thread(target=self._find, args=(slide,), daemon=True).start()

    def _find(self, slide: Slide) -> None:
        try:
            sections = find_sections(slide.tissue())
        except Exception:  # a slide that is gone, or closed: it has no sections to show
            traceback.print_exc()
            sections = []
        with suppress(RuntimeError):  # the window is gone
            self.found.emit(sections)

    def _rest(self) -> None:
        self.busy = False
