"""The review of one slide, without Qt: a session, and the events that change it."""

from napari_ggs.review.events import Event, Labelled, Removed, Restored
from napari_ggs.review.session import Change, Session

__all__ = ["Change", "Event", "Labelled", "Removed", "Restored", "Session"]
