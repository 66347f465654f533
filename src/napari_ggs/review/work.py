"""How long work on the slides of a study is told about, and stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_ggs.cancelling import Cancelled, never


class CancelledError(Exception):
    """Somebody stopped the work before it had a result."""


def _tell_nobody(share: float) -> None:
    del share


@dataclass(frozen=True)
class Work:
    """How to go about the slides.

    Attributes
    ----------
    folders : tuple of Path
        Where slides are that were moved.
    advance : callable
        Called with the share done, 0 to 1.
    cancelled : callable
        Asked now and then; then `CancelledError` is raised.
    """

    folders: tuple[Path, ...] = ()
    advance: Callable[[float], None] = _tell_nobody
    cancelled: Cancelled = never
