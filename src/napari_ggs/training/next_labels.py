"""Which circles to label next for the model's sake: those it is unsure of, unlike each other."""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Shares = NDArray[np.float64]

LEADING = 200
"""Of a slide's circles so many are ordered one by one: a person labels no more at once."""

BLOCK = 256
"""Labelled circles compared at once: bounds memory."""


def next_labels(
    features: Features, probabilities: Shares, labelled: Features, count: int
) -> NDArray[np.intp]:
    """Choose the circles whose labels would teach a classifier most, and in which order.

    Greedy weighted k-center: each time the circle is taken for which uncertainty times distance
    is largest. Uncertainty is the entropy of the class probabilities; distance is that to the
    nearest circle that is labelled or already taken, between embeddings brought to length 1.
    So what is much like something labelled waits, however unsure the model is of it.

    Parameters
    ----------
    features : ndarray of float32, shape (n, d)
        Embeddings of the circles without a label.
    probabilities : ndarray of float, shape (n, k)
        What the classifier says of them; rows sum to 1.
    labelled : ndarray of float32, shape (m, d)
        Embeddings of the circles that people labelled; m may be 0.
    count : int
        How many to choose; all where there are not so many.

    Returns
    -------
    ndarray of int, shape (min(count, n),)
        Different places in `features`, the first to be labelled first. Those of a smaller count
        are the beginning of those of a larger one; nothing is random.

    Raises
    ------
    ValueError
        If shapes do not match, a value is not finite, or the count is negative.

    Notes
    -----
    The core-set criterion of Sener & Savarese (ICLR 2018), from which the embeddings and the
    greedy choice are, with the embeddings' uncertainty weights of Prabhu et al. (CLUE, ICCV 2021).
    The greedy choice by weighted distances is that of Dyer & Frieze (Operations Research Letters
    3, 1985, 285-288).
    """
    _check(features, probabilities, labelled, count)
    here, unsure = unit(features), entropy(probabilities)
    apart = _distances(here, unit(labelled))
    left = np.ones(len(here), dtype=bool)
    chosen = np.empty(min(count, len(here)), dtype=np.intp)
    for place in range(len(chosen)):
        best = int(np.where(left, unsure * apart, -1.0).argmax())
        chosen[place], left[best] = best, False
        np.minimum(apart, _chord(here @ here[best]), out=apart)
    return chosen


def teaching_order(
    features: Features, probabilities: Shares, done: NDArray[np.bool_], leading: int = LEADING
) -> NDArray[np.intp]:
    """Order all circles of a slide by what their labels would teach.

    Parameters
    ----------
    features, probabilities : ndarray, shapes (n, d) and (n, k)
        Of all circles.
    done : ndarray of bool, shape (n,)
        Those that people named or put aside.
    leading : int
        How many `next_labels` chooses, from what is not done; the others follow by entropy.

    Returns
    -------
    ndarray of int, shape (n,)
        What is done comes last, in the order given.
    """
    free = np.flatnonzero(~done)
    first = next_labels(features[free], probabilities[free], features[done], leading)
    others = np.delete(np.arange(len(free)), first)
    unsure = entropy(probabilities[free[others]])
    others = others[np.argsort(-unsure, kind="stable")]
    return np.concatenate([free[first], free[others], np.flatnonzero(done)])


def entropy(probabilities: Shares) -> Shares:
    """Entropy of each row of class probabilities (n, k), in nats: 0 where one class has all."""
    shares = np.clip(np.asarray(probabilities, dtype=np.float64), 1e-12, 1.0)
    unsure: Shares = -(shares * np.log(shares)).sum(axis=1)
    return np.maximum(unsure, 0.0)


def unit(features: Features) -> Features:
    """Embeddings (n, d) brought to length 1; those of zeros stay zeros."""
    vectors = np.asarray(features, dtype=np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    length[length == 0] = 1
    return (vectors / length).astype(np.float32)


def _distances(here: Features, labelled: Features) -> Shares:
    """Distance of each vector to the nearest labelled one; the largest possible without any."""
    apart = np.full(len(here), 2.0)
    for start in range(0, len(labelled), BLOCK):
        nearest = (here @ labelled[start : start + BLOCK].T).max(axis=1)
        np.minimum(apart, _chord(nearest), out=apart)
    return apart


def _chord(cosine: Features) -> Shares:
    """The distance between vectors of length 1 whose cosine this is."""
    return np.sqrt(np.clip(2.0 - 2.0 * cosine.astype(np.float64), 0.0, 4.0))


def _check(features: Features, probabilities: Shares, labelled: Features, count: int) -> None:
    if count < 0:
        raise ValueError(f"A count is 0 or more. Found {count}.")
    if len(features) != len(probabilities) or features.shape[1:] != labelled.shape[1:]:
        raise ValueError(
            "Embeddings (n, d), probabilities (n, k) and labelled embeddings (m, d) are needed. "
            f"Found {features.shape}, {probabilities.shape} and {labelled.shape}."
        )
    if not all(np.isfinite(part).all() for part in (features, probabilities, labelled)):
        raise ValueError("Embeddings and probabilities must be finite numbers.")
