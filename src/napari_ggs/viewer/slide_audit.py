"""The audit of a review: which circles were drawn, how far it is, and what it found."""

import importlib
import threading
from collections.abc import Hashable, Iterable
from typing import cast

from napari_ggs.review.audit import Audit, Audited, audited, draw_audit, pending
from napari_ggs.viewer.slide_review import SlideReview

MEMORY = "audit"
"""Where it lives in the metadata of the slide's layer if no study keeps it, with its session."""


class SlideAudit:
    """The latest audit that the reader of a review was given.

    Parameters
    ----------
    review : SlideReview
    """

    def __init__(self, review: SlideReview) -> None:
        self._review = review
        self._read: tuple[object, Audit | None] | None = None

    @property
    def audit(self) -> Audit | None:
        """The latest one; None if there is none."""
        place = self._place()
        if self._read is None or self._read[0] != place:
            self._read = place, self._kept()
        return self._read[1]

    @property
    def handles(self) -> list[int]:
        """Its circles, in the order drawn."""
        return [] if self.audit is None else _handles(self.audit.handles)

    def draw(self, count_cut: bool) -> None:
        """Draw another one, and keep it.

        Raises
        ------
        UserError
            If every circle is reviewed, or it cannot be kept.
        """
        session, keeping = self._review.session, self._review.keeping
        number = 1 if self.audit is None else self.audit.number + 1
        drawn = draw_audit(
            session.everything,
            session.scheme,
            session.thresholds,
            self._review.slide.fingerprint,
            number,
            count_cut=count_cut,
        )
        if keeping is not None and keeping.run is not None:
            keeping.store.set_audit(keeping.run, keeping.session, drawn.to_dict())
        self._review.image.metadata[MEMORY] = session, drawn
        self._read = self._place(), drawn
        _prepare()

    def left(self, count_cut: bool) -> list[int]:
        """The circles that are still to be reviewed."""
        if self.audit is None:
            return []
        table = self._review.session.everything
        return _handles(pending(self.audit, table, count_cut=count_cut))

    def found(self, count_cut: bool) -> Audited:
        """What it found.

        Raises
        ------
        UserError
            If circles are left.
        """
        session = self._review.session
        assert self.audit is not None
        return audited(
            self.audit,
            session.everything,
            session.scheme,
            session.thresholds,
            count_cut=count_cut,
        )

    def _place(self) -> tuple[int | None, str]:
        keeping = self._review.keeping
        return None if keeping is None else keeping.run, self._review.session.who

    def _kept(self) -> Audit | None:
        keeping = self._review.keeping
        if keeping is not None and keeping.run is not None:
            kept = keeping.store.audits(keeping.run, self._review.session.who)
            return Audit.from_dict(kept[-1]) if kept else None
        session, audit = self._review.image.metadata.get(MEMORY, (None, None))
        return audit if session is self._review.session else None


def _handles(handles: Iterable[Hashable]) -> list[int]:
    """The handles of a session's circles are integers."""
    return [cast(int, handle) for handle in handles]


def _prepare() -> None:
    """Load what the estimate needs, which takes a second, while the circles are reviewed."""
    threading.Thread(target=importlib.import_module, args=("ppi_py",), daemon=True).start()
