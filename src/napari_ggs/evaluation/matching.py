"""What is found on an image matched with what is there, as COCO matches boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.protocols import PIXEL_UM, Protocol, SizeBand

FALSE = -1
"""No true circle: a false positive."""


@dataclass(frozen=True)
class Overlaps:
    """An image as the matcher sees it: n found against m true circles (or boxes).

    Attributes
    ----------
    iou : ndarray, shape (n, m)
    scores : ndarray, shape (n,)
        Where scores are equal, the row that comes first goes first.
    absorbed : ndarray of bool, shape (n,)
        Found on something ignored; that matters only for what hits no true circle.
    found_areas, true_areas : ndarray, shape (n,), (m,)
        px^2.
    mpp : float or None
        um/px, for sizes; None takes the image's pixels as they are.
    group : str
        The patient or slide.
    """

    iou: Array
    scores: Array
    absorbed: NDArray[np.bool_]
    found_areas: Array
    true_areas: Array
    mpp: float | None = None
    group: str = ""


def assign(overlap: Array, aside: NDArray[np.bool_], threshold: float) -> NDArray[np.intp]:
    """Match one to one, row by row: each takes the best true circle that is still free.

    Parameters
    ----------
    overlap : ndarray, shape (n, m)
        IoU; rows by falling score.
    aside : ndarray of bool, shape (m,)
        True circles that are taken only if no other will do (COCO's ``ignore``).
    threshold : float
        Least IoU.

    Returns
    -------
    ndarray of int, shape (n,)
        The column of each row, or `FALSE`.
    """
    matched = np.full(len(overlap), FALSE, dtype=np.intp)
    free = np.where(overlap >= threshold, overlap, -np.inf)
    free[:, ~aside] += 2.0  # no IoU of what is aside comes before these
    for i in np.flatnonzero((free > 0).any(axis=1)).tolist():
        best = int(free[i].argmax())
        if free[i, best] > 0:
            matched[i] = best
            free[:, best] = -np.inf
    return matched


@dataclass(frozen=True)
class Fates:
    """What became of the found circles of an image at each of t IoU thresholds.

    Attributes
    ----------
    scores : ndarray, shape (n,)
        As the protocol rounds them, falling.
    hits, counted : ndarray of bool, shape (t, n)
        True positives; what is true or false positive at all.
    truths : int
        True circles that must be found.
    """

    scores: Array
    hits: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    truths: int


def fates(image: Overlaps, protocol: Protocol, band: SizeBand | None = None) -> Fates:
    """Match an image as a protocol says.

    Within a band of sizes, true circles of other sizes are set aside, and so is what hits them
    or, being of another size itself, hits nothing (as in COCO's evaluation).

    Raises
    ------
    ValueError
        If the band is in microns and the image's um/px is unknown.
    """
    scores = _rounded(image.scores, protocol.score_decimals)
    order = np.argsort(-scores, kind="stable")[: protocol.max_detections]
    aside = _outside(image.true_areas, image, protocol, band)
    apart = image.absorbed[order] | _outside(image.found_areas[order], image, protocol, band)
    columns = [assign(image.iou[order], aside, threshold) for threshold in protocol.ious]
    matched = np.array(columns).reshape(len(protocol.ious), len(order))
    known = np.append(~aside, False)[matched]
    counted = np.where(matched == FALSE, ~apart, known)
    return Fates(scores[order], known, counted, int((~aside).sum()))


def _rounded(scores: Array, decimals: int | None) -> Array:
    return scores if decimals is None else np.round(scores, decimals)


def _outside(
    areas: Array, image: Overlaps, protocol: Protocol, band: SizeBand | None
) -> NDArray[np.bool_]:
    if band is None:
        return np.zeros(len(areas), dtype=bool)
    if image.mpp is not None:
        unit = PIXEL_UM if protocol.unit == "px" else 1.0
        return ~band.holds(areas * (image.mpp / unit) ** 2)
    if protocol.unit == "um":
        raise ValueError(f"Sizes of the protocol {protocol.name} need the image's um/px.")
    return ~band.holds(areas)
