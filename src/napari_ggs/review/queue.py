"""In which order to look at circles: what could change the answer first, or any simpler order."""

from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import entr

from napari_ggs import glomeruli
from napari_ggs.circles import Array
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import Scheme
from napari_ggs.review.expectations import expect, put_aside, removed

Order = Literal["answer", "entropy", "class", "score", "size", "place", "probability"]
"""========== ===================================================================================
answer         what could change the answer most: by u (see `expectations`), the reviewed at the end
entropy        what the classifier is least sure of, all classes alike; the reviewed at the end
class          by class in force, in the order of the scheme
score          by detection score, the highest first, after circles that a person drew
size           the largest first
place          from field to field, so that neighbours follow each other
probability    by the probability of the class in force, the lowest first: labels that the
               classifier contradicts lead
========== ==================================================================================="""

_STRIP = 3.0
"""Strips sqrt(3 x area per circle) high: of 1, 2, 3, 4 and 6 the shortest walk."""


def rank(
    table: pd.DataFrame,
    scheme: Scheme,
    thresholds: Thresholds,
    by: Order = "answer",
    *,
    count_cut: bool = True,
) -> NDArray[Any]:
    """Order the circles that pass the detection threshold, or that a person drew or labelled.

    Ties are broken by place, so that the order of the rows does not matter. Circles without
    probabilities come after those that have them.

    Parameters
    ----------
    table : DataFrame
        A Glomeruli table. Optional columns: ``assessment`` (str), ``removed`` (bool).
    scheme, thresholds
    by : Order
    count_cut : bool
        Whether glomeruli cut by the edge of the tissue count; if not, they are done with.

    Returns
    -------
    ndarray, shape (n,)
        Handles, that is, the table's index. Removed circles have no place.

    Raises
    ------
    ValueError
        If there is no such order.
    """
    if by not in get_args(Order):
        raise ValueError(f"{by!r} is no order; the orders are {', '.join(get_args(Order))}.")
    shown = table[glomeruli.passes(table, thresholds).to_numpy() & ~removed(table)]
    done = (shown["label"] != "").to_numpy() | put_aside(shown, count_cut)
    if by == "answer":
        keys = [done.astype(float), _influence(shown, scheme, thresholds, count_cut)]
    elif by == "entropy":
        keys = [done.astype(float), _doubt(shown, scheme)]
    else:
        keys = _simple(by, shown, scheme)
    x, y, radius = glomeruli.circles_of(shown).T
    return shown.index.to_numpy()[np.lexsort([radius, x, y, *reversed(keys)])]


def _influence(
    table: pd.DataFrame, scheme: Scheme, thresholds: Thresholds, count_cut: bool
) -> Array:
    """Minus u; infinite for circles that take no part."""
    circles = expect(table, scheme, thresholds, count_cut=count_cut)
    key = np.full(len(table), np.inf)
    key[circles.rows] = -circles.u
    return key


def _doubt(table: pd.DataFrame, scheme: Scheme) -> Array:
    """Minus the entropy of the probabilities, in nats."""
    return -entr(table[list(scheme.columns)].to_numpy(dtype=float)).sum(axis=1)


def _simple(by: str, table: pd.DataFrame, scheme: Scheme) -> list[Array]:
    """Sort keys, the first one leading."""
    if by == "class":
        return [_position_of_class(table, scheme).astype(float)]
    if by == "probability":
        return [_probability(table, scheme)]
    if by == "score":
        return [-table["detection_score"].fillna(np.inf).to_numpy(dtype=float)]
    if by == "size":
        return [-table["radius"].to_numpy(dtype=float)]
    return _serpentine(table[["x", "y"]].to_numpy(dtype=float))


def _position_of_class(table: pd.DataFrame, scheme: Scheme) -> NDArray[np.intp]:
    """Where the class in force stands in the scheme; after the last for none."""
    place = pd.Index(scheme.classes).get_indexer(pd.Index(glomeruli.classes_in_force(table)))
    return np.where(place < 0, len(scheme.classes), place)


def _probability(table: pd.DataFrame, scheme: Scheme) -> Array:
    """p of the class in force; NaN, which sorts last, for none."""
    p = table[list(scheme.columns)].to_numpy(dtype=float)
    padded = np.column_stack([p, np.full(len(p), np.nan)])
    return padded[np.arange(len(p)), _position_of_class(table, scheme)]


def _serpentine(xy: Array) -> list[Array]:
    """Strips from top to bottom, walked to the right and to the left in turn."""
    if len(xy) == 0:
        return []
    height = np.sqrt(_STRIP * np.prod(np.ptp(xy, axis=0)) / len(xy))
    down = xy[:, 1] - xy[:, 1].min()
    strip = np.floor(np.divide(down, height, out=np.zeros(len(xy)), where=height > 0))
    return [strip, np.where(strip % 2 == 0, xy[:, 0], -xy[:, 0])]
