"""What the window and the process of an export tell each other."""

from dataclasses import dataclass
from pathlib import Path

from napari_ggs.review.export_study import Wanted


@dataclass(frozen=True)
class Order:
    """What is to be exported.

    Attributes
    ----------
    study : Path
    slides : tuple of str
        Fingerprints.
    wanted : Wanted
    """

    study: Path
    slides: tuple[str, ...]
    wanted: Wanted


@dataclass(frozen=True)
class Outcome:
    """What became of one slide: what was written of it, and why the rest was not; "" for none."""

    slide: str
    written: str
    fault: str
