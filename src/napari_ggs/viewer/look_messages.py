"""What the window and the process that embeds circles tell each other."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Looking:
    """Which circles are to be looked at.

    Attributes
    ----------
    slide : Path
    mpp : float
        Microns per level-0 pixel.
    classifier : str
        A model's name or file.
    circles : ndarray, shape (n, 3)
        x, y, radius in level-0 pixels.
    """

    slide: Path
    mpp: float
    classifier: str
    circles: NDArray[np.float64]


@dataclass(frozen=True)
class Looked:
    """The next circles, in order: a `napari_ggs.classification.Embedded` that needs no torch.

    Attributes
    ----------
    features : ndarray of float32, shape (b, d)
    probabilities : ndarray of float, shape (b, k)
        NaN where pixels of the crop could not be read.
    """

    features: NDArray[np.float32]
    probabilities: NDArray[np.float64]
