"""What the window and the job's process tell each other."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from napari_ggs.glomeruli import Thresholds

Rectangle = tuple[float, float, float, float]
"""x, y, width, height in level-0 pixels."""


@dataclass(frozen=True)
class Job:
    """What is to be done: which slide, which part of it, by which models.

    Attributes
    ----------
    slide : Path
    mpp : float
        Microns per level-0 pixel.
    detector, classifier : str
        A model's name or file.
    thresholds : Thresholds
    region : tuple of float or None
        x, y, width, height in level-0 pixels; None is the whole slide.
    """

    slide: Path
    mpp: float
    detector: str
    classifier: str
    thresholds: Thresholds
    region: Rectangle | None = None


@dataclass(frozen=True)
class Step:
    """One `napari_ggs.pipeline.Progress`, without anything that needs torch.

    Attributes
    ----------
    done, total : int
        Tiles.
    rows : DataFrame
        New rows of the Glomeruli table.
    table : DataFrame or None
        On the last step: all rows, with their final ids.
    seconds : dict
        Part of the run ("total", "detector", "classifier") to seconds so far.
    faults : list of (row, column)
        Tiles of the slide that could not be read, those of earlier steps left out.
    missed : float or None
        On the last step: share of the tissue that was not analysed.
    unread : float
        On the last step: share of the tissue that could not be read.
    """

    done: int
    total: int
    rows: pd.DataFrame
    table: pd.DataFrame | None
    seconds: dict[str, float]
    faults: list[tuple[int, int]] = field(default_factory=list)
    missed: float | None = None
    unread: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why the job broke off, in plain words."""

    words: str
