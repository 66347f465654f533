"""The review of one slide, without Qt: a session, and the events that change it."""

from napari_ggs.review.events import (
    FLAGS,
    Assessed,
    Drawn,
    Event,
    Flagged,
    Labelled,
    Moved,
    Noted,
    Removed,
    Settled,
)
from napari_ggs.review.journal import Journal, MemoryJournal
from napari_ggs.review.session import Change, Session
from napari_ggs.review.walk import Walk

__all__ = [
    "FLAGS",
    "Assessed",
    "Change",
    "Drawn",
    "Event",
    "Flagged",
    "Journal",
    "Labelled",
    "MemoryJournal",
    "Moved",
    "Noted",
    "Removed",
    "Session",
    "Settled",
    "Walk",
]
