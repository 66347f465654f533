"""Which circles look alike to a classifier, by their embeddings."""

import numpy as np
from numpy.typing import NDArray

NEAREST = 30
"""Circles that are shown at once: what a person can take in, and name together."""


def look_alikes(
    features: NDArray[np.float32], place: int, count: int = NEAREST
) -> NDArray[np.intp]:
    """Find the nearest neighbours of a circle.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d)
        Embeddings of length 1 (`napari_ggs.classification.Embedded`), so that the cosine
        distance of two is 1 minus their product.
    place : int
        Which circle.
    count : int
        How many to find, the circle itself not counted.

    Returns
    -------
    ndarray of int, shape (min(count + 1, n),)
        The circle itself, then the others by cosine distance, the most alike first.
    """
    distance = 1 - features @ features[place]
    distance[place] = -np.inf
    return np.argsort(distance, kind="stable")[: count + 1]
