"""The named protocols of circle AP: figures compare only within one of them."""

from dataclasses import dataclass
from math import inf, pi
from typing import Literal

import numpy as np

from napari_ggs.circles import Array

RECALL_POINTS = np.linspace(0.0, 1.0, 101)

PIXEL_UM = 4.0
"""Width of the pixels in which sizes "in px" are meant: those of the papers' detector, whatever the
slide's (REFERENCE.md section 2). At level 0 of a scan no glomerulus would be small."""


@dataclass(frozen=True)
class SizeBand:
    """Glomeruli of some sizes.

    Attributes
    ----------
    name : str
        "S", "M" or "L".
    low, high : float
        Areas, both ends included.
    """

    name: str
    low: float
    high: float

    def holds(self, areas: Array) -> np.ndarray:
        """Whether each area lies in the band."""
        return (areas >= self.low) & (areas <= self.high)


@dataclass(frozen=True)
class Protocol:
    """How circle AP is computed.

    Attributes
    ----------
    name : str
    ious : tuple of float
        Circle IoU from which a found circle counts as a hit; AP is the mean over them.
    sizes : tuple of SizeBand
    unit : {"px", "um"}
        Of the bands' areas, squared: pixels `PIXEL_UM` wide (the image's own where its um/px is
        unknown), or microns.
    score_decimals : int or None
        Decimals that scores are rounded to before they are ranked.
    max_detections : int
        The best of each image that are looked at.
    """

    name: str
    ious: tuple[float, ...]
    sizes: tuple[SizeBand, ...]
    unit: Literal["px", "um"]
    score_decimals: int | None = None
    max_detections: int = 1000


def _disc(diameter: float) -> float:
    return pi * diameter**2 / 4


_COCO_IOUS = tuple(np.linspace(0.5, 0.95, 10).tolist())

COCO = Protocol(
    "coco",
    _COCO_IOUS,
    (SizeBand("S", 0, 32**2), SizeBand("M", 32**2, 96**2), SizeBand("L", 96**2, inf)),
    "px",
)
"""COCO's own thresholds and sizes, in pixels of 4 um."""

GGS = Protocol(
    "ggs",
    tuple(np.linspace(0.5, 0.9, 9).tolist()),
    (SizeBand("S", 0, _disc(173)), SizeBand("M", _disc(173), _disc(229))),
    "um",
    score_decimals=2,
)
"""The GGS authors' evaluator: IoU to .90, rounded scores, small to 173 um, medium to 229 um."""

PAPER = Protocol("paper", _COCO_IOUS, (SizeBand("S", 0, 16_000), SizeBand("M", 16_000, inf)), "um")
"""The GGS paper's text (section VI.C): its "area < 1000" is taken at 4 um/px, 143 um across."""

PROTOCOLS = {protocol.name: protocol for protocol in (COCO, GGS, PAPER)}
