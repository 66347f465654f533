"""Which examples go into which mini-batch."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.intp]


def balanced_batches(
    labels: ArrayLike, batch: int, rng: Generator, repeats: ArrayLike | None = None
) -> Iterator[Indices]:
    """Draw mini-batches for ever in which the classes are as even as they can be.

    In each batch the numbers of examples of any two classes differ by at most one; who gets the
    odd places is drawn. Within a class every example comes once before any comes again.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
    batch : int
    rng : Generator
    repeats : array_like of int, shape (n,), optional
        How often an example comes in one pass through its class; 1 each if None.

    Yields
    ------
    ndarray of int, shape (batch,)
        Indices into `labels`, in random order.
    """
    y = np.asarray(labels)
    times = np.ones(len(y), dtype=int) if repeats is None else np.asarray(repeats, dtype=int)
    queues = [_endless(np.repeat(*_members(y, times, c)), rng) for c in np.unique(y)]
    while True:
        places = np.full(len(queues), batch // len(queues))
        places[rng.permutation(len(queues))[: batch % len(queues)]] += 1
        drawn = [next(q) for q, n in zip(queues, places, strict=True) for _ in range(n)]
        yield rng.permutation(np.asarray(drawn, dtype=np.intp))


def plain_batches(
    labels: ArrayLike, batch: int, rng: Generator, repeats: ArrayLike | None = None
) -> Iterator[Indices]:
    """Draw mini-batches for ever, every example once before any comes again (see above)."""
    everything = np.zeros(len(np.asarray(labels)), dtype=int)
    return balanced_batches(everything, batch, rng, repeats)


def _members(y: NDArray, times: NDArray, c: int) -> tuple[Indices, NDArray]:
    members = np.flatnonzero(y == c)
    return members, times[members]


def _endless(members: Indices, rng: Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(members).tolist()
