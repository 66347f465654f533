"""How far readers agree: kappa with its interval, confusion between two, what to settle.

Readings are a table of circles (rows) by readers (columns) of class names, "" where a reader gave
none. Only circles that every reader in question labelled count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_ggs.errors import UserError
from napari_ggs.evaluation.confusion import Counts, confusion
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap, wilson

Z = 1.96

NO_OVERLAP = "no circle was labelled by all readers"
ONE_CLASS = "all labels are of one class, so that chance alone would agree"
PERFECT = "the readers agree on every circle: the interval has no width, which means nothing"
TOO_FEW = "too few circles (or groups) to draw again"


@dataclass(frozen=True)
class Agreement:
    """How far readers agree.

    Attributes
    ----------
    kappa : Estimate
        Cohen's of two readers, Fleiss' of more: 1 is perfect, 0 is chance. n circles.
    agreed : Estimate
        Share of the n circles on which all agree, with Wilson's interval.
    readers : tuple of str
    reason : str
        Why kappa or its interval is undefined (NaN); "" if both are known.
    """

    kappa: Estimate
    agreed: Estimate
    readers: tuple[str, ...]
    reason: str = ""


def agreement(
    readings: pd.DataFrame,
    groups: ArrayLike | None = None,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Cohen's kappa of two readers or Fleiss' kappa of more, unweighted, with 95 % interval.

    Two readers: the asymptotic interval (Fleiss, Cohen and Everitt 1969), within -1..1. More: a
    bootstrap of the circles.

    Parameters
    ----------
    readings : DataFrame, circles x readers
        Class names; "" for none.
    groups : array_like, shape (circles,), optional
        The slide or patient of each circle. Glomeruli of one patient resemble each other: then
        whole groups are drawn again, for two readers as well.
    seed, resamples : int
        Of the bootstrap.

    Raises
    ------
    UserError
        If there are fewer than two readers.
    """
    _two_readers_or_more(readings)
    common = (readings != "").all(axis=1).to_numpy()
    both, readers = readings[common], tuple(map(str, readings.columns))
    agreed = wilson(int(both.eq(both.iloc[:, 0], axis=0).all(axis=1).sum()), len(both))
    if reason := _undefined(both):
        return Agreement(Estimate(nan, len(both)), agreed, readers, reason)
    if len(readers) == 2 and groups is None:
        kappa = _cohen(both)
    else:
        of_group = np.arange(len(both)) if groups is None else np.asarray(groups)[common]
        kappa = _resampled(both, of_group, seed, resamples)
    if agreed.value == 1:
        return Agreement(Estimate(kappa.value, kappa.n), agreed, readers, PERFECT)
    return Agreement(kappa, agreed, readers, "" if kappa.has_interval else TOO_FEW)


def pairwise(readings: pd.DataFrame) -> list[Agreement]:
    """Cohen's kappa of every pair of readers, in the order of the columns."""
    _two_readers_or_more(readings)
    return [agreement(readings[list(pair)]) for pair in combinations(readings.columns, 2)]


def between(
    readings: pd.DataFrame, first: str, second: str, classes: Sequence[str]
) -> pd.DataFrame:
    """Confusion of two readers: how often `first` (rows) and `second` (columns) gave which class.

    Parameters
    ----------
    readings : DataFrame, circles x readers
    first, second : str
        Readers.
    classes : sequence of str
        Their order in the table.

    Raises
    ------
    UserError
        If there is no such reader, or a reading is none of the classes.
    """
    if strange := [name for name in (first, second) if name not in readings]:
        known = ", ".join(map(str, readings.columns)) or "nobody"
        raise UserError(f"{strange[0]!r} has read nothing here; there are readings by {known}.")
    pair = readings[[first, second]]
    both = pair[(pair != "").all(axis=1)]
    try:
        counts = confusion(both[first], both[second], classes)
    except ValueError as fault:
        raise UserError(f"A reading does not fit: {fault} Choose its scheme.") from fault
    return pd.DataFrame(
        counts,
        index=pd.Index(list(classes), name=first),
        columns=pd.Index(list(classes), name=second),
    )


def disagreements(readings: pd.DataFrame) -> pd.DataFrame:
    """The circles to settle: two readers or more labelled them, and not alike; in table order."""
    kinds = readings.where(readings != "").nunique(axis=1)
    return readings[kinds > 1]


def _two_readers_or_more(readings: pd.DataFrame) -> None:
    if readings.shape[1] < 2:
        raise UserError(
            f"Agreement needs two readers or more; there are readings by {readings.shape[1]}. "
            "Let another person read the slide under their own name."
        )


def _undefined(both: pd.DataFrame) -> str:
    if both.empty:
        return NO_OVERLAP
    return ONE_CLASS if len(np.unique(both.to_numpy(dtype=str))) == 1 else ""


def _codes(both: pd.DataFrame) -> tuple[NDArray[np.intp], int]:
    """Readings as numbers, shape (circles, readers), and how many classes there are."""
    names, codes = np.unique(both.to_numpy(dtype=str), return_inverse=True)
    return codes.reshape(both.shape), len(names)


def _crossed(codes: NDArray[np.intp], classes: int) -> Counts:
    return confusion(codes[:, 0], codes[:, 1], range(classes))


def _cohen(both: pd.DataFrame) -> Estimate:
    from statsmodels.stats.inter_rater import cohens_kappa

    with np.errstate(invalid="ignore", divide="ignore"):
        found: Any = cohens_kappa(_crossed(*_codes(both)))
    kappa, half = float(found.kappa), Z * sqrt(max(float(found.var_kappa), 0.0))
    return Estimate(kappa, len(both), max(-1.0, kappa - half), min(1.0, kappa + half))


def _resampled(both: pd.DataFrame, groups: NDArray[Any], seed: int, resamples: int) -> Estimate:
    codes, classes = _codes(both)
    value = _cohen_of if both.shape[1] == 2 else _fleiss_of

    def statistic(times: NDArray[np.int64]) -> list[float]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return [value(np.repeat(codes, times, axis=0), classes)]

    return bootstrap(statistic, groups, [len(both)], seed=seed, resamples=resamples)[0]


def _cohen_of(codes: NDArray[np.intp], classes: int) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa

    return float(cohens_kappa(_crossed(codes, classes), return_results=False))


def _fleiss_of(codes: NDArray[np.intp], classes: int) -> float:
    """Kappa of codes of shape (circles, readers)."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    given = np.stack([(codes == one).sum(axis=1) for one in range(classes)], axis=1)
    return float(fleiss_kappa(given))
