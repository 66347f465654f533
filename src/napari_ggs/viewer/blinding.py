"""Blind to the model: a reader sees circles and tissue, and nothing of what the model says."""

from napari_ggs.review import Session
from napari_ggs.review.blinding import BlindJournal
from napari_ggs.store import RunJournal
from napari_ggs.viewer import preferences
from napari_ggs.viewer.layers import ClassLayers


def set_blind(session: Session, layers: ClassLayers, blind: bool) -> None:
    """Let the reader of a session be blind to the model, or not, also the next time.

    What is said from now on is marked in the study accordingly. Docks follow `layers.blinded`.
    """
    preferences.set_blind(_reader(session), blind)
    as_preferred(session, layers)


def as_preferred(session: Session, layers: ClassLayers) -> None:
    """As the reader of the session left it; to be called when another reader goes on, too."""
    blind, journal = preferences.is_blind(_reader(session)), session.journal
    if blind and isinstance(journal, RunJournal):
        session.journal = BlindJournal(journal)
    elif not blind and isinstance(journal, BlindJournal):
        session.journal = journal.plain
    layers.set_blind(blind)


def _reader(session: Session) -> str:
    """Who reads; a session that is kept nowhere has no name of its own."""
    return session.who or preferences.reviewer()
